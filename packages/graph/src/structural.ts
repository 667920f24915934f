// The ops that are not elementwise, one row each: leaves, views, products, reductions. A row says
// what the op means, where a view reads, and how it differentiates.
import type { ElementwiseOp } from './elementwise.ts';
import type { Machine } from './machine.ts';
import type { AttrOf, Node, NodeOf, OpName, Shape } from './node.ts';
import * as op from './ops.ts';
import { flatPosition, type Inside, type Positions, unflatten } from './positions.ts';

export type StructuralOp = Exclude<OpName, ElementwiseOp>;

/** What a view is seen from: its attributes and sizes, all of them numbers. */
export interface View<K extends OpName> {
  readonly attr: AttrOf[K];
  readonly shape: readonly number[];
  readonly source: readonly number[];
}

/** How a reduction folds its values, in a loop of a device. */
export type Fold = 'sum' | 'max' | 'logsumexp' | 'prod' | 'norm';

interface Row<K extends OpName> {
  /** The cotangents of the sources, given the cotangent g of the node y. */
  readonly grad: (y: NodeOf<K> & Node, g: Node) => readonly (Node | undefined)[];
}

/** The same op on sources that have the dimensions `lead` before those of the node's own. */
interface Lifts<K extends OpName> {
  readonly lift: (y: NodeOf<K> & Node, src: readonly Node[], lead: Shape) => Node;
}

/** A leaf; its value at a position, if nobody feeds it. */
export interface LeafRow<K extends OpName> extends Row<K> {
  readonly kind: 'leaf';
  readonly value?: <E>(
    attr: AttrOf[K],
    position: (axis: number) => E,
    constant: (value: number) => E,
  ) => E;
}

/** A view: which element of the source stands at a position, and where there is one (else 0). */
export interface ViewRow<K extends OpName> extends Row<K>, Lifts<K> {
  readonly kind: 'view';
  readonly from: <I>(p: Positions<I>, at: readonly I[], view: View<K>) => readonly I[];
  readonly inside?: <I>(p: Positions<I>, at: readonly I[], view: View<K>) => readonly Inside<I>[];
  /** The first axis along which it reads, or writes, what is not there. */
  readonly misfit?: (view: View<K>) => number;
}

/** A reduction; of one value it is that value, or what `single` makes of it. */
export interface ReductionRow<K extends OpName> extends Row<K>, Lifts<K> {
  readonly kind: 'reduction';
  readonly meaning: (values: readonly number[]) => number;
  readonly fold: Fold;
  readonly single?: <E>(m: Machine<E>, x: E) => E;
}

export interface ContractionRow<K extends OpName> extends Row<K>, Lifts<K> {
  readonly kind: 'contraction';
}

/** What fusion needs to know: a leaf is given, a view moves indices, the others run loops. */
export type StructuralRow<K extends OpName> =
  | LeafRow<K>
  | ViewRow<K>
  | ReductionRow<K>
  | ContractionRow<K>;

const leaf = { kind: 'leaf', grad: () => [] } as const;
/** The dimensions of `lead` stay where they are; the others follow. */
const following = (dims: readonly number[], lead: Shape): number[] => [
  ...lead.keys(),
  ...dims.map((d) => d + lead.length),
];
const shifted = (axes: readonly number[], lead: Shape): number[] =>
  axes.map((a) => a + lead.length);
const wholeLead = ({ starts, steps }: AttrOf['slice'], lead: Shape): AttrOf['slice'] => ({
  starts: [...lead.map(() => 0), ...starts],
  steps: [...lead.map(() => 1), ...steps],
});
/** The first axis along which `starts + steps * i` leaves `whole` for an i of `part`, or -1. */
const beyond = (
  { starts, steps }: AttrOf['slice'],
  part: readonly number[],
  whole: readonly number[],
): number => whole.findIndex((dim, d) => starts[d]! + steps[d]! * (part[d]! - 1) >= dim);
const reduction = {
  kind: 'reduction',
  lift: (y: Node, [x]: readonly Node[], lead: Shape): Node =>
    op.reduceAxes(y.op as op.Reduction, x!, shifted((y.attr as AttrOf['sum']).axes, lead)),
} as const;

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const largest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b));

