// Chooses, by shape alone, which loop of a kernel becomes the lanes, and how many outputs are
// computed side by side.
import { type Simd, WIDTH } from './code.ts';
import { type Form, loadsIn, stepOf } from './form.ts';
import type { Product } from './product.ts';
import { suits } from './values.ts';

/** Which turns of a kernel are computed at once. */
export interface Schedule {
  /** The output's loop whose turns are the lanes; none where no loop is long enough. */
  readonly vector?: number;
  /**
   * The fold's loop whose turns are lanes while it runs: then each output has a vector of its own,
   * whose lanes are joined at the end.
   */
  readonly across?: number;
  /** Neighbours along a loop, in vectors along the loop of the lanes, else in single turns. */
  readonly tile: ReadonlyMap<number, number>;
  /** Vectors of a fold that are folded side by side and joined at the end. */
  readonly unroll: number;
}

/** A sum of products: what the fold adds is a product. */
export const isDot = ({ fold }: Form): boolean =>
  fold?.kind === 'sum' && ['mul', 'neg'].includes(fold.body.op);

/** Loads inside the innermost loop count most; a store counts as one. */
function score(form: Form, axis: number): number {
  const roots = form.fold ? [form.fold.body] : form.results;
  const loads = roots.flatMap(loadsIn).map((l) => l.index[0]!);
  const folded = axis >= form.outer;
  const stores = folded || form.fold ? 0 : suits(form.target, axis);
  const sum = loads.reduce((n, i) => n + suits(i, axis), stores);
  // With a fold outside, the result is stored once in many turns; lanes are joined at the end.
  return sum + (folded ? -0.25 : form.fold ? suits(form.target, axis) / 4 : 0);
}

/** The loop whose turns are the lanes. */
function chooseVector(form: Form): number | undefined {
  const last = form.extents.length - 1;
  const axes = [...form.extents.keys()].filter(
    (axis) => form.extents[axis]! >= WIDTH && (axis < form.outer || axis === last),
  );
  const rated = axes.map((axis) => ({ axis, rate: score(form, axis) }));
  // Among equals the innermost: it is the one that memory follows.
  const best = rated.sort((a, b) => b.rate - a.rate || b.axis - a.axis)[0];
  return best && best.rate > -1 ? best.axis : undefined;
}

/**
 * Vectors side by side, of which four use a whole line of the cache; and sums that, with their
 * factors, fill the 16 registers of x64. Without vectors each lane of one takes a register.
 */
export const TILES: Record<Simd, { readonly line: number; readonly sums: number }> = {
  relaxed: { line: 4, sums: 8 },
  simd: { line: 4, sums: 8 },
  scalar: { line: 1, sums: 2 },
};

const atMost = (most: number, count: number): number => Math.max(1, Math.min(most, count));

/** The schedule of a kernel. */
export function scheduleOf(form: Form, simd: Simd): Schedule {
  const vector = chooseVector(form);
  if (!form.fold || vector === undefined) {
    return { ...(vector !== undefined && { vector }), tile: new Map(), unroll: 1 };
  }
  if (vector >= form.outer) return alongFold(form, vector);
  const vectors = Math.floor(form.extents[vector]! / WIDTH);
  const { line, sums } = TILES[simd];
  if (!isDot(form)) {
    const side = form.fold.kind === 'logsumexp' ? 1 : atMost(line, vectors);
    return { vector, tile: new Map([[vector, side]]), unroll: 1 };
  }
  const rows = sharing(form, vector)[0];
  const wide = atMost(rows === undefined ? sums : line, vectors);
  const tile = new Map([[vector, wide]]);
  if (rows !== undefined) tile.set(rows, atMost(Math.floor(sums / wide), form.extents[rows]!));
  return { vector, tile, unroll: 1 };
}

/** Lanes along the fold: some outputs side by side, or some vectors of one output. */
function alongFold(form: Form, across: number): Schedule {
  if (!isDot(form)) return { across, tile: new Map(), unroll: 1 };
  const [columns, rows] = sharing(form, across);
  const tile = new Map<number, number>();
  // Four neighbours become the lanes of a result, where results lie side by side and few are left.
  const joins = (axis?: number): axis is number => {
    if (axis === undefined || suits(form.target, axis) !== 1) return false;
    const extent = form.extents[axis]!;
    return extent >= WIDTH && extent % WIDTH <= extent / WIDTH;
  };
  const vector = [columns, rows].find(joins);
  if (vector !== undefined) {
    const other = vector === columns ? rows : columns;
    if (other !== undefined) tile.set(other, atMost(2, form.extents[other]!));
    return { vector, across, tile, unroll: 1 };
  }
  if (columns !== undefined) {
    tile.set(columns, atMost(rows === undefined ? 4 : 2, form.extents[columns]!));
  }
  if (rows !== undefined) tile.set(rows, atMost(4, form.extents[rows]!));
  const outputs = [...tile.values()].reduce((a, b) => a * b, 1);
  return { across, tile, unroll: outputs >= 4 ? 1 : 4 };
}

/**
 * Rows or columns up to which panels gain nothing where both factors lie along the fold: lanes
 * along it read them as they lie. Joining lanes costs as much as some products, so that more rows
 * need longer folds.
 */
const FEW = 32;
const MANY = 128;

/** Is a product computed with lanes along the fold, whatever its size? */
export function joinsOutputs(form: Form, schedule: Schedule, product: Product): boolean {
  const { vector, across } = schedule;
  if (vector === undefined || across === undefined) return false;
  const few = Math.min(form.extents[product.row]!, form.extents[product.column]!);
  return few <= FEW || few <= Math.min(MANY, form.extents[across]!);
}

/** The output's loops, innermost first, whose neighbours have a factor in common. */
export const sharing = (form: Form, vector: number): number[] => {
  const loads = loadsIn(form.fold!.body).map((l) => l.index[0]!);
  return [...Array(form.outer).keys()]
    .filter((axis) => axis !== vector && loads.some((i) => stepOf(i, axis) === 0))
    .reverse();
};
