// Lifting: a graph that depends on one leaf, evaluated for many values of that leaf at once, along
// new leading dimensions. How an op moves its axes stands in its row.
import { type Node, reachable, type Shape, withSources } from './node.ts';
import { expand } from './ops.ts';
import { structureOf } from './structural.ts';

/** The same values for each index of `lead`. */
const repeated = (x: Node, lead: Shape): Node => expand(x, [...lead, ...x.shape]);

/**
 * `root` with `values` in the place of the leaf `g`: one result for each index of the leading
 * dimensions that `values` has more than g.
 * @param values of shape [...lead, ...g.shape]
 * @returns a node of shape [...lead, ...root.shape]
 */
export function lifted(root: Node, g: Node, values: Node): Node {
  const lead = values.shape.slice(0, values.shape.length - g.shape.length);
  const done = new Map<Node, Node>([[g, values]]);
  const at = (x: Node): Node => done.get(x) ?? repeated(x, lead);
  for (const node of reachable([root])) {
    if (!node.src.some((s) => done.has(s))) continue;
    const src = node.src.map(at);
    const row = structureOf(node.op);
    const made =
      row && 'lift' in row
        ? row.lift(node as never, src, lead)
        : withSources(node, src, [...lead, ...node.shape]);
    done.set(node, made);
  }
  return at(root);
}
