// The Euclidean norm, where it is written out: its squares would overflow, and the slope of its
// root at 0 would be 0 / 0.
import type { Node } from '../node.ts';
import { abs, mul, pow, reduceAxes } from '../ops.ts';
import { build, monomialOf } from './monomial.ts';

/** sqrt(4 x^2) = 2 |x|: a product of even powers; one alone has a rule. */
export function rootOfEvenPowers(node: Node): Node | undefined {
  if (node.op !== 'pow' || node.src[0]!.op !== 'mul') return undefined;
  const { exponent } = node.attr;
  const { coefficient, factors } = monomialOf(node.src[0]!);
  const even = [...factors.values()].every((e) => e % 2 === 0);
  if (!Number.isInteger(2 * exponent) || Number.isInteger(exponent) || !even) return undefined;
  if (coefficient <= 0) return undefined;
  const halves = new Map([...factors].map(([f, e]) => [f, e / 2]));
  const x = build({ coefficient: 1, factors: halves }, node.shape);
  return mul(coefficient ** exponent, pow(abs(x), 2 * exponent));
}

/** sqrt(sum(x^2)) = |x|, and other odd powers of the root. */
export function rootOfSquares(node: Node): Node | undefined {
  if (node.op !== 'pow') return undefined;
  const [total] = node.src as [Node];
  const twice = 2 * node.attr.exponent;
  if (total.op !== 'sum' || !Number.isInteger(twice) || twice % 2 === 0) return undefined;
  const square = total.src[0]!;
  const { coefficient, factors } = monomialOf(square);
  const even = [...factors.values()].every((e) => e % 2 === 0);
  if (coefficient !== 1 || factors.size === 0 || !even) return undefined;
  const halves = new Map([...factors].map(([f, e]) => [f, e / 2]));
  const x = build({ coefficient, factors: halves }, square.shape);
  return pow(reduceAxes('norm', x, total.attr.axes), twice);
}

/** |x|^2 = sum(x^2), and other even powers: there is no root to take. */
export function evenPowerOfNorm(node: Node): Node | undefined {
  if (node.op !== 'pow' || node.attr.exponent % 2 !== 0) return undefined;
  const [norm] = node.src as [Node];
  if (norm.op !== 'norm') return undefined;
  const squares = reduceAxes('sum', pow(norm.src[0]!, 2), norm.attr.axes);
  return pow(squares, node.attr.exponent / 2);
}
