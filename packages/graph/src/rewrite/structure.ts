// Rules about shape: views compose, transposes move inwards, scales float outwards. Each is a
// function of a node, undefined where it does not fit. Those about sums and choices have files.

import { rowOf } from '../elementwise.ts';
import { constant } from '../leaves.ts';
import { type Node, type OpName, sameShape, withSources } from '../node.ts';
import { expandTo, matmul, reduceAxes, transpose } from '../ops.ts';
import { isTransposition, structureOf } from '../structural.ts';
import {
  chooseBranch,
  compareMultiples,
  compareWithMax,
  factorOfChoice,
  productOfChoice,
  scaleOfChoice,
  sumOfChoices,
} from './choice.ts';
import { applyScale, expandedScalar, isUnit, splitScale, times } from './monomial.ts';
import { evenPowerOfNorm, rootOfEvenPowers, rootOfSquares } from './norms.ts';
import {
  productWithRepeated,
  repeatedFactorOfSum,
  sumOfDeviations,
  sumOfDistribution,
  sumOfRepeated,
  sumOfSum,
} from './sums.ts';
import { viewOfView } from './views.ts';

export interface StructureRule {
  readonly name: string;
  readonly reason: string;
  /** The ops of the nodes that it may fit: the engine does not try it on others. */
  readonly on: (op: OpName) => boolean;
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
  const isNumber = (x: Node): boolean => x.op === 'const' || expandedScalar(x) !== undefined;
  const bodies = parts.map((part) => part.body).filter((body) => !isNumber(body));
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
  const src = parts.map(({ scale, body }) => {
    if (body.op === 'const') return constant(body.attr.value, shape);
    const scalar = expandedScalar(body);
    return applyScale(scale, scalar ? expandTo(scalar, shape, []) : body.src[0]!);
  });
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

/** A rule about nodes of some ops: their names, or what they have in common. */
export const rule = (
  name: string,
  on: OpName | StructureRule['on'],
  apply: (node: Node) => Node | undefined,
  reason: string,
): StructureRule => ({
  ...{ name, apply, reason },
  on: typeof on === 'string' ? (op) => op === on : on,
});

const isViewOp = (op: OpName): boolean => structureOf(op)?.kind === 'view';
const isLinear = (op: OpName): boolean => op === 'matmul' || op === 'sum' || isViewOp(op);
const isElementwise = (op: OpName): boolean => rowOf(op) !== undefined;

export const structureRules: readonly StructureRule[] = [
  rule('view-of-view', isViewOp, viewOfView, 'two index maps are one'),
  rule('transpose-of-product', 'permute', transposeOfProduct, '(A B)^T = B^T A^T'),
  rule(
    'float-scale',
    isLinear,
    floatScale,
    'a scale is applied once, at the end: the 1/m of a gradient',
  ),
  rule('expand-outward', isElementwise, expandOutward, 'compute once, then repeat'),
  rule('sum-of-sum', 'sum', sumOfSum, 'one reduction instead of two'),
  rule('sum-of-repeated', 'sum', sumOfRepeated, 'a product instead of a loop'),
  rule('sum-of-deviations', 'sum', sumOfDeviations, 'deviations from their mean add up to 0'),
  rule('repeated-factor', 'sum', repeatedFactorOfSum, 'one product, after the sum'),
  rule('product-with-repeated', 'matmul', productWithRepeated, 'a sum, not a product of matrices'),
  rule('sum-of-distribution', 'sum', sumOfDistribution, 'declared: a column sums to 1'),
  rule('root-of-even-powers', 'pow', rootOfEvenPowers, '1e20^2 overflows float32'),
  rule('root-of-squares', 'pow', rootOfSquares, 'squares overflow, and the slope at 0 is 0 / 0'),
  rule('power-of-norm', 'pow', evenPowerOfNorm, 'no root is taken where it is squared'),
  rule('choose-branch', 'where', chooseBranch, 'the condition is known'),
  rule('product-of-choice', 'mul', productOfChoice, 'a branch not taken makes no NaN'),
  rule('scale-of-choice', 'where', scaleOfChoice, 'a scale is applied once, at the end'),
  rule('factor-of-choice', 'where', factorOfChoice, 'what both branches are multiplied by'),
  rule('compare-with-max', 'less', compareWithMax, 'x < max(x, y) where x < y'),
  rule('compare-multiples', 'less', compareMultiples, 'x < 2 x where x > 0'),
  rule('sum-of-choices', 'add', sumOfChoices, 'two halves of one choice'),
];
