// Turns one kernel into a nest: elementwise ops become machine ops, views become index maps.
// It knows nodes and nests, and no backend.
import { type Node, type OpName, rowOf } from '@chainrule/graph';
import { createExprBuilder, type ExprBuilder } from './expr.ts';
import { isView, type Kernel } from './fuse.ts';
import type { Affine, Expr, Fold, Nest } from './nest.ts';

type Index = readonly Affine[];

const ZERO: Affine = { at: 0, of: [] };
const along = (axis: number): Affine => ({ at: 0, of: [{ axis, step: 1 }] });

interface Lowering {
  readonly kernel: Kernel;
  readonly m: ExprBuilder;
  readonly bufferOf: ReadonlyMap<Node, number>;
  readonly inputs: number[];
  readonly done: Map<string, Expr>;
  fold?: { node: Node; at: string; axes: readonly number[]; body: Expr };
}

const numbers = (shape: Node['shape']): readonly number[] => shape as readonly number[];

/**
 * The nest of a kernel.
 * @param bufferOf where given and stored nodes are; others are computed inside
 */
export function lower(
  kernel: Kernel,
  name: string,
  output: number,
  bufferOf: ReadonlyMap<Node, number>,
): Nest {
  const m = createExprBuilder();
  const lowering: Lowering = { kernel, m, bufferOf, inputs: [], done: new Map() };
  const { root } = kernel;
  const index = numbers(root.shape).map((n, i) => (n === 1 ? ZERO : along(i)));
  const result = (kernel.copy ? value : compute)(lowering, root, index);
  const { fold, inputs } = lowering;
  const nest: Nest = { name, axes: numbers(root.shape), result, inputs, output };
  if (!fold) return nest;
  return { ...nest, fold: { kind: foldKind(fold.node), axes: fold.axes, body: fold.body } };
}

/** How each loop of the graph folds. */
const FOLDS: Readonly<Partial<Record<OpName, Fold>>> = {
  matmul: 'sum',
  sum: 'sum',
  maxOver: 'max',
  logsumexp: 'logsumexp',
};

function foldKind(node: Node): Fold {
  const kind = FOLDS[node.op];
  if (kind) return kind;
  throw new Error(`no loop for ${node.op}`); // unreachable: fuse calls no other op a loop
}

/** The value of a node at an index: loaded where it is stored, else computed. */
function value(l: Lowering, node: Node, index: Index): Expr {
  const buffer = l.bufferOf.get(node);
  if (buffer === undefined) return compute(l, node, index);
  const known = l.inputs.indexOf(buffer);
  const input = known >= 0 ? known : l.inputs.push(buffer) - 1;
  return l.m.load(input, index);
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
  if (node.op === 'const') return l.m.constant(node.attr.value);
  const row = rowOf(node.op);
  if (row) return row.lower(l.m, node.attr as never, ...node.src.map((s) => value(l, s, index)));
  if (isView(node)) return value(l, node.src[0]!, throughView(node, index));
  return foldOf(l, node, index);
}

/** Where in its source an element of a view comes from. */
function throughView(node: Node, index: Index): Index {
  const source = numbers(node.src[0]!.shape);
  if (node.op === 'permute') return source.map((_, i) => index[node.attr.axes.indexOf(i)]!);
  if (node.op === 'expand') {
    return source.map((d, i) => (d === 1 ? ZERO : index[node.attr.dims[i]!]!));
  }
  const { axes } = node.attr as { axes: readonly number[] };
  return spread(source, axes, index, () => ZERO);
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
  const outer = l.kernel.root.shape.length;
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
  const k = inner === 1 ? ZERO : along(outer);
  const batch = index.slice(0, -2);
  const left = value(l, a, [...batch, index.at(-2)!, k]);
  const right = value(l, b, [...batch, k, index.at(-1)!]);
  return { axes: [inner], body: l.m.mul(left, right) };
}

function reduction(l: Lowering, node: Node, index: Index, outer: number): Loop {
  const x = node.src[0]!;
  const { axes } = node.attr as { axes: readonly number[] };
  const body = value(
    l,
    x,
    spread(numbers(x.shape), axes, index, (i) => along(outer + i)),
  );
  return { axes: axes.map((a) => numbers(x.shape)[a]!), body };
}
