// Rules about sums: what repeats is counted, what is known to add up is not added.
import { constant, size } from '../leaves.ts';
import { type Node, type NodeOf, type Shape, sameShape } from '../node.ts';
import { expandTo, mul, pow, reduceAxes, unreduce, withoutExpand } from '../ops.ts';
import { buildSum, MAX_TERMS, shallowTerms } from './collect.ts';
import { atom, build, isScalar, keyOf, type Monomial, monomialOf, times } from './monomial.ts';

export function sumOfSum(node: Node): Node | undefined {
  if (node.op !== 'sum') return undefined;
  const inner = node.src[0]!;
  if (inner.op !== 'sum') return undefined;
  const kept = inner.src[0]!.shape.map((_, i) => i).filter((i) => !inner.attr.axes.includes(i));
  const axes = [...inner.attr.axes, ...node.attr.axes.map((a) => kept[a]!)].sort((p, q) => p - q);
  return reduceAxes('sum', inner.src[0]!, axes);
}

/** Summing over an axis along which nothing varies multiplies by its size. */
export function sumOfRepeated(node: Node): Node | undefined {
  if (node.op !== 'sum') return undefined;
  const x = node.src[0]!;
  const repeated = node.attr.axes.filter((axis) => isConstantAlong(x, axis));
  if (repeated.length === 0) return undefined;
  const count = repeated.map((a) => size(x.shape[a]!)).reduce((p, q) => mul(p, q));
  const rest = node.attr.axes.flatMap((a) =>
    repeated.includes(a) ? [] : [a - repeated.filter((r) => r < a).length],
  );
  return mul(count, reduceAxes('sum', slim(x, repeated), rest));
}

/** A B, where all columns of A are alike, is a column of A times the sum of the rows of B. */
export function productWithRepeated(node: Node): Node | undefined {
  if (node.op !== 'matmul') return undefined;
  const n = node.shape.length;
  for (const [side, inner, other] of [
    [0, n - 1, n - 2],
    [1, n - 2, n - 1],
  ] as const) {
    const [repeated, summed] = [node.src[side]!, node.src[1 - side]!];
    if (!isConstantAlong(repeated, inner)) continue;
    const line = unreduce(slim(repeated, [inner]), [inner], node.shape);
    return mul(line, unreduce(reduceAxes('sum', summed, [other]), [other], node.shape));
  }
  return undefined;
}

export const isConstantAlong = (x: Node, axis: number): boolean =>
  x.op === 'const' || (x.op === 'expand' && (!x.attr.dims.includes(axis) || repeats(x, axis)));

/** x, which is constant along some axes, without them. */
export const slim = (x: Node, axes: readonly number[]): Node =>
  x.op === 'const'
    ? constant(x.attr.value, shapeWithout(x, axes))
    : dropAxes(x as NodeOf<'expand'> & Node, axes);

const shapeWithout = (x: Node, axes: readonly number[]): Shape =>
  x.shape.filter((_, i) => !axes.includes(i));

const repeats = (x: Node, axis: number): boolean => {
  if (x.op !== 'expand') return false;
  const from = x.attr.dims.indexOf(axis);
  return x.src[0]!.shape[from] === 1;
};

/** An expand without the axes it repeats along: its source, size-1 dimensions summed away. */
function dropAxes(x: NodeOf<'expand'> & Node, axes: readonly number[]): Node {
  const source = x.src[0]!;
  const gone = x.attr.dims.flatMap((d, i) => (axes.includes(d) ? [i] : []));
  const kept = x.attr.dims.filter((d) => !axes.includes(d));
  const dims = kept.map((d) => d - axes.filter((a) => a < d).length);
  return expandTo(reduceAxes('sum', source, gone), shapeWithout(x, axes), dims);
}

/** The columns of a distribution sum to 1. */
export function sumOfDistribution(node: Node): Node | undefined {
  if (node.op !== 'sum') return undefined;
  const y = node.src[0]!;
  if (y.op !== 'input' || !y.attr.distribution) return undefined;
  const column = y.shape.length - 2;
  if (!node.attr.axes.includes(column)) return undefined;
  const shape = y.shape.filter((_, i) => i !== column);
  const rest = node.attr.axes.filter((a) => a !== column).map((a) => (a > column ? a - 1 : a));
  return reduceAxes('sum', constant(1, shape), rest);
}

