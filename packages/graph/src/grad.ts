// Gradients for users: simplified, stable, readable. The chain rule itself is in differentiate.ts.
import { cotangents } from './differentiate.ts';
import { constant, input } from './leaves.ts';
import { checkNode, isLeaf, type Node, named, nameOf, reachable, withSources } from './node.ts';
import { simplifyAll } from './rewrite/rewrite.ts';

/**
 * The gradient of a scalar as a graph of the same ops, stabilized and simplified: it can be
 * printed, compiled and differentiated again.
 * @param J a node of shape []
 * @param wrt a node that J depends on, or several
 * @returns dJ/dx, of the shape of x, one for each x
 * @throws ChainruleError if J is no scalar
 */
export function grad(J: Node, wrt: Node): Node;
export function grad(J: Node, wrt: readonly Node[]): Node[];
export function grad(J: Node, wrt: Node | readonly Node[]): Node | Node[] {
  const many = Array.isArray(wrt);
  const list = (many ? wrt : [wrt]) as readonly Node[];
  for (const x of [J, ...list]) checkNode(x);
  const inner = list.filter((x) => !isLeaf(x));
  if (inner.length === 0) {
    const result = gradientsOf(J, list);
    return many ? result : result[0]!;
  }
  // An inner node is cut out: rewriting must not look through it.
  const cuts = new Map(inner.map((x) => [x, named(input(...x.shape), nameOf(x) ?? 'x')]));
  const back = new Map([...cuts].map(([x, cut]) => [cut, x]));
  const cutJ = substitute([J], cuts)[0]!;
  const leaves = list.map((x) => cuts.get(x) ?? x);
  const result = substitute(gradientsOf(cutJ, leaves), back);
  return many ? result : result[0]!;
}

function gradientsOf(J: Node, wrt: readonly Node[]): Node[] {
  const [stable] = simplifyAll([J]);
  const all = cotangents(stable!, wrt);
  return simplifyAll(wrt.map((x) => all.get(x) ?? constant(0, x.shape)));
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
