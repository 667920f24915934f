// Reductions over axes.
import { checkOptions } from '../checks.ts';
import { constant, size } from '../leaves.ts';
import { make, type Node, type Shape } from '../node.ts';
import type { NodeLike, Reduced, ShapeOf, UnaryWith } from '../shapes.ts';
import { exp, mul, pow, sub } from './arithmetic.ts';
import { axesOf } from './axes.ts';
import { expandTo, type Operand, toNode } from './operand.ts';

export type Reduction = 'sum' | 'maxOver' | 'logsumexp' | 'prod' | 'norm';

/** Options of reductions. */
export interface ReduceOptions {
  /** Keep the reduced dimensions as size 1. */
  readonly keepdims?: boolean;
}

/** One axis, several, or all of them if it is left out; negative ones count from the end. */
export type Axis = number | readonly number[];

/** A reduction as a function: its axes are dropped, or kept with size 1. */
export type Reducer = <
  X extends Operand,
  const A extends Axis | undefined = undefined,
  const O extends ReduceOptions = { readonly keepdims: false },
>(
  x: X,
  axis?: A,
  options?: O,
) => NodeLike<Reduced<ShapeOf<X>, A, O['keepdims']>>;

/** A reduction over axes that a person gives. */
export function reduce(
  op: Reduction,
  operand: Operand,
  axis: Axis | undefined,
  options: ReduceOptions,
): Node {
  checkOptions(op, options, 'keepdims');
  const x = toNode(operand);
  const axes = axesOf(op, x, axis);
  const result = reduceAxes(op, x, axes);
  return options.keepdims ? keepDims(result, x, axes) : result;
}

/** Puts the reduced axes of x back, with size 1. */
export const keepDims = (result: Node, x: Node, axes: readonly number[]): Node =>
  unreduce(
    result,
    axes,
    x.shape.map((d, i) => (axes.includes(i) ? 1 : d)),
  );

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
export const sum: Reducer = (x: Operand, axis?: Axis, options: ReduceOptions = {}) =>
  reduce('sum', x, axis, options);

/** The largest value over an axis, several, or all. Ties share the gradient equally. */
export const maxOver: Reducer = (x: Operand, axis?: Axis, options: ReduceOptions = {}) =>
  reduce('maxOver', x, axis, options);

/** log(sum(exp(x))) over an axis, several, or all, finite at any finite x. */
export const logsumexp: Reducer = (x: Operand, axis?: Axis, options: ReduceOptions = {}) =>
  reduce('logsumexp', x, axis, options);

/** The mean over an axis, several, or all: the sum times 1/m. */
export const mean: Reducer = (operand: Operand, axis?: Axis, options: ReduceOptions = {}) => {
  const x = toNode(operand);
  const total = sum(x, axis, options);
  const count = countOver(x, axesOf('mean', x, axis));
  return count === constant(1) ? total : mul(pow(count, -1), total);
};

/** How many elements a reduction over `axes` takes in. */
export const countOver = (x: Node, axes: readonly number[]): Node =>
  axes
    .filter((i) => x.shape[i] !== 1)
    .map((i) => size(x.shape[i]!))
    .reduce<Node | undefined>((p, q) => (p ? mul(p, q) : q), undefined) ?? constant(1);

/** exp(x) / sum(exp(x)) along an axis (0, the classes, unless given), finite at any finite x. */
export const softmax: UnaryWith<number> = (x: Operand, axis = 0) => exp(logSoftmax(x, axis));

/** log(softmax(x)) along an axis (0 unless given). */
export const logSoftmax: UnaryWith<number> = (x: Operand, axis = 0) =>
  sub(x, logsumexp(x, axis, { keepdims: true }));