export const structural = {
  input: leaf,
  param: leaf,
  hole: leaf,
  size: leaf,
  const: { ...leaf, value: ({ value }, _, constant) => constant(value) },
  iota: { ...leaf, value: ({ axis }, position) => position(axis) },
  matmul: {
    kind: 'contraction',
    lift: (_, [a, b]) => op.matmul(a!, b!),
    // C = A B: dA = dC B^T, dB = A^T dC
    grad: ({ src: [a, b] }, g) => [op.matmul(g, op.transpose(b!)), op.matmul(op.transpose(a!), g)],
  },
  permute: {
    kind: 'view',
    lift: (y, [x], lead) => op.permute(x!, following(y.attr.axes, lead)),
    from: (_, at, { attr }) => inverse(attr.axes).map((i) => at[i]!),
    grad: (y, g) => [op.permute(g, inverse(y.attr.axes))],
  },
  expand: {
    kind: 'view',
    lift: (y, [x], lead) => op.expandTo(x!, [...lead, ...y.shape], following(y.attr.dims, lead)),
    from: (p, at, { attr, source }) =>
      attr.dims.map((d, i) => (source[i] === 1 ? p.zero : at[d]!)),
    // What was repeated is summed.
    grad: (y, g) => [sumExpanded(y, g)],
  },
  reshape: {
    kind: 'view',
    lift: (y, [x], lead) => op.reshapeTo(x!, [...lead, ...y.shape]),
    from: (p, at, { shape, source }) => unflatten(p, flatPosition(p, at, shape), source),
    grad: (y, g) => [op.reshapeTo(g, y.src[0]!.shape)],
  },
  slice: {
    kind: 'view',
    lift: (y, [x], lead) => op.sliceTo(x!, wholeLead(y.attr, lead), [...lead, ...y.shape]),
    from: (p, at, { attr }) => at.map((i, d) => p.affine(i, attr.steps[d]!, attr.starts[d]!)),
    misfit: ({ attr, shape, source }) => beyond(attr, shape, source),
    grad: (y, g) => [op.padTo(g, y.attr, y.src[0]!.shape)],
  },
  pad: {
    kind: 'view',
    lift: (y, [x], lead) => op.padTo(x!, wholeLead(y.attr, lead), [...lead, ...y.shape]),
    from: (p, at, { attr: { starts, steps }, source }) =>
      at.map((i, d) => {
        const from = p.quotient(p.affine(i, 1, -starts[d]!), steps[d]!);
        return p.clamp(from, source[d]! - 1);
      }),
    inside: (p, at, { attr: { starts, steps }, source }) =>
      at.flatMap((i, d) => {
        const moved = p.affine(i, 1, -starts[d]!);
        const range = { i: moved, from: 0, below: (source[d]! - 1) * steps[d]! + 1 };
        const between = { i: p.remainder(moved, steps[d]!), from: 0, below: 1 };
        return steps[d] === 1 ? [range] : [range, between];
      }),
    misfit: ({ attr, shape, source }) => beyond(attr, source, shape),
    grad: (y, g) => [op.sliceTo(g, y.attr, y.src[0]!.shape)],
  },
  flip: {
    kind: 'view',
    lift: (y, [x], lead) => op.flip(x!, shifted(y.attr.axes, lead)),
    from: (p, at, { attr: { axes }, shape }) =>
      at.map((i, d) => (axes.includes(d) ? p.affine(i, -1, shape[d]! - 1) : i)),
    grad: (y, g) => [op.flip(g, y.attr.axes)],
  },
  sum: {
    ...reduction,
    fold: 'sum',
    meaning: total,
    grad: (y, g) => [op.unreduce(g, y.attr.axes, y.src[0]!.shape)],
  },
  maxOver: {
    ...reduction,
    fold: 'max',
    meaning: largest,
    grad: (y, g) => {
      const x = y.src[0]!;
      const { axes } = y.attr;
      const wide = (z: Node) => op.unreduce(z, axes, x.shape);
      const hit = op.sub(1, op.less(x, wide(y)));
      // A device that rounds x otherwise where it computes it again may find no hit at all.
      const hits = op.max(1, op.reduceAxes('sum', hit, axes));
      const share = op.div(g, hits);
      return [op.mul(wide(share), hit)];
    },
  },
  logsumexp: {
    ...reduction,
    fold: 'logsumexp',
    meaning: (values) => {
      const most = largest(values);
      // -Infinity - -Infinity is NaN.
      if (!Number.isFinite(most)) return most;
      return most + Math.log(total(values.map((x) => Math.exp(x - most))));
    },
    // softmax
    grad: (y, g) => {
      const x = y.src[0]!;
      const wide = (z: Node) => op.unreduce(z, y.attr.axes, x.shape);
      return [op.mul(wide(g), op.exp(op.sub(x, wide(y))))];
    },
  },
  prod: {
    ...reduction,
    fold: 'prod',
    meaning: (values) => values.reduce((a, b) => a * b, 1),
    grad: (y, g) => {
      const [axis] = y.attr.axes as [number];
      const x = y.src[0]!;
      return [op.mul(op.unreduce(g, [axis], x.shape), productOfOthers(x, axis))];
    },
  },
  norm: {
    ...reduction,
    fold: 'norm',
    // Math.hypot takes as many arguments as a stack holds, and is Infinity for NaN and Infinity.
    meaning: (values) =>
      values.some(Number.isNaN) ? Number.NaN : values.reduce((a, x) => Math.hypot(a, x), 0),
    single: (m, x) => m.abs(x),
    // x / |x|, and 0 at 0: the shortest of the subgradients
    grad: (y, g) => {
      const x = y.src[0]!;
      const wide = (z: Node) => op.unreduce(z, y.attr.axes, x.shape);
      return [op.where(wide(op.less(0, y)), op.mul(wide(op.div(g, y)), x), 0)];
    },
  },
} as const satisfies { [K in StructuralOp]: StructuralRow<K> };

