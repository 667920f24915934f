// Which cotangents below a choice are 0 whatever the slopes are: 0 times the infinite slope of a
// branch that was not taken would be NaN. The mask of a node has its shape and is 0 where the node
// cannot matter; of a node without a mask all may.
import { rowOf } from './elementwise.ts';
import { isConst } from './leaves.ts';
import { isLeaf, type Node, sameShape, withSources } from './node.ts';
import { reduceAxes, unreduce, where } from './ops.ts';
import { structureOf } from './structural.ts';

/** One for each source of a node. */
type PerSource = readonly (Node | undefined)[];

/** The nodes whose value or slope may be infinite. */
export function wildNodes(order: readonly Node[]): ReadonlySet<Node> {
  const wild = new Set<Node>();
  for (const node of order) {
    const row = rowOf(node.op);
    if ((row && !row.tame) || node.src.some((s) => wild.has(s))) wild.add(node);
  }
  return wild;
}

/** The masks of a node's sources, as far as this use of them goes. */
export function masksBelow(node: Node, mask: Node | undefined): PerSource {
  if (node.op === 'where') {
    const [c] = node.src as [Node];
    return [undefined, mask ? where(c, mask, 0) : c, where(c, 0, mask ?? 1)];
  }
  if (!mask || isLeaf(node)) return [];
  if (rowOf(node.op)) return node.src.map(() => mask);
  const { kind, grad } = structureOf(node.op)!;
  if (kind === 'view') return grad(node as never, where(mask, 1, 0));
  if (kind === 'contraction') {
    // An entry of a factor matters if any of the row, or column, that it goes into does.
    const n = mask.shape.length;
    return [n - 1, n - 2].map((axis, i) => {
      const count = reduceAxes('sum', where(mask, 1, 0), [axis]);
      return unreduce(count, [axis], node.src[i]!.shape);
    });
  }
  const [x] = node.src as [Node];
  const axes = 'axes' in node.attr ? node.attr.axes : [];
  const fits = mask.shape.length + axes.length === x.shape.length;
  return fits ? [unreduce(mask, axes, x.shape)] : [];
}

/** Two uses of one node: it matters where it does for either. */
export function either(p: Node | undefined, q: Node | undefined): Node | undefined {
  if (!p || !q || p === q) return p && q;
  for (const [yes, no] of [
    [p, q],
    [q, p],
  ] as const) {
    if (no.op !== 'where' || !isConst(no.src[1]!, 0)) continue;
    const [c, , rest] = no.src as [Node, Node, Node];
    if (isConst(rest, 1) && yes === c) return undefined;
    if (yes === where(c, rest, 0)) return rest;
  }
  return where(p, 1, q);
}

/** The cotangents of a node's sources, 0 where their masks are. */
export function cotangentsBelow(
  node: Node,
  g: Node,
  masks: PerSource,
  wild: ReadonlySet<Node>,
): PerSource {
  const row = rowOf(node.op) ?? structureOf(node.op)!;
  const kept = (x: Node | undefined, i: number) =>
    x && masks[i] && sameShape(masks[i].shape, x.shape) ? where(masks[i], x, 0) : x;
  if (!wild.has(node) || isLinear(node)) return row.grad(node as never, g);
  if (structureOf(node.op)?.kind !== 'contraction') return row.grad(node as never, g).map(kept);
  const src = node.src.map((s, i) => (wild.has(s) ? kept(s, i)! : s));
  return row.grad(withSources(node, src) as never, g);
}

/** Does the cotangent meet no value of the node or its sources? */
const isLinear = ({ op }: Node): boolean =>
  op === 'add' || op === 'where' || op === 'sum' || structureOf(op)?.kind === 'view';
