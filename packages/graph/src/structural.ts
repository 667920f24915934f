// The derivatives of leaves, views, products and reductions: the ops that change shape.
import type { ElementwiseOp } from './elementwise.ts';
import type { Node, NodeOf, OpName } from './node.ts';
import * as op from './ops.ts';

type StructuralOp = Exclude<OpName, ElementwiseOp>;

/** What fusion needs to know: a leaf is given, a view moves indices, the others run loops. */
export type StructureKind = 'leaf' | 'view' | 'reduction' | 'contraction';

interface StructuralRow<K extends OpName> {
  readonly kind: StructureKind;
  readonly grad: (y: NodeOf<K> & Node, g: Node) => readonly (Node | undefined)[];
}

const leaf = { kind: 'leaf', grad: () => [] } as const;

export const structural = {
  input: leaf,
  param: leaf,
  hole: leaf,
  const: leaf,
  size: leaf,
  matmul: {
    kind: 'contraction',
    // C = A B: dA = dC B^T, dB = A^T dC
    grad: ({ src: [a, b] }, g) => [op.matmul(g, op.transpose(b!)), op.matmul(op.transpose(a!), g)],
  },
  permute: {
    kind: 'view',
    grad: (y, g) => [op.permute(g, inverse(y.attr.axes))],
  },
  expand: {
    kind: 'view',
    // What was repeated is summed.
    grad: (y, g) => [sumExpanded(y, g)],
  },
  sum: {
    kind: 'reduction',
    grad: (y, g) => [op.unreduce(g, y.attr.axes, y.src[0]!.shape)],
  },
  maxOver: {
    kind: 'reduction',
    grad: (y, g) => {
      const x = y.src[0]!;
      const { axes } = y.attr;
      const wide = (z: Node) => op.unreduce(z, axes, x.shape);
      const hit = op.sub(1, op.less(x, wide(y)));
      const share = op.div(g, op.reduceAxes('sum', hit, axes));
      return [op.mul(wide(share), hit)];
    },
  },
  logsumexp: {
    kind: 'reduction',
    // softmax
    grad: (y, g) => {
      const x = y.src[0]!;
      const wide = (z: Node) => op.unreduce(z, y.attr.axes, x.shape);
      return [op.mul(wide(g), op.exp(op.sub(x, wide(y))))];
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

/** The structural row of an op, its attributes untyped. */
export const structureOf = (op: OpName): StructuralRow<OpName> | undefined =>
  (structural as unknown as Record<string, StructuralRow<OpName>>)[op];
