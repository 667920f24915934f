// Lifting: a graph that depends on one leaf, evaluated for many values of that leaf at once, along
// new leading dimensions. It knows how each structural op moves its axes, and no elementwise op.
import { type ElementwiseOp, rowOf } from './elementwise.ts';
import {
  type Node,
  type NodeOf,
  type OpName,
  reachable,
  type Shape,
  withSources,
} from './node.ts';
import { expand, expandTo, matmul, permute, reduceAxes } from './ops.ts';

type StructuralOp = Exclude<OpName, ElementwiseOp>;

/** The same op with `lead` before the dimensions of its sources, which have it already. */
type Lift<K extends OpName> = (y: NodeOf<K> & Node, src: readonly Node[], lead: Shape) => Node;

const shifted = (axes: readonly number[], lead: Shape): number[] =>
  axes.map((a) => a + lead.length);

/** The dimensions of `lead` stay where they are; the others follow. */
const following = (axes: readonly number[], lead: Shape): number[] => [
  ...lead.map((_, i) => i),
  ...shifted(axes, lead),
];

const leaf = (y: Node, _: readonly Node[], lead: Shape): Node => repeated(y, lead);
const reduction = <K extends 'sum' | 'maxOver' | 'logsumexp'>(
  y: NodeOf<K> & Node,
  [x]: readonly Node[],
  lead: Shape,
): Node => reduceAxes(y.op, x!, shifted(y.attr.axes, lead));

const lifts = {
  input: leaf,
  param: leaf,
  hole: leaf,
  const: leaf,
  size: leaf,
  matmul: (_, [a, b]) => matmul(a!, b!),
  permute: (y, [x], lead) => permute(x!, following(y.attr.axes, lead)),
  expand: (y, [x], lead) => expandTo(x!, [...lead, ...y.shape], following(y.attr.dims, lead)),
  sum: reduction,
  maxOver: reduction,
  logsumexp: reduction,
} as const satisfies { [K in StructuralOp]: Lift<K> };

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
    const lift = (lifts as unknown as Partial<Record<OpName, Lift<OpName>>>)[node.op];
    const shape = [...lead, ...node.shape];
    done.set(
      node,
      rowOf(node.op) ? withSources(node, src, shape) : lift!(node as never, src, lead),
    );
  }
  return at(root);
}