type Axes = readonly number[];

export const isConstantAlongAll = (f: Node, axes: Axes): boolean =>
  isScalar(f) || axes.every((axis) => isConstantAlong(f, axis));

/** sum(u .* v) = u .* sum(v), where u does not vary along the axes. */
export function repeatedFactorOfSum(node: Node): Node | undefined {
  if (node.op !== 'sum' || node.src[0]!.op !== 'mul') return undefined;
  const x = node.src[0]!;
  const { axes } = node.attr;
  const factors = [...monomialOf(x).factors].filter(([f]) => !isScalar(f));
  const repeated = factors.filter(([f]) => isConstantAlongAll(f, axes));
  if (repeated.length === 0 || repeated.length === factors.length) return undefined;
  const inside = new Map(factors.filter((each) => !repeated.includes(each)));
  const scale = [...monomialOf(x).factors].filter(([f]) => isScalar(f));
  if (scale.length > 0 || monomialOf(x).coefficient !== 1) return undefined; // they float first
  const outside = repeated.map(([f, e]) => pow(slim(f, axes), e)).reduce((p, q) => mul(p, q));
  const body = build({ coefficient: 1, factors: inside }, x.shape);
  return mul(outside, reduceAxes('sum', body, axes));
}

/** The sum without the terms that add up to 0: u (y - mean(y)), where u does not vary. */
export function sumOfDeviations(node: Node): Node | undefined {
  if (node.op !== 'sum') return undefined;
  const x = node.src[0]!;
  const terms = shallowTerms(x, MAX_TERMS);
  const left = terms && withoutDeviations(terms, node.attr.axes);
  if (!left || left.length === terms.length) return undefined;
  if (left.length === 0) return constant(0, node.shape);
  return reduceAxes('sum', buildSum(left, x.shape), node.attr.axes);
}

function withoutDeviations(terms: readonly Monomial[], axes: Axes): Monomial[] {
  const left = terms.filter((term) => !isDeviation(term, axes));
  for (const term of [...left]) {
    const like = withoutMean(term, axes);
    const key = like && keyOf(like);
    const at = like ? left.findIndex((t) => isOpposite(t, like) && keyOf(t) === key) : -1;
    if (at < 0) continue;
    left.splice(at, 1);
    left.splice(left.indexOf(term), 1);
  }
  return left;
}

const isOpposite = (a: Monomial, b: Monomial): boolean =>
  Math.abs(a.coefficient + b.coefficient) <= 4 * Number.EPSILON * Math.abs(a.coefficient);

/** u (y - mean(y)), multiplied out or not */
function isDeviation(term: Monomial, axes: Axes): boolean {
  const varying = [...term.factors].filter(([f]) => !isConstantAlongAll(f, axes));
  const [[f, e] = [], ...more] = varying;
  if (f?.op !== 'add' || e !== 1 || more.length > 0) return false;
  const terms = shallowTerms(f, MAX_TERMS);
  return terms !== undefined && withoutDeviations(terms, axes).length === 0;
}

/** u sum(y) / m as u y, which has the same sum over the m entries. */
function withoutMean(term: Monomial, axes: Axes): Monomial | undefined {
  if (![...term.factors.keys()].every((f) => isConstantAlongAll(f, axes))) return undefined;
  for (const [f, e] of term.factors) {
    const total = withoutExpand(f);
    if (e !== 1 || total.op !== 'sum' || total.attr.axes.join() !== axes.join()) continue;
    if (!samePlace(f, total) || !sameShape(total.src[0]!.shape, f.shape)) continue;
    const counts = axes.map((axis) => monomialOf(size(total.src[0]!.shape[axis]!)));
    return [monomialOf(total.src[0]!), atom(f, -1), ...counts].reduce(times, term);
  }
  return undefined;
}

/** Do the dimensions of a reduction go back to where they came from? */
export function samePlace(view: Node, total: NodeOf<'sum'> & Node): boolean {
  if (view.op !== 'expand') return false;
  const kept = total.src[0]!.shape.map((_, i) => i).filter((i) => !total.attr.axes.includes(i));
  return view.attr.dims.join() === kept.join();
}
