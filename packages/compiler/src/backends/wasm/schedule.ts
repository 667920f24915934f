// Chooses, by shape alone, which loop of a kernel becomes the lanes, and how many outputs are
// computed side by side.
import type { Affine } from '../../nest.ts';
import { type Form, loadsIn, stepOf } from './form.ts';
import { suits } from './values.ts';

/** Which turns of a kernel are computed at once. */
export interface Schedule {
  /** The loop whose turns are the lanes; none where no loop is long enough. */
  readonly vector?: number;
  /** Neighbours along a loop, in vectors along the loop of the lanes, else in single turns. */
  readonly tile: ReadonlyMap<number, number>;
  /** Vectors of a fold that are folded side by side and joined at the end. */
  readonly unroll: number;
}

export const WIDTH = 4;

/** A sum of products: what the fold adds is a product. */
export const isDot = ({ fold }: Form): boolean =>
  fold?.kind === 'sum' && ['mul', 'neg'].includes(fold.body.op);

/** Loads inside the innermost loop count most; a store counts as one. */
function score(form: Form, axis: number): number {
  const loads: Affine[] = [form.fold?.body ?? form.result].flatMap((e) =>
    loadsIn(e).map((l) => l.index[0]!),
  );
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

/** Sums that fill the 16 registers of x64 with their factors. */
const SUMS = 8;

/** The schedule of a kernel. */
export function scheduleOf(form: Form): Schedule {
  const vector = chooseVector(form);
  const tile = new Map<number, number>();
  if (!form.fold || !isDot(form) || vector === undefined) {
    const wide = form.fold && form.fold.kind !== 'logsumexp' && vector! < form.outer;
    return {
      ...(vector !== undefined && { vector }),
      tile: wide ? sums(form, vector!) : tile,
      unroll: 1,
    };
  }
  const others = [...Array(form.outer).keys()].filter((axis) => axis !== vector).reverse();
  const rows = others.find((axis) => shares(form, axis));
  if (vector < form.outer) {
    const vectors = Math.floor(form.extents[vector]! / WIDTH);
    const high = rows === undefined ? 1 : Math.min(4, form.extents[rows]!);
    if (rows !== undefined) tile.set(rows, high);
    tile.set(vector, Math.max(1, Math.min(vectors, high === 1 ? SUMS : 2)));
    return { vector, tile, unroll: 1 };
  }
  const [columns, lines] = others.filter((axis) => shares(form, axis));
  if (columns !== undefined)
    tile.set(columns, Math.min(lines === undefined ? 4 : 2, form.extents[columns]!));
  if (lines !== undefined) tile.set(lines, Math.min(4, form.extents[lines]!));
  const outputs = [...tile.values()].reduce((a, b) => a * b, 1);
  return { vector, tile, unroll: outputs >= 4 ? 1 : 4 };
}

/** Four vectors side by side use a whole line of the cache. */
function sums(form: Form, vector: number): Map<number, number> {
  return new Map([[vector, Math.max(1, Math.min(4, Math.floor(form.extents[vector]! / WIDTH)))]]);
}

/** Do neighbours along a loop have a factor in common? */
const shares = (form: Form, axis: number): boolean =>
  loadsIn(form.fold!.body).some((l) => stepOf(l.index[0]!, axis) === 0);
