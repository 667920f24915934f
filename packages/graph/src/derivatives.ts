// Derivatives of any order and direction, each made of the one walk backwards in differentiate.ts.
import { ChainruleError } from './errors.ts';
import { checkLike, cutOut, gradientsOf, listOf, substitute } from './grad.ts';
import { constant, input } from './leaves.ts';
import { lifted } from './lift.ts';
import { checkNode, type Node, nameOf, reachable, type Shape } from './node.ts';
import { add, equal, iota, mul, sum } from './ops.ts';
import { simplify, simplifyAll } from './rewrite/rewrite.ts';

/**
 * The Jacobian-vector product (dy/dx) v: how y moves when x moves along v.
 * The vjp is linear in its seed g, so its derivative in g is that of y along v (and free of g).
 * @param x a node, or several that do not depend on each other
 * @param v of the shape of x, one for each x
 * @returns a node of the shape of y
 * @throws ShapeError if a v has another shape than its x
 */
export function jvp(y: Node, x: Node, v: Node): Node;
export function jvp(y: Node, x: readonly Node[], v: readonly Node[]): Node;
export function jvp(y: Node, x: Node | readonly Node[], v: Node | readonly Node[]): Node {
  checkNode(y);
  const [xs, vs] = directions('jvp', x, v);
  const g = input(...y.shape);
  const [result] = cutOut([y], xs, ([cutY], cut) =>
    gradientsOf(inner(gradientsOf(cutY!, cut, g), vs), [g]),
  );
  return result!;
}

/**
 * The Hessian-vector product H v: the gradient's derivative along v, at the price of a gradient.
 * @param J a node of shape []
 * @param x a node, or several that do not depend on each other; H is that of all together
 * @param v of the shape of x, one for each x
 * @returns one of the shape of x, for each x
 * @throws ChainruleError if J is no scalar, ShapeError if a v has another shape than its x
 */
export function hvp(J: Node, x: Node, v: Node): Node;
export function hvp(J: Node, x: readonly Node[], v: readonly Node[]): Node[];
export function hvp(J: Node, x: Node | readonly Node[], v: Node | readonly Node[]) {
  checkNode(J);
  const [xs, vs] = directions('hvp', x, v);
  // A direction stands still, whatever it is made of.
  const fixed = vs.map((each) => input(...each.shape));
  const back = new Map(fixed.map((each, i) => [each, vs[i]!]));
  const result = cutOut([J], xs, ([cutJ], cut) => {
    const slopes = gradientsOf(inner(gradientsOf(cutJ!, cut), fixed), cut);
    return simplifyAll(substitute(slopes, back));
  });
  return Array.isArray(x) ? result : result[0]!;
}

/**
 * The Jacobian: the derivative of every entry of y in every entry of x. The vjp of y, for all unit
 * seeds at once.
 * @returns a node of shape [...y.shape, ...x.shape]
 */
export function jacobian(y: Node, x: Node): Node {
  for (const node of [y, x]) checkNode(node);
  const [result] = cutOut([y], [x], ([cutY], cut) => [jacobianOf(cutY!, cut[0]!)]);
  return result!;
}

/**
 * The Hessian: the derivative of every entry of the gradient in every entry of x.
 * @param J a node of shape []
 * @returns a node of shape [...x.shape, ...x.shape]
 * @throws ChainruleError if J is no scalar
 */
export function hessian(J: Node, x: Node): Node {
  for (const node of [J, x]) checkNode(node);
  const [result] = cutOut([J], [x], ([cutJ], cut) => {
    const [slope] = gradientsOf(cutJ!, cut);
    return [jacobianOf(slope!, cut[0]!)];
  });
  return result!;
}

function jacobianOf(y: Node, leaf: Node): Node {
  const g = input(...y.shape);
  const [transposed] = gradientsOf(y, [leaf], g);
  return simplify(lifted(transposed!, g, units(y.shape)));
}

/** Every unit tensor of a shape: [i..., j...] is 1 where i = j, else 0. */
function units(shape: Shape): Node {
  const twice = [...shape, ...shape];
  return shape
    .map((_, i) => equal(iota(twice, i), iota(twice, shape.length + i)))
    .reduce(mul, constant(1, twice));
}

/** The inner product of lists of tensors. */
const inner = (a: readonly Node[], b: readonly Node[]): Node =>
  a.map((x, i) => sum(mul(x, b[i]!))).reduce((p, q) => add(p, q));

function directions(what: string, x: Node | readonly Node[], v: Node | readonly Node[]) {
  const [xs, vs] = [listOf(x), listOf(v)];
  if (xs.length !== vs.length || xs.length === 0) {
    const count = `${xs.length} variables and ${vs.length} directions.`;
    throw new ChainruleError(`${what}: ${count}`, 'pass one v for each x.');
  }
  xs.forEach((each, i) => {
    checkLike(what, ['x', each], ['v', vs[i]!]);
  });
  checkIndependent(what, xs);
  return [xs, vs] as const;
}

function checkIndependent(what: string, xs: readonly Node[]): void {
  for (const x of xs) {
    const other = reachable([x]).find((node) => node !== x && xs.includes(node));
    if (!other) continue;
    const [name, source] = [nameOf(x) ?? 'an x', nameOf(other) ?? 'another'];
    throw new ChainruleError(
      `${what}: ${name} depends on ${source}, so they cannot move independently.`,
      'ask for one of them at a time.',
    );
  }
}