/** Does this order swap the last two dimensions, and nothing else? */
export const isTransposition = (axes: readonly number[]): boolean =>
  axes.length >= 2 &&
  axes.slice(0, -2).every((a, i) => a === i) &&
  axes.at(-1) === axes.length - 2;

/** The order of dimensions that undoes `axes`. */
export const inverse = (axes: readonly number[]): number[] => axes.map((_, i) => axes.indexOf(i));

function sumExpanded(y: NodeOf<'expand'> & Node, g: Node): Node {
  const x = y.src[0]!;
  const { dims } = y.attr;
  const broadcast = y.shape
    .map((_, i) => i)
    .filter((i) => {
      const from = dims.indexOf(i);
      return from < 0 || (x.shape[from] === 1 && y.shape[i] !== 1);
    });
  // Dimensions of x that survive the sum, in order; the size-1 ones are put back.
  const kept = dims.flatMap((d, i) => (broadcast.includes(d) ? [] : [i]));
  return op.expandTo(op.reduceAxes('sum', g, broadcast), x.shape, kept);
}

/**
 * Entry i is the product of all entries along the axis but entry i: each row of a matrix of copies
 * with a 1 on its diagonal. It divides by nothing, so zeros are no trouble at any order.
 */
function productOfOthers(x: Node, axis: number): Node {
  const n = x.shape[axis]!;
  const shape: Shape = [...x.shape.slice(0, axis), n, ...x.shape.slice(axis)];
  const copies = op.expandTo(
    x,
    shape,
    x.shape.map((_, d) => (d < axis ? d : d + 1)),
  );
  const diagonal = op.equal(op.iota(shape, axis), op.iota(shape, axis + 1));
  return op.reduceAxes('prod', op.where(diagonal, 1, copies), [axis + 1]);
}

/** The structural row of an op, its attributes untyped. */
export const structureOf = (op: OpName): StructuralRow<OpName> | undefined =>
  (structural as unknown as Record<string, StructuralRow<OpName>>)[op];

/** The row of a reduction, or undefined: is a node one? */
export function reductionOf(node: Node): ReductionRow<OpName> | undefined {
  const row = structureOf(node.op);
  return row?.kind === 'reduction' ? row : undefined;
}
