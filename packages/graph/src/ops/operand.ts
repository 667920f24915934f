// What ops take, and how operands meet: shapes are checked and broadcasting is made explicit here.
import { checkShape } from '../checks.ts';
import { explain, ShapeError } from '../errors.ts';
import { foldConstant } from '../fold.ts';
import { constant } from '../leaves.ts';
import {
  type AttrOf,
  checkNode,
  type Dim,
  make,
  type Node,
  nameOf,
  type OpName,
  type Shape,
  sameShape,
  showShape,
} from '../node.ts';
import type { NodeLike } from '../shapes.ts';

/** What ops take: a node, or a number that stands for a constant. */
export type Operand = Node | number;

/** The node of an operand: itself, or a constant. @throws ChainruleError if it is neither */
export function toNode(x: Operand): Node {
  if (typeof x === 'number') return constant(x);
  checkNode(x);
  return x;
}

const describe = (x: Node): string => {
  const unnamed = x.src.length === 0 ? `an unnamed ${x.op}` : `the result of ${x.op}`;
  return `${nameOf(x) ?? unnamed} is ${showShape(x.shape)}`;
};

/** An error about shapes that names the operands. */
export function shapeError(
  op: string,
  operands: readonly Node[],
  why: string,
  fix: string,
): ShapeError {
  const shown = operands.filter((x) => x.op !== 'const').map(describe);
  const what = [op, ...(shown.length > 0 ? [shown.join(' and ')] : []), why];
  return new ShapeError(explain(what.join(': '), [], fix));
}

/**
 * Repeats a node along new or size-1 dimensions; sizes are aligned at the right.
 * @throws ShapeError if a dimension is neither equal nor 1.
 */
export function expand<const S extends Shape>(x: Operand, shape: S): NodeLike<S>;
export function expand(x: Operand, shape: Shape): Node {
  const source = toNode(x);
  checkShape('expand', shape);
  const lead = shape.length - source.shape.length;
  const fits = lead >= 0 && source.shape.every((d, i) => d === 1 || d === shape[lead + i]);
  if (!fits) {
    throw shapeError('expand', [source], `it cannot repeat to ${showShape(shape)}.`, EQUAL_OR_1);
  }
  return expandTo(
    source,
    shape,
    source.shape.map((_, i) => lead + i),
  );
}

export const EQUAL_OR_1 = 'sizes must be equal or 1, aligned at the right.';

/** Repeats `x`, its dimension i becoming dimension `dims[i]` of the result. Checks nothing. */
export function expandTo(x: Node, shape: Shape, dims: readonly number[]): Node {
  if (x.op === 'const') return constant(x.attr.value, shape);
  const identity = sameShape(x.shape, shape) && dims.every((d, i) => d === i);
  return identity ? x : make('expand', [x], { dims }, shape);
}

/** What a node repeats, or the node itself. */
export const withoutExpand = (node: Node): Node => (node.op === 'expand' ? node.src[0]! : node);

/** What operands have in common, aligned at the right; the last `apart` dimensions left out. */
export function broadcastShape(op: string, operands: readonly Node[], apart = 0): Shape {
  const rank = Math.max(...operands.map(({ shape }) => shape.length - apart));
  const at = ({ shape }: Node, i: number): Dim => shape[i - rank + shape.length - apart] ?? 1;
  return Array.from({ length: rank }, (_, i) => {
    let common: Dim = 1;
    for (const x of operands) {
      const dim = at(x, i);
      if (common === 1) common = dim;
      if (dim === 1 || dim === common) continue;
      const dims = new Set(operands.map((y) => at(y, i)).filter((d) => d !== 1));
      throw shapeError(op, operands, `the sizes ${[...dims].join(' and ')} differ.`, EQUAL_OR_1);
    }
    return common;
  });
}

/** The ops without attributes. */
type Plain = { [K in OpName]: keyof AttrOf[K] extends never ? K : never }[OpName];

/** Operands repeated to the shape that they share. @throws ShapeError if they share none */
export function broadcast(name: string, operands: readonly Operand[]): Node[] {
  const nodes = operands.map(toNode);
  // Most operands have one shape: nothing is to be found out, and nothing to be repeated.
  const first = nodes[0]!.shape;
  if (nodes.every((x) => sameShape(x.shape, first))) return nodes;
  const shape = broadcastShape(name, nodes);
  return nodes.map((x) => (sameShape(x.shape, shape) ? x : expand(x, shape)));
}

/** The node of an elementwise op on operands that broadcast. */
export function elementwise(op: Plain, ...args: readonly Operand[]): Node {
  const src = broadcast(op, args);
  return folded(make(op, src, {}, src[0]!.shape));
}

/** A node of numbers only is a number. */
export const folded = (x: Node): Node => foldConstant(x) ?? x;
