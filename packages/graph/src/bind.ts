// Puts numbers in the place of symbolic sizes.

import type { Sizes } from './feed.ts';
import { bindShape, sizeOf } from './interpret.ts';
import { constant } from './leaves.ts';
import { isLeaf, make, type Node, named, nameOf, reachable, withSources } from './node.ts';

/**
 * The graphs with every size a number, and for each original node the one it became.
 * Names move along. @throws FeedError for a size that is not given.
 */
export function bind(roots: readonly Node[], sizes: Sizes): Map<Node, Node> {
  const bound = new Map<Node, Node>();
  for (const node of reachable(roots)) {
    const shape = bindShape(node, sizes);
    const src = node.src.map((s) => bound.get(s)!);
    const next = bindOne(node, src, shape, sizes);
    const name = nameOf(node);
    if (next !== node && name !== undefined) named(next, name);
    bound.set(node, next);
  }
  return bound;
}

function bindOne(node: Node, src: readonly Node[], shape: number[], sizes: Sizes): Node {
  if (node.op === 'size') return constant(sizeOf(node.attr.dim, sizes));
  if (isLeaf(node)) return make(node.op, [], node.attr as never, shape);
  return withSources(node, src, shape);
}
