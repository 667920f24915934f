// Turns one kernel into a nest: elementwise ops become machine ops, views become index maps.
// It knows nodes and nests, and no backend.
import { type Inside, type Node, rowOf, structureOf } from '@chainrule/graph';
import { affinePositions, along, rangeOf, ZERO } from './affine.ts';
import { createExprBuilder, type ExprBuilder } from './expr.ts';
import { isView, type Kernel } from './fuse.ts';
import { type Affine, type Buffer, type Expr, inputOf, type Nest } from './nest.ts';

type Index = readonly Affine[];

interface Lowering {
  readonly m: ExprBuilder;
  readonly bufferOf: ReadonlyMap<Node, number>;
  readonly buffers: readonly Buffer[];
  readonly inputs: number[];
  readonly done: Map<string, Expr>;
  /** How many loops are not those of the fold. */
  readonly outer: number;
  /** Turns of each loop. */
  readonly extents: number[];
  fold?: { node: Node; at: string; axes: readonly number[]; body: Expr };
}

const numbers = (shape: Node['shape']): readonly number[] => shape as readonly number[];

/**
 * The nest of a kernel.
 * @param bufferOf where given and stored nodes are; others are computed inside
 * @param buffers by id; one may have other axes of size 1 than the node that it stores
 */
export function lower(
  kernel: Kernel,
  name: string,
  output: number,
  bufferOf: ReadonlyMap<Node, number>,
  buffers: readonly Buffer[],
): Nest {
  const m = createExprBuilder();
  const { root } = kernel;
  const axes = buffers[output]!.shape;
  const at = { outer: axes.length, extents: [...axes] };
  const lowering: Lowering = { m, bufferOf, buffers, inputs: [], done: new Map(), ...at };
  const own = axes.map((n, i) => (n === 1 ? ZERO : along(i)));
  const index = refit(own, axes, numbers(root.shape));
  const result = (kernel.copy ? value : compute)(lowering, root, index);
  const { fold, inputs } = lowering;
  const nest: Nest = { name, axes, result, inputs, output };
  if (!fold) return nest;
  const row = structureOf(fold.node.op);
  const kind = row?.kind === 'reduction' ? row.fold : 'sum'; // a product of matrices
  return { ...nest, fold: { kind, axes: fold.axes, body: fold.body } };
}

/** The value of a node at an index: loaded where it is stored, else computed. */
function value(l: Lowering, node: Node, index: Index): Expr {
  const buffer = l.bufferOf.get(node);
  if (buffer === undefined) return compute(l, node, index);
  const input = inputOf(l.inputs, buffer);
  return l.m.load(input, refit(index, numbers(node.shape), l.buffers[buffer]!.shape));
}

/** The index of the same element in a shape with other axes of size 1. */
function refit(index: Index, from: readonly number[], to: readonly number[]): Index {
  if (`${from}` === `${to}`) return index;
  const kept = index.filter((_, d) => from[d] !== 1);
  return to.map((n) => (n === 1 ? ZERO : kept.shift()!));
}

function compute(l: Lowering, node: Node, index: Index): Expr {
  const key = `${node.id} ${JSON.stringify(index)}`;
  const known = l.done.get(key);
  if (known) return known;
  const expr = computeAnew(l, node, index);
  l.done.set(key, expr);
  return expr;
}

function computeAnew(l: Lowering, node: Node, index: Index): Expr {
  const row = rowOf(node.op);
  if (row) return row.lower(l.m, node.attr as never, ...node.src.map((s) => value(l, s, index)));
  const structure = structureOf(node.op)!;
  switch (structure.kind) {
    case 'leaf':
      return structure.value!(node.attr, (axis) => l.m.position(index[axis]!), l.m.constant);
    case 'view':
      return viewed(l, node, index);
    case 'reduction': {
      if (!isView(node)) return foldOf(l, node, index);
      const { axes } = node.attr as { axes: readonly number[] };
      const source = numbers(node.src[0]!.shape);
      const one = spread(source, axes, index, () => ZERO);
      const x = value(l, node.src[0]!, one);
      return structure.single?.(l.m, x) ?? x;
    }
    case 'contraction':
      return foldOf(l, node, index);
  }
}

/** The element of a view: that of its source, or 0 where there is none. */
function viewed(l: Lowering, node: Node, index: Index): Expr {
  const row = structureOf(node.op)!;
  if (row.kind !== 'view') throw new Error(`${node.op} is no view`); // unreachable: see above
  const from = {
    attr: node.attr,
    shape: numbers(node.shape),
    source: numbers(node.src[0]!.shape),
  };
  const p = affinePositions(l.extents);
  const x = value(l, node.src[0]!, row.from(p, index, from));
  const conditions = (row.inside?.(p, index, from) ?? []).flatMap((c) => conditionsOf(l, c));
  return conditions.reduceRight((inner, c) => l.m.select(c, inner, l.m.constant(0)), x);
}

/** What is left to ask where the sizes of the loops do not answer it: is it inside? */
function conditionsOf(l: Lowering, { i, from, below }: Inside<Affine>): Expr[] {
  const { least, most } = rangeOf(i, l.extents);
  const at = l.m.position(i);
  return [
    ...(least < from ? [l.m.less(l.m.constant(from - 0.5), at)] : []),
    ...(most >= below ? [l.m.less(at, l.m.constant(below - 0.5))] : []),
  ];
}

/** Indexes a reduction's source: kept dimensions by `index`, reduced ones by `inner`. */
function spread(
  source: readonly number[],
  axes: readonly number[],
  index: Index,
  inner: (i: number) => Affine,
): Index {
  const kept = [...index];
  return source.map((_, d) => (axes.includes(d) ? inner(axes.indexOf(d)) : kept.shift()!));
}

/** The one loop of the kernel; its value is the accumulator. */
function foldOf(l: Lowering, node: Node, index: Index): Expr {
  const at = JSON.stringify(index);
  if (l.fold) {
    if (l.fold.node === node && l.fold.at === at) return l.m.acc;
    throw new Error(`fusion put two loops into one kernel at ${node.op}`); // a bug in fuse
  }
  const { outer } = l;
  const { axes, body } =
    node.op === 'matmul' ? contraction(l, node, index, outer) : reduction(l, node, index, outer);
  // A loop of one turn is no loop.
  if (axes.every((n) => n === 1)) return body;
  l.fold = { node, at, axes, body };
  return l.m.acc;
}

interface Loop {
  readonly axes: readonly number[];
  readonly body: Expr;
}

function contraction(l: Lowering, node: Node, index: Index, outer: number): Loop {
  const [a, b] = node.src as readonly [Node, Node];
  const inner = numbers(a.shape).at(-1)!;
  l.extents[outer] = inner;
  const k = inner === 1 ? ZERO : along(outer);
  const batch = index.slice(0, -2);
  const left = value(l, a, [...batch, index.at(-2)!, k]);
  const right = value(l, b, [...batch, k, index.at(-1)!]);
  return { axes: [inner], body: l.m.mul(left, right) };
}

function reduction(l: Lowering, node: Node, index: Index, outer: number): Loop {
  const x = node.src[0]!;
  const { axes } = node.attr as { axes: readonly number[] };
  const turns = axes.map((a) => numbers(x.shape)[a]!);
  l.extents.splice(outer, turns.length, ...turns);
  // The index maps never name a loop of one turn.
  const inner = (i: number) => (turns[i] === 1 ? ZERO : along(outer + i));
  return { axes: turns, body: value(l, x, spread(numbers(x.shape), axes, index, inner)) };
}
