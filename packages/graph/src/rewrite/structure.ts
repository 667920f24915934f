// Rules about shape: views compose, transposes move inwards, scales float outwards, sums of
// repeated values become products. Each is a function of a node, undefined where it does not fit.

import { rowOf } from '../elementwise.ts';
import { constant, size } from '../leaves.ts';
import { type Node, type NodeOf, type Shape, sameShape, withSources } from '../node.ts';
import { expandTo, matmul, mul, permute, reduceAxes, transpose, unreduce } from '../ops.ts';
import { isTransposition } from '../structural.ts';
import { chooseBranch, productOfChoice, scaleOfChoice, sumOfChoices } from './choice.ts';
import { applyScale, expandedScalar, isUnit, splitScale, times } from './monomial.ts';

export interface StructureRule {
  readonly name: string;
  readonly reason: string;
  readonly apply: (node: Node) => Node | undefined;
}

function floatScale(node: Node): Node | undefined {
  if (node.op === 'matmul') {
    const [a, b] = node.src.map(splitScale);
    const scale = times(a!.scale, b!.scale);
    return isUnit(scale) ? undefined : applyScale(scale, matmul(a!.body, b!.body));
  }
  if (node.op !== 'permute' && node.op !== 'sum' && node.op !== 'expand') return undefined;
  const { scale, body } = splitScale(node.src[0]!);
  if (isUnit(scale)) return undefined;
  if (node.op === 'permute') return applyScale(scale, permute(body, node.attr.axes));
  if (node.op === 'sum') return applyScale(scale, reduceAxes('sum', body, node.attr.axes));
  return applyScale(scale, expandTo(body, node.shape, node.attr.dims));
}

function viewOfView(node: Node): Node | undefined {
  const inner = node.src[0];
  if (node.op === 'permute') {
    const { axes } = node.attr;
    if (axes.every((a, i) => a === i)) return inner;
    if (inner!.op === 'const') return constant(inner!.attr.value, node.shape);
    const scalar = expandedScalar(inner!);
    if (scalar) return expandTo(scalar, node.shape, []);
    if (inner!.op !== 'permute') return undefined;
    const innerAxes = inner!.attr.axes;
    return permute(
      inner!.src[0]!,
      axes.map((a) => innerAxes[a]!),
    );
  }
  if (node.op === 'expand' && inner!.op === 'const') {
    return constant(inner!.attr.value, node.shape);
  }
  if (node.op !== 'expand' || inner!.op !== 'expand') return undefined;
  const { dims } = node.attr;
  return expandTo(
    inner!.src[0]!,
    node.shape,
    inner!.attr.dims.map((d) => dims[d]!),
  );
}

/** log(expand(x)) = expand(log(x)), and the same for sums and products of what repeats alike. */
function expandOutward(node: Node): Node | undefined {
  if (rowOf(node.op) === undefined) return undefined;
  const parts = node.src.map(splitScale);
  const bodies = parts.map((part) => part.body).filter((body) => body.op !== 'const');
  const [first] = bodies;
  if (first?.op !== 'expand') return undefined;
  const { shape } = first.src[0]!;
  const alike = (x: Node): boolean =>
    x.op === 'expand' &&
    sameShape(x.src[0]!.shape, shape) &&
    x.attr.dims.join() === first.attr.dims.join();
  if (!bodies.every(alike)) return undefined;
  // A scale stays in front of a product: see floatScale.
  if (node.op === 'mul' && !node.src.every(alike)) return undefined;
  const src = parts.map(({ scale, body }) =>
    body.op === 'const' ? constant(body.attr.value, shape) : applyScale(scale, body.src[0]!),
  );
  return expandTo(withSources(node, src, shape), node.shape, first.attr.dims);
}

const isTranspose = (node: Node): boolean =>
  node.op === 'permute' && isTransposition(node.attr.axes);

/** (A B)^T = B^T A^T */
function transposeOfProduct(node: Node): Node | undefined {
  if (!isTranspose(node)) return undefined;
  const product = node.src[0]!;
  if (product.op !== 'matmul') return undefined;
  const [a, b] = product.src as [Node, Node];
  // Only where a transpose goes away: the product may be there already, for others.
  if (!isTranspose(a) && !isTranspose(b)) return undefined;
  return matmul(transpose(b), transpose(a));
}

function sumOfSum(node: Node): Node | undefined {
  if (node.op !== 'sum') return undefined;
  const inner = node.src[0]!;
  if (inner.op !== 'sum') return undefined;
  const kept = inner.src[0]!.shape.map((_, i) => i).filter((i) => !inner.attr.axes.includes(i));
  const axes = [...inner.attr.axes, ...node.attr.axes.map((a) => kept[a]!)].sort((p, q) => p - q);
  return reduceAxes('sum', inner.src[0]!, axes);
}

/** Summing over an axis along which nothing varies multiplies by its size. */
function sumOfRepeated(node: Node): Node | undefined {
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
function productWithRepeated(node: Node): Node | undefined {
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

/** Is nothing of x changing along an axis? */
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
function sumOfDistribution(node: Node): Node | undefined {
  if (node.op !== 'sum') return undefined;
  const y = node.src[0]!;
  if (y.op !== 'input' || !y.attr.distribution) return undefined;
  const column = y.shape.length - 2;
  if (!node.attr.axes.includes(column)) return undefined;
  const shape = y.shape.filter((_, i) => i !== column);
  const rest = node.attr.axes.filter((a) => a !== column).map((a) => (a > column ? a - 1 : a));
  return reduceAxes('sum', constant(1, shape), rest);
}

const rule = (
  name: string,
  apply: (node: Node) => Node | undefined,
  reason: string,
): StructureRule => ({ name, apply, reason });

export const structureRules: readonly StructureRule[] = [
  rule('view-of-view', viewOfView, 'two index maps are one'),
  rule('transpose-of-product', transposeOfProduct, '(A B)^T = B^T A^T, and B^T is an index map'),
  rule('float-scale', floatScale, 'a scale is applied once, at the end: the 1/m of a gradient'),
  rule('expand-outward', expandOutward, 'compute once, then repeat'),
  rule('sum-of-sum', sumOfSum, 'one reduction instead of two'),
  rule('sum-of-repeated', sumOfRepeated, 'a product instead of a loop'),
  rule('product-with-repeated', productWithRepeated, 'a sum instead of a product of matrices'),
  rule('sum-of-distribution', sumOfDistribution, 'declared: the entries of a column sum to 1'),
  rule('choose-branch', chooseBranch, 'the condition is known'),
  rule('product-of-choice', productOfChoice, '0 times Infinity is NaN; a branch not taken is not'),
  rule('scale-of-choice', scaleOfChoice, 'a scale is applied once, at the end'),
  rule('sum-of-choices', sumOfChoices, 'two halves of one choice'),
];
