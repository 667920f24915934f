// The elementwise ops, one row each: meaning, derivative, lowering, notation, cost, test points.
// Everything else in the project learns what an op is from here; the rows stand in rows/.
import type { OpName } from './node.ts';
import { activations } from './rows/activations.ts';
import { arithmetic } from './rows/arithmetic.ts';
import { errorFunction } from './rows/error-function.ts';
import { exponential } from './rows/exponential.ts';
import { hashes } from './rows/hash.ts';
import { hyperbolic } from './rows/hyperbolic.ts';
import { powers } from './rows/power.ts';
import { roots } from './rows/roots.ts';
import { rounding } from './rows/rounding.ts';
import type { ElementwiseRow, Rows } from './rows/row.ts';
import { trigonometric } from './rows/trigonometric.ts';

export type { ElementwiseRow };

export const elementwise = {
  ...arithmetic,
  ...rounding,
  ...powers,
  ...hashes,
  ...exponential,
  ...roots,
  ...trigonometric,
  ...hyperbolic,
  ...errorFunction,
  ...activations,
} as const satisfies Rows;

export type ElementwiseOp = keyof typeof elementwise;

/** The row of an elementwise node, its attributes untyped. */
export const rowOf = (op: OpName): ElementwiseRow<OpName> | undefined =>
  (elementwise as unknown as Record<string, ElementwiseRow<OpName>>)[op];
