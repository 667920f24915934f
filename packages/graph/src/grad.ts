// Gradients for users: simplified, stable, readable. The chain rule itself is in differentiate.ts.
import { cotangents, pullback } from './differentiate.ts';
import { explain, ShapeError } from './errors.ts';
import { constant, input } from './leaves.ts';
import {
  checkNode,
  isLeaf,
  type Node,
  named,
  nameOf,
  reachable,
  sameShape,
  showShape,
  withSources,
} from './node.ts';
import { simplifyAll } from './rewrite/rewrite.ts';

/**
 * The gradient of a scalar as a graph of the same ops, stabilized and simplified: it can be
 * printed, compiled and differentiated again.
 * @param J a node of shape []
 * @param wrt a node that J depends on, or several
 * @returns dJ/dx, of the shape of x, one for each x; zeros where J does not depend on x
 * @throws ChainruleError if J is no scalar
 */
export function grad(J: Node, wrt: Node): Node;
export function grad(J: Node, wrt: readonly Node[]): Node[];
export function grad(J: Node, wrt: Node | readonly Node[]): Node | Node[] {
  const result = gradients(J, listOf(wrt));
  return Array.isArray(wrt) ? result : result[0]!;
}

/**
 * A scalar and its gradient, simplified together: what both need is computed once.
 * @throws ChainruleError if J is no scalar
 */
export function valueAndGrad(J: Node, wrt: Node): { value: Node; gradient: Node };
export function valueAndGrad(
  J: Node,
  wrt: readonly Node[],
): { value: Node; gradients: readonly Node[] };
export function valueAndGrad(J: Node, wrt: Node | readonly Node[]): object {
  const found = gradients(J, listOf(wrt));
  const [value, ...rest] = simplifyAll([J, ...found]) as [Node, ...Node[]];
  return Array.isArray(wrt) ? { value, gradients: rest } : { value, gradient: rest[0]! };
}

/**
 * The vector-Jacobian product (dy/dx)^T g: the cotangent of x, where that of y is g.
 * @param y a node of any shape
 * @param g of the shape of y
 * @returns one of the shape of x, for each x
 * @throws ShapeError if g has another shape
 */
export function vjp(y: Node, x: Node, g: Node): Node;
export function vjp(y: Node, x: readonly Node[], g: Node): Node[];
export function vjp(y: Node, x: Node | readonly Node[], g: Node): Node | Node[] {
  const list = listOf(x);
  checkLike('vjp', ['y', y], ['g', g]);
  const result = gradients(y, list, g);
  return Array.isArray(x) ? result : result[0]!;
}

/** One node or several, as a list. @throws ChainruleError for what is no node */
export function listOf(nodes: Node | readonly Node[]): readonly Node[] {
  const list = Array.isArray(nodes) ? (nodes as readonly Node[]) : [nodes as Node];
  for (const x of list) checkNode(x);
  return list;
}

type Role = readonly [role: string, node: Node];

/** @throws ShapeError if the second has not the shape of the first */
export function checkLike(what: string, [role, x]: Role, [other, v]: Role): void {
  checkNode(x);
  checkNode(v);
  if (sameShape(x.shape, v.shape)) return;
  const is = (fallback: string, node: Node) =>
    `${nameOf(node) ?? fallback} is ${showShape(node.shape)}`;
  const fix = `pass a ${other} of shape ${showShape(x.shape)}.`;
  throw new ShapeError(explain(`${what}: ${is(role, x)} and ${is(other, v)}.`, [], fix));
}

/** Leaves together, each inner node alone: one of them may depend on another. */
function gradients(y: Node, wrt: readonly Node[], seed?: Node): Node[] {
  checkNode(y);
  const leaves = wrt.filter(isLeaf);
  const all = gradientsOf(y, leaves, seed);
  const found = new Map(leaves.map((x, i) => [x, all[i]!]));
  for (const x of wrt) {
    if (isLeaf(x)) continue;
    const [dx] = cutOut([y], [x], ([cutY], cut) => gradientsOf(cutY!, cut, seed));
    found.set(x, dx!);
  }
  return wrt.map((x) => found.get(x)!);
}

/**
 * What `f` makes of the roots and `wrt`, where inner nodes of `wrt` are leaves: rewriting must not
 * look through what is differentiated by. They are back in the result.
 */
export function cutOut(
  roots: readonly Node[],
  wrt: readonly Node[],
  f: (roots: readonly Node[], wrt: readonly Node[]) => Node[],
): Node[] {
  const inner = wrt.filter((x) => !isLeaf(x));
  const cuts = new Map(inner.map((x) => [x, named(input(...x.shape), nameOf(x) ?? 'x')]));
  const back = new Map([...cuts].map(([x, cut]) => [cut, x]));
  const result = f(
    substitute(roots, cuts),
    wrt.map((x) => cuts.get(x) ?? x),
  );
  return substitute(result, back);
}

/** The gradients of y in leaves, that of y itself being `seed`, or 1 if y is a scalar. */
export function gradientsOf(y: Node, leaves: readonly Node[], seed?: Node): Node[] {
  const [stable] = simplifyAll([y]);
  const all = seed ? pullback(stable!, leaves, seed) : cotangents(stable!, leaves);
  return simplifyAll(leaves.map((x) => all.get(x) ?? constant(0, x.shape)));
}

/** Puts nodes in the place of others, everywhere below the roots. */
export function substitute(roots: readonly Node[], by: ReadonlyMap<Node, Node>): Node[] {
  const done = new Map<Node, Node>(by);
  for (const node of reachable(roots)) {
    if (done.has(node)) continue;
    const next = withSources(
      node,
      node.src.map((s) => done.get(s)!),
    );
    done.set(node, next);
    const name = nameOf(node);
    if (next !== node && name !== undefined) named(next, name);
  }
  return roots.map((root) => done.get(root)!);
}

/** The parameters that a graph depends on, in the order in which they were made. */
export const paramsOf = (roots: readonly Node[]): Node[] =>
  reachable(roots).filter((node) => node.op === 'param');

/** The inputs that a graph depends on, in the order in which they were made. */
export const inputsOf = (roots: readonly Node[]): Node[] =>
  reachable(roots).filter((node) => node.op === 'input');
