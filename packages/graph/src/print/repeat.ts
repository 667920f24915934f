// The shape that a reader of the text infers: what is repeated to a larger shape is not written
// where other operands show the shape. It knows how text broadcasts.
import { rowOf } from '../elementwise.ts';
import { type Dim, type Node, type Shape, sameShape } from '../node.ts';
import { reductionOf } from '../structural.ts';

/** The shapes of the texts of nodes, as far as they are known in one print. */
export type TextShapes = Map<Node, Shape>;

/** Does the text of a node stand for its whole shape, or for something to be repeated? */
export function showsItsShape(
  root: Node,
  isNamed: (node: Node) => boolean,
  known: TextShapes,
): boolean {
  const shape = textShape(root, isNamed, known);
  return shape.length >= root.shape.length && sameShape(wide(shape), wide(root.shape));
}

const wide = (shape: Shape): Shape => shape.filter((d) => d !== 1);

function textShape(root: Node, isNamed: (node: Node) => boolean, known: TextShapes): Shape {
  const isOpen = (node: Node): boolean =>
    !isNamed(node) && (node.op === 'expand' || rowOf(node.op) !== undefined);
  const found = new Set<Node>(known.has(root) ? [] : [root]);
  for (const node of found) {
    if (isOpen(node)) for (const s of node.src) if (!known.has(s)) found.add(s);
  }
  for (const node of [...found].sort((a, b) => a.id - b.id)) {
    const below = () => broadcast(node.src.map((s) => known.get(s)!));
    known.set(node, isOpen(node) ? below() : ownShape(node, isNamed));
  }
  return known.get(root)!;
}

function ownShape(node: Node, isNamed: (node: Node) => boolean): Shape {
  if (node.op === 'const') return [];
  if (!reductionOf(node) || isNamed(node)) return node.shape;
  // In text a reduced dimension stays, with the size 1.
  const { axes } = node.attr as { axes: readonly number[] };
  const source = node.src[0]!.shape;
  return axes.length === source.length ? [] : source.map((d, i) => (axes.includes(i) ? 1 : d));
}

function broadcast(shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i): Dim => {
    const dims = shapes.map((shape) => shape[i - rank + shape.length] ?? 1);
    return dims.find((d) => d !== 1) ?? 1;
  });
}
