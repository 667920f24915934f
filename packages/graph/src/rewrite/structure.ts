// Rules about shape: views compose, transposes move inwards, scales float outwards, sums of
// repeated values become products. Each is a function of a node, undefined where it does not fit.

import { rowOf } from '../elementwise.ts';
import { constant, size } from '../leaves.ts';
import { type Node, type NodeOf, type Shape, sameShape, withSources } from '../node.ts';
import { exp, expandTo, matmul, mul, reduceAxes, sub, transpose, unreduce } from '../ops.ts';
import { isTransposition, structureOf } from '../structural.ts';
import { chooseBranch, productOfChoice, scaleOfChoice, sumOfChoices } from './choice.ts';
import { applyScale, isUnit, splitScale, times } from './monomial.ts';
import { viewOfView } from './views.ts';

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
  if (node.op !== 'sum' && structureOf(node.op)?.kind !== 'view') return undefined;
  const { scale, body } = splitScale(node.src[0]!);
  if (isUnit(scale)) return undefined;
  if (node.op === 'sum') return applyScale(scale, reduceAxes('sum', body, node.attr.axes));
  return applyScale(scale, withSources(node, [body]));
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

const isConstantAlong = (x: Node, axis: number): boolean =>
  x.op === 'const' || (x.op === 'expand' && (!x.attr.dims.includes(axis) || repeats(x, axis)));

/** x, which is constant along some axes, without them. */
const slim = (x: Node, axes: readonly number[]): Node =>
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

/** log(sum(exp(x))) */
function logOfSumOfExp(node: Node): Node | undefined {
  if (node.op !== 'log') return undefined;
  const total = node.src[0]!;
  const inner = total.op === 'expand' ? total.src[0]! : total;
  if (inner.op !== 'sum' || inner.src[0]!.op !== 'exp') return undefined;
  const result = reduceAxes('logsumexp', inner.src[0]!.src[0]!, inner.attr.axes);
  return total.op === 'expand' ? expandTo(result, total.shape, total.attr.dims) : result;
}

/** exp(x) / sum(exp(x)) */
function quotientOfExp(node: Node): Node | undefined {
  if (node.op !== 'mul') return undefined;
  for (const [top, bottom] of [node.src, [...node.src].reverse()] as [Node, Node][]) {
    if (top.op !== 'exp') continue;
    const axes = axesOfInverseSum(bottom, top);
    if (!axes) continue;
    const x = top.src[0]!;
    return exp(sub(x, unreduce(reduceAxes('logsumexp', x, axes), axes, x.shape)));
  }
  return undefined;
}

/** The axes, if `node` is 1 / (the sum of x over them), repeated to the shape of x. */
function axesOfInverseSum(node: Node, x: Node): readonly number[] | undefined {
  const [outer, inner] = [node, node.src[0]];
  const ops = [outer.op, inner?.op].join();
  if (!inner || (ops !== 'pow,expand' && ops !== 'expand,pow')) return undefined;
  const view = outer.op === 'expand' ? outer : inner;
  const inverse = outer.op === 'pow' ? outer : inner;
  const total = inner.src[0]!;
  if (inverse.op !== 'pow' || inverse.attr.exponent !== -1) return undefined;
  if (total.op !== 'sum' || total.src[0] !== x) return undefined;
  return samePlace(view, total) ? total.attr.axes : undefined;
}

/** Do the dimensions of a reduction go back to where they came from? */
function samePlace(view: Node, total: NodeOf<'sum'> & Node): boolean {
  if (view.op !== 'expand') return false;
  const kept = total.src[0]!.shape.map((_, i) => i).filter((i) => !total.attr.axes.includes(i));
  return view.attr.dims.join() === kept.join();
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
  rule('log-sum-exp', logOfSumOfExp, 'exp(89) overflows float32'),
  rule('softmax', quotientOfExp, 'exp(89) overflows float32'),
  rule('choose-branch', chooseBranch, 'the condition is known'),
  rule('product-of-choice', productOfChoice, '0 times Infinity is NaN; a branch not taken is not'),
  rule('scale-of-choice', scaleOfChoice, 'a scale is applied once, at the end'),
  rule('sum-of-choices', sumOfChoices, 'two halves of one choice'),
];
