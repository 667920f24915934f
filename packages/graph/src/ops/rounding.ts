// Steps and bounds, elementwise.
import { make, type Node } from '../node.ts';
import { div, less, max, min, mul, neg, sub, where } from './arithmetic.ts';
import { elementwise, folded, type Operand, shapeError, toNode } from './operand.ts';

/** The largest whole number up to x; derivative 0, as that of all rounding, also at the jumps. */
export const floor = (x: Operand): Node => elementwise('floor', x);
/** The smallest whole number from x on. */
export const ceil = (x: Operand): Node => neg(floor(neg(x)));
/** The nearest whole number; a half goes to the even one, as in NumPy. */
export const round = (x: Operand): Node => elementwise('round', x);
/** x without its fraction. */
export const trunc = (x: Operand): Node => where(less(x, 0), ceil(x), floor(x));
/**
 * a - b floor(a / b), the remainder with the sign of the divisor, as in NumPy; derivatives 1 and
 * -floor(a / b), also at the jumps.
 */
export const mod = (a: Operand, b: Operand): Node => elementwise('mod', a, b);

/**
 * x, but at least `lo` and at most `hi`. Derivative 1 between the bounds, 0 at and beyond them.
 * Bounds may be nodes: min(max(x, lo), hi). @throws ShapeError for numbers lo > hi
 */
export function clip(x: Operand, lo: Operand, hi: Operand): Node {
  if (typeof lo !== 'number' || typeof hi !== 'number') return min(max(x, lo), hi);
  const a = toNode(x);
  if (!(lo <= hi)) {
    throw shapeError('clip', [a], `no number is from ${lo} to ${hi}.`, 'use e.g. clip(x, 0, 1).');
  }
  if (lo === Number.NEGATIVE_INFINITY) return hi === Number.POSITIVE_INFINITY ? a : min(a, hi);
  if (hi === Number.POSITIVE_INFINITY) return max(a, lo);
  return folded(make('clip', [a], { lo, hi }, a.shape));
}

/** x / 6 + 1/2, clipped to 0 ... 1; derivative 0 at -3 and 3, as in PyTorch. */
export const hardSigmoid = (x: Operand): Node => clip(div(sub(x, -3), 6), 0, 1);
/** x hardSigmoid(x) (Howard et al. 2019); derivative 0 at -3 and 1 at 3. */
export const hardSwish = (x: Operand): Node => mul(x, hardSigmoid(x));
/** min(max(x, 0), 6); derivative 0 at 0 and 6. */
export const relu6 = (x: Operand): Node => clip(x, 0, 6);
