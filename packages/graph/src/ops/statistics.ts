// Reductions made of others: statistics, norms, questions about all, positions of extremes.
import { checkOptions, checkShape, show } from '../checks.ts';
import { constant } from '../leaves.ts';
import type { Node } from '../node.ts';
import { abs, div, equal, less, mul, neg, sqrt, square, sub, where } from './arithmetic.ts';
import { axesOf, axisOf } from './axes.ts';
import { type Operand, shapeError, toNode } from './operand.ts';
import {
  countOver,
  keepDims,
  maxOver,
  mean,
  type ReduceOptions,
  reduce,
  reduceAxes,
  sum,
  unreduce,
} from './reduce.ts';
import { iota } from './views.ts';

type Axis = number | readonly number[];

/** The smallest value over an axis, several, or all. Ties share the gradient equally. */
export const minOver = (x: Operand, axis?: Axis, options: ReduceOptions = {}): Node =>
  neg(maxOver(neg(x), axis, options));

/**
 * The product over an axis, several, or all. The derivative is the product of the others, exact
 * where entries are 0; along an axis of n entries it takes n^2 operations.
 */
export function prod(operand: Operand, axis?: Axis, options: ReduceOptions = {}): Node {
  checkOptions('prod', options, 'keepdims');
  const x = toNode(operand);
  const axes = axesOf('prod', x, axis);
  // One axis after another, the last one first, so that the numbers of the others hold.
  const result = axes.reduceRight((y, a) => reduceAxes('prod', y, [a]), x);
  return options.keepdims ? keepDims(result, x, axes) : result;
}

/** Options of `norm`. */
export interface NormOptions extends ReduceOptions {
  /** 1: the sum of sizes; 2: the Euclidean length (unless given); Infinity: the largest size. */
  readonly ord?: 1 | 2 | typeof Number.POSITIVE_INFINITY;
}

/**
 * The vector norm over an axis, several, or all. The Euclidean one cannot overflow before its
 * result does, and its derivative at 0 is 0, the shortest of the subgradients.
 */
export function norm(operand: Operand, axis?: Axis, options: NormOptions = {}): Node {
  const x = toNode(operand);
  checkOptions('norm', options, 'ord', 'keepdims');
  const { ord = 2, ...keep } = options;
  if (x.shape.length === 0) return abs(x);
  if (ord === 2) return reduce('norm', x, axis, keep);
  if (ord === 1) return sum(abs(x), axis, keep);
  if (ord === Number.POSITIVE_INFINITY) return maxOver(abs(x), axis, keep);
  throw shapeError(
    'norm',
    [x],
    `there is no norm of order ${show(ord)}.`,
    'use 1, 2 or Infinity.',
  );
}

/** Options of `variance` and `std`. */
export interface VarianceOptions extends ReduceOptions {
  /** Degrees of freedom that are not there: the divisor is n - ddof; 0 unless given. */
  readonly ddof?: number;
}

/** The mean squared distance from the mean over an axis, several, or all; exact if it is small. */
export function variance(operand: Operand, axis?: Axis, options: VarianceOptions = {}): Node {
  const x = toNode(operand);
  checkOptions('variance', options, 'ddof', 'keepdims');
  const { ddof = 0, ...keep } = options;
  const centred = square(sub(x, mean(x, axis, { keepdims: true })));
  if (ddof === 0) return mean(centred, axis, keep);
  const count = countOver(x, axesOf('variance', x, axis));
  return div(sum(centred, axis, keep), sub(count, ddof));
}

/** The standard deviation: the square root of the variance. Its derivative at 0 is infinite. */
export const std = (x: Operand, axis?: Axis, options: VarianceOptions = {}): Node =>
  sqrt(variance(x, axis, options));

const isTrue = (x: Operand): Node => where(x, 1, 0);

/** 1 where an entry over an axis, several, or all is not 0, else 0. */
export const any = (x: Operand, axis?: Axis, options: ReduceOptions = {}): Node =>
  maxOver(isTrue(x), axis, options);

/** 1 where no entry over an axis, several, or all is 0, else 0. */
export const all = (x: Operand, axis?: Axis, options: ReduceOptions = {}): Node =>
  minOver(isTrue(x), axis, options);

/**
 * The position of the largest entry along an axis, counted from 0; the first of several. It is
 * constant but for its jumps: nothing flows back through it.
 */
export function argmax(operand: Operand, axis = 0, options: ReduceOptions = {}): Node {
  const x = toNode(operand);
  const at = axisOf('argmax', x, axis);
  const largest = unreduce(reduceAxes('maxOver', x, [at]), [at], x.shape);
  // The nearest of the positions that hold it, as the largest of their negatives.
  const places = where(less(x, largest), Number.NEGATIVE_INFINITY, neg(iota(x.shape, at)));
  return neg(maxOver(places, at, options));
}

/** The position of the smallest entry along an axis: see `argmax`. */
export const argmin = (x: Operand, axis = 0, options: ReduceOptions = {}): Node =>
  argmax(neg(x), axis, options);

/**
 * The sums of all entries up to and including each one along an axis (0 unless given). It runs as
 * a masked sum: n^2 operations along an axis of n entries, all of them side by side.
 */
export function cumsum(operand: Operand, axis = 0): Node {
  const x = toNode(operand);
  const at = axisOf('cumsum', x, axis);
  const n = x.shape[at]!;
  const shape = [...x.shape.slice(0, at + 1), n, ...x.shape.slice(at + 1)];
  // Entry k of the new axis at + 1, for each position of the result along the axis `at`.
  const copies = unreduce(x, [at], shape);
  const later = less(iota(shape, at), iota(shape, at + 1));
  return reduceAxes('sum', where(later, 0, copies), [at + 1]);
}

/** 1 at the position that a label names along a new axis, 0 elsewhere; labels count from 0. */
export function oneHot(labels: Operand, classes: number, axis = 0): Node {
  const x = toNode(labels);
  checkShape('oneHot', [classes]);
  const at = axisOf('oneHot', constant(0, [...x.shape, 1]), axis);
  const shape = [...x.shape.slice(0, at), classes, ...x.shape.slice(at)];
  return equal(unreduce(x, [at], shape), iota(shape, at));
}

/** The dot product along the last axis. @throws ShapeError */
export const dot = (a: Operand, b: Operand): Node => {
  const product = mul(a, b);
  return product.shape.length === 0 ? product : sum(product, -1);
};
