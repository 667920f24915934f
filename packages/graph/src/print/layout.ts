// Where the dimensions of a node lie in its text. In text, operands are aligned at the right and a
// reduced dimension stays; a node repeats along any dimension and drops what it reduces. What does
// not lie where an op needs it is put there by words: `reshape(v, [5, 1])`.
import { rowOf } from '../elementwise.ts';
import { make, type Node, type NodeOf, type Shape, sameShape, withSources } from '../node.ts';
import type { Reduction } from '../ops/reduce.ts';
import { isTransposition, reductionOf } from '../structural.ts';
import { softmaxOf } from './indices.ts';
import type { Notation, Piece } from './notation.ts';

/** The text of a node: all its dimensions have size 1 but those that the node has. */
export interface Layout {
  /** How many dimensions the text has. */
  readonly rank: number;
  /**
   * Where each dimension of the node lies, counted from the right; -1 if the text lacks it: its
   * size is 1, or the node is the same all along it.
   */
  readonly places: readonly number[];
}

/** The layouts of the nodes of one print. */
export type Layouts = ReadonlyMap<Node, Layout>;

/** As a leaf lies: everything is there, in order. */
const natural = (shape: Shape): Layout =>
  straight(
    shape.map((d) => (d === 1 ? -1 : 0)),
    shape.length,
  );

/** What is there, in order. */
const straight = (places: readonly number[], rank: number): Layout => ({
  rank,
  places: places.map((p, i) => (p < 0 ? -1 : places.length - 1 - i)),
});

const isAligned = ({ places }: Layout): boolean =>
  places.every((p, i) => p < 0 || p === places.length - 1 - i);
const isWhole = ({ places }: Layout, shape: Shape): boolean =>
  shape.every((d, i) => d === 1 || places[i]! >= 0);
const isInOrder = ({ places }: Layout): boolean =>
  places.filter((p) => p >= 0).every((p, i, all) => i === 0 || p < all[i - 1]!);

type Condition = (layout: Layout, shape: Shape) => boolean;

/** What an op may ask of the text of a source. */
const NEEDS = {
  /** Each dimension that is there lies as in a leaf. */
  aligned: isAligned,
  /** The same, or it is clear what to drop: the text of a sum over columns is a column. */
  clear: (layout, shape) =>
    isAligned(layout) ||
    (isWhole(layout, shape) && isInOrder(layout) && layout.rank >= shape.length),
  whole: isWhole,
  inOrder: (layout, shape) => isWhole(layout, shape) && isInOrder(layout),
  /** It has all dimensions as a leaf has; more may lead. */
  matrix: (layout, shape) =>
    isWhole(layout, shape) && isAligned(layout) && layout.rank >= shape.length,
  exact: (layout, shape) =>
    isWhole(layout, shape) && isAligned(layout) && layout.rank === shape.length,
} as const satisfies Record<string, Condition>;

export type Need = keyof typeof NEEDS;

/** What needs no more than that is not repeated to its whole shape. */
const MAY_LACK: ReadonlySet<Need> = new Set(['aligned', 'clear']);

/** The layout of a source once it is as it is needed. */
function settled(layout: Layout, shape: Shape, need: Need): Layout {
  if (NEEDS[need](layout, shape)) return layout;
  return MAY_LACK.has(need) ? straight(layout.places, shape.length) : natural(shape);
}

/** The text of a node as it is needed. */
export function placed(
  { repeat, reshape, reorder, transpose }: Notation,
  x: Piece,
  layout: Layout,
  shape: Shape,
  need: Need,
): Piece {
  if (!repeat || !reshape || NEEDS[need](layout, shape)) return x;
  const { places, rank } = layout;
  const here = shape.map((d, i) => (places[i]! < 0 ? 1 : d));
  let [y, inText] = [x, textShape(layout, shape)];
  if (!isInOrder(layout)) {
    const axes = places.filter((p) => p >= 0).map((p) => rank - 1 - p);
    const order = [...inText.keys()].filter((axis) => !axes.includes(axis)).concat(axes);
    y = isTransposition(order) ? transpose(y) : reorder(y, order);
    inText = order.map((axis) => inText[axis]!);
  }
  const moves = !isAligned(layout) || rank > shape.length;
  if (moves && !sameShape(inText, here)) [y, inText] = [reshape(y, here), here];
  return MAY_LACK.has(need) || sameShape(inText, shape) ? y : repeat(y, shape);
}

/** The text of a product in the layout of its node, if some of the factors are not shown. */
export function restored(
  { repeat }: Notation,
  x: Piece,
  layouts: Layouts,
  node: Node,
  factors: readonly Node[],
): Piece {
  const tensors = factors.filter((f) => f.shape.length > 0);
  const shown = together(node.shape, tensors, layouts)!;
  const wanted = layoutIn(layouts, node);
  const same = shown.rank === wanted.rank && sameShape(shown.places, wanted.places);
  return same || !repeat ? x : repeat(x, textShape(wanted, node.shape));
}

/** The shape that a reader of the text sees. */
function textShape({ rank, places }: Layout, shape: Shape): Shape {
  const sizes = new Map(places.map((p, i) => [p, shape[i]!]));
  return Array.from({ length: rank }, (_, axis) => sizes.get(rank - 1 - axis) ?? 1);
}

/** The layout of operands that broadcast in text; undefined if they contradict each other. */
function together(shape: Shape, nodes: readonly Node[], layouts: Layouts): Layout | undefined {
  const list = nodes.map((x) => layoutIn(layouts, x)).filter(({ rank }) => rank > 0);
  const [first] = list;
  if (first && list.every((l) => l === first)) return first;
  const places = shape.map((_, i) => Math.max(-1, ...list.map((l) => l.places[i]!)));
  const used = places.filter((p) => p >= 0);
  const agree = list.every((l) => l.places.every((p, i) => p < 0 || p === places[i]));
  if (!agree || new Set(used).size < used.length) return undefined;
  return { rank: Math.max(0, ...list.map((l) => l.rank)), places };
}

