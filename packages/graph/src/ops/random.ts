// Random tensors that need no storage: functions of a seed, a step and the place of an element,
// the same on every backend. No gradient flows into them.
import { checkOptions, checkShape, show } from '../checks.ts';
import { type Dim, type Node, newSerial, type Shape } from '../node.ts';
import { HASH_RANGE } from '../rows/hash.ts';
import { add, cos, less, log, max, mul, sqrt, where } from './arithmetic.ts';
import { elementwise, expand, type Operand, shapeError, toNode } from './operand.ts';
import { iota } from './views.ts';

/** Options of `uniform`, `normal` and `dropout`. */
export interface RandomOptions {
  /** A whole number from 0 on; equal seeds draw equal numbers. Left out, each call has its own. */
  readonly seed?: number;
  /** A scalar, such as a counter of steps: whole, from 0 to 2^24 - 1. Each value draws anew. */
  readonly at?: Operand;
}

/** A pseudo-random whole number below 2^24 of two such numbers: see its row. */
export const hash = (a: Operand, b: Operand): Node => elementwise('hash', a, b);

/** Seeds that nobody chooses, for calls without one. */
const OWN_SEEDS = HASH_RANGE * (HASH_RANGE - 1);

/** Whole numbers below 2^24: the hashes of seed, step and the indices, one after another. */
export function randomBits(name: string, indices: readonly Node[], options: RandomOptions): Node {
  checkOptions(name, options, 'seed', 'at');
  const { seed = newSerial() + OWN_SEEDS, at = 0 } = options;
  const step = toNode(at);
  if (step.shape.length > 0) {
    throw shapeError(name, [step], '`at` must be a scalar.', 'pass a number or input().');
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw shapeError(
      name,
      [],
      `the seed ${show(seed)} is no whole number from 0 on.`,
      'pass e.g. 1.',
    );
  }
  const key = hash(seed % HASH_RANGE, Math.floor(seed / HASH_RANGE) % HASH_RANGE);
  return indices.reduce(hash, hash(key, step));
}

/** The index along each axis, of size 1 along the others, so that rows are hashed but once. */
function indicesOf(name: string, shape: Shape): Node[] {
  checkShape(name, shape);
  return shape.map((dim, axis) =>
    iota(
      shape.map((_, i): Dim => (i === axis ? dim : 1)),
      axis,
    ),
  );
}

/** Multiples of 2^-24 from 0 to below 1, equally likely, of a shape. */
export const uniform = (shape: Shape, options: RandomOptions = {}): Node =>
  mul(1 / HASH_RANGE, expand(randomBits('uniform', indicesOf('uniform', shape), options), shape));

/** Standard normal numbers of a shape, up to 5.8 in size (Box and Muller 1958). */
export const normal = (shape: Shape, options: RandomOptions = {}): Node =>
  normalOf(expand(randomBits('normal', indicesOf('normal', shape), options), shape));

/** Standard normal numbers from random bits. */
export function normalOf(bits: Node): Node {
  const u = mul(1 / HASH_RANGE, add(1, bits)); // in (0, 1]
  // A device's log may be a little above 0 near 1.
  const radius = sqrt(max(mul(-2, log(u)), 0));
  return mul(radius, cos(mul((2 * Math.PI) / HASH_RANGE, hash(bits, 1))));
}

/**
 * x with a share `rate` of its elements set to 0 and the others scaled by 1 / (1 - rate), so that
 * the expectation stays (Srivastava et al. 2014). Pass the step as `at` to draw anew at each.
 * @throws ShapeError for a rate outside of [0, 1)
 */
export function dropout(x: Operand, rate: number, options: RandomOptions = {}): Node {
  const a = toNode(x);
  if (!(typeof rate === 'number' && rate >= 0 && rate < 1)) {
    throw shapeError('dropout', [a], `the rate ${show(rate)} is not in [0, 1).`, 'use e.g. 0.5.');
  }
  if (rate === 0) return a;
  return where(less(uniform(a.shape, options), 1 - rate), mul(1 / (1 - rate), a), 0);
}
