// The elementwise ops, one row each: meaning, derivative, lowering, notation, cost, test points.
// Everything else in the project learns what an op is from here; the rows stand in rows/.
import type { AttrOf, OpName } from './node.ts';
import { activations } from './rows/activations.ts';
import { arithmetic } from './rows/arithmetic.ts';
import { custom } from './rows/custom.ts';
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
  ...custom,
} as const satisfies Rows;

export type ElementwiseOp = keyof typeof elementwise;

/** The row of an elementwise node, its attributes untyped. */
export const rowOf = (op: OpName): ElementwiseRow<OpName> | undefined =>
  (elementwise as unknown as Record<string, ElementwiseRow<OpName>>)[op];

/** What is a node of an op, or stands for one. */
interface OpUse {
  readonly op: OpName;
  readonly attr: AttrOf[OpName];
}

/** The price of one entry of an elementwise node, in multiply-adds; of others 0. */
export function costOf({ op, attr }: OpUse): number {
  const cost = rowOf(op)?.cost ?? 0;
  return typeof cost === 'number' ? cost : cost(attr);
}

/** How many sources an elementwise op has. */
export function arityOf({ op, attr }: OpUse): number {
  const row = rowOf(op)!;
  return row.arity?.(attr) ?? row.points[0]!.length;
}