/** The layout of a node of the print, or of one that reading a product has made of such. */
export const layoutIn = (layouts: Layouts, node: Node): Layout =>
  layouts.get(node) ?? layoutOf(node, layouts);

/** What is repeated stays where it is: nobody writes that. */
function repeated(node: NodeOf<'expand'> & Node, layouts: Layouts): Layout {
  const { rank, places } = layoutIn(layouts, node.src[0]!);
  const result = node.shape.map(() => -1);
  node.attr.dims.forEach((d, i) => {
    result[d] = places[i]!;
  });
  return { rank, places: result };
}

/** The axes of a reduction, as they are counted in its text. */
export function axesInText(node: NodeOf<Reduction> & Node, layouts: Layouts): readonly number[] {
  const source = node.src[0]!;
  const layout = settled(layoutIn(layouts, source), source.shape, needOf(node, layouts));
  return NEEDS.exact(layout, source.shape) ? node.attr.axes : axesThere(node, layout);
}

const axesThere = (node: NodeOf<Reduction> & Node, { rank, places }: Layout): number[] =>
  node.attr.axes
    .flatMap((axis) => (places[axis]! < 0 ? [] : [rank - 1 - places[axis]!]))
    .sort((a, b) => a - b);

/** What a node needs of its sources. */
export function needOf(node: Node, layouts: Layouts): Need {
  switch (node.op) {
    case 'matmul':
      return 'matrix';
    case 'permute':
      return isTransposition(node.attr.axes) ? 'matrix' : 'exact';
    case 'reshape':
      return isMark(node) ? 'aligned' : 'inOrder';
    case 'slice':
    case 'pad':
    case 'flip':
      return 'exact';
    default:
      return isPartial(node) && axesThere(node, layoutIn(layouts, node.src[0]!)).length === 0
        ? 'exact'
        : 'whole';
  }
}

/** A reduction whose text lies elsewhere than its source: over a size of 1 it is no view. */
export function isClosed(node: Node, layouts: Layouts): boolean {
  if (!layouts.has(node) || !reductionOf(node)) return false;
  const source = node.src[0]!;
  const fits = NEEDS[needOf(node, layouts)](layoutIn(layouts, source), source.shape);
  return !isPartial(node) || !fits;
}

/** Does a node reduce some of its dimensions? */
const isPartial = (node: Node): node is NodeOf<Reduction> & Node =>
  reductionOf(node) !== undefined && node.shape.length > 0;

/** A product over several axes is one after another; of those of size 1 its text says nothing. */
export const isSilent = (node: Node): boolean =>
  node.op === 'prod' &&
  isPartial(node) &&
  node.attr.axes.every((axis) => node.src[0]!.shape[axis] === 1);

/** A reshape to the same shape: the operand of an op, to be aligned. */
export const isMark = (node: Node): boolean =>
  node.op === 'reshape' && sameShape(node.shape, node.src[0]!.shape);
const mark = (node: Node): Node => make('reshape', [node], {}, node.shape);

/**
 * The same graph for a print, operands that do not meet in text being marked, and the layouts of
 * all that it shows. Named nodes are shown as their names.
 */
export function layOut(
  root: Node,
  isNamed: (node: Node) => boolean,
): { root: Node; layouts: Layouts } {
  const found = new Set([root]);
  for (const node of found) {
    if (node === root || !isNamed(node)) for (const s of node.src) found.add(s);
  }
  const layouts = new Map<Node, Layout>();
  const lay = (x: Node): Node => {
    const isName = x !== root && isNamed(x);
    layouts.set(x, isName ? natural(x.shape) : layoutOf(x, layouts));
    return x;
  };
  const done = new Map<Node, Node>();
  for (const node of [...found].sort((a, b) => a.id - b.id)) {
    const isName = node !== root && isNamed(node);
    const src = isName ? node.src : node.src.map((s) => done.get(s)!);
    const meet = isName || !rowOf(node.op) || together(node.shape, src, layouts);
    const aligned = (s: Node) => (isAligned(layouts.get(s)!) ? s : lay(mark(s)));
    done.set(node, lay(withSources(node, meet ? src : src.map(aligned))));
  }
  return { root: done.get(root)!, layouts };
}

function layoutOf(node: Node, layouts: Layouts): Layout {
  if (node.op === 'const' || node.op === 'size') {
    return { rank: 0, places: node.shape.map(() => -1) };
  }
  if (node.op === 'expand') return repeated(node, layouts);
  if (isSilent(node)) return reduced(node as NodeOf<'prod'>, layoutIn(layouts, node.src[0]!));
  if (node.op === 'exp' && softmaxOf(node)) return natural(node.shape);
  if (rowOf(node.op)) return together(node.shape, node.src, layouts) ?? natural(node.shape);
  const need = needOf(node, layouts);
  const sources = node.src.map((s) => settled(layoutIn(layouts, s), s.shape, need));
  if (isMark(node)) return sources[0]!;
  if (reductionOf(node)) return reduced(node as NodeOf<Reduction> & Node, sources[0]!);
  const rank = need === 'matrix' ? Math.max(...sources.map((l) => l.rank)) : node.shape.length;
  return { ...natural(node.shape), rank };
}

function reduced(node: NodeOf<Reduction>, { rank, places }: Layout): Layout {
  if (node.shape.length === 0) return { rank: 0, places: [] };
  return { rank, places: places.filter((_, axis) => !node.attr.axes.includes(axis)) };
}
