// Reductions over axes.
import { size } from '../leaves.ts';
import { make, type Node, type Shape } from '../node.ts';
import { exp, mul, pow, sub } from './arithmetic.ts';
import { expandTo, type Operand, shapeError, toNode } from './operand.ts';

function axesOf(op: string, x: Node, axis: number | readonly number[] | undefined): number[] {
  const rank = x.shape.length;
  const list = axis === undefined ? x.shape.map((_, i) => i) : [axis].flat();
  const axes = list.map((a) => (a < 0 ? a + rank : a));
  const bad = axes.findIndex((a) => !Number.isInteger(a) || a < 0 || a >= rank);
  if (bad >= 0 || new Set(axes).size < axes.length) {
    const why = bad >= 0 ? `it has no axis ${list[bad]}.` : `${list.join(', ')} repeats an axis.`;
    throw shapeError(op, [x], why, `use axes from 0 to ${rank - 1}, each once.`);
  }
  return axes.sort((p, q) => p - q);
}

type Reduction = 'sum' | 'maxOver' | 'logsumexp';

/** Options of reductions. */
export interface ReduceOptions {
  /** Keep the reduced dimensions as size 1. */
  readonly keepdims?: boolean;
}

function reduce(
  op: Reduction,
  operand: Operand,
  axis: number | readonly number[] | undefined,
  options: ReduceOptions,
): Node {
  const x = toNode(operand);
  const axes = axesOf(op, x, axis);
  const result = reduceAxes(op, x, axes);
  return options.keepdims
    ? unreduce(
        result,
        axes,
        x.shape.map((d, i) => (axes.includes(i) ? 1 : d)),
      )
    : result;
}

/** Reduces over `axes` (sorted) and drops them. Checks nothing. */
export function reduceAxes(op: Reduction, x: Node, axes: readonly number[]): Node {
  if (axes.length === 0) return x;
  return make(
    op,
    [x],
    { axes },
    x.shape.filter((_, i) => !axes.includes(i)),
  );
}

/** Puts reduced axes back: the result has `shape`, its dimensions but `axes` are those of x. */
export function unreduce(x: Node, axes: readonly number[], shape: Shape): Node {
  const kept = shape.map((_, i) => i).filter((i) => !axes.includes(i));
  return expandTo(x, shape, kept);
}

/**
 * The sum over an axis, several, or all of them; they are dropped unless `keepdims` is set.
 * @throws ShapeError for an axis that is not there
 */
export const sum = (
  x: Operand,
  axis?: number | readonly number[],
  options: ReduceOptions = {},
): Node => reduce('sum', x, axis, options);

/** The largest value over an axis, several, or all. Ties share the gradient equally. */
export const maxOver = (
  x: Operand,
  axis?: number | readonly number[],
  options: ReduceOptions = {},
): Node => reduce('maxOver', x, axis, options);

/** log(sum(exp(x))) over an axis, several, or all, finite at any finite x. */
export const logsumexp = (
  x: Operand,
  axis?: number | readonly number[],
  options: ReduceOptions = {},
): Node => reduce('logsumexp', x, axis, options);

/** The mean over an axis, several, or all: the sum times 1/m. */
export function mean(
  operand: Operand,
  axis?: number | readonly number[],
  options: ReduceOptions = {},
): Node {
  const x = toNode(operand);
  const count = axesOf('mean', x, axis)
    .filter((i) => x.shape[i] !== 1)
    .map((i) => size(x.shape[i]!));
  const total = sum(x, axis, options);
  if (count.length === 0) return total;
  return mul(
    pow(
      count.reduce((p, q) => mul(p, q)),
      -1,
    ),
    total,
  );
}

/** exp(x) / sum(exp(x)) along an axis (0, the classes, unless given), finite at any finite x. */
export function softmax(x: Operand, axis = 0): Node {
  return exp(logSoftmax(x, axis));
}

/** log(softmax(x)) along an axis (0 unless given). */
export function logSoftmax(x: Operand, axis = 0): Node {
  return sub(x, logsumexp(x, axis, { keepdims: true }));
}
