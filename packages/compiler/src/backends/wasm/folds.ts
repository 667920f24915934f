// How values are folded, four at a time: the state of each kind of fold, and how two become one.
import type { Fold } from '../../nest.ts';
import { $, type Code, floats, get, type Local, set, shuffle } from './code.ts';
import { MATH } from './math.ts';

/** The fold of a form; a sum of products stays in float32, other sums are added in float64. */
export type FoldKind = Fold | 'dot';

/** A state of some vectors. `x` is a local: folds read it more than once. */
export interface FoldRow {
  readonly start: readonly number[];
  turn(state: readonly Local[], x: Local): Code;
  /** Takes another state in. */
  merge(state: readonly Local[], other: readonly Local[]): Code;
  /** Every lane of the value. */
  value(state: readonly Local[]): Code;
  /** Do the states hold two doubles each? */
  readonly double?: true;
}

const both = (op: 'f32x4.add' | 'f32x4.mul' | 'f32x4.max', a: Local, b: Local): Code =>
  set(a, $(op, get(a), get(b)));
const plain = (op: 'f32x4.add' | 'f32x4.mul' | 'f32x4.max', start: number): FoldRow => ({
  start: [start],
  turn: ([s], x) => both(op, s!, x),
  merge: ([s], [t]) => both(op, s!, t!),
  value: ([s]) => get(s!),
});

/** The lower and the upper two floats as doubles. */
const halves = (x: Local): readonly [Code, Code] => [
  $('f64x2.promote_low_f32x4', get(x)),
  $('f64x2.promote_low_f32x4', shuffle(get(x), get(x), 2, 3, 2, 3)),
];
const toFloats = (low: Code, high: Code): Code =>
  shuffle($('f32x4.demote_f64x2_zero', low), $('f32x4.demote_f64x2_zero', high), 0, 1, 4, 5);
const addDoubles = (s: Local, x: Code): Code => set(s, $('f64x2.add', get(s), x));

const exp = (x: Code): Code => $('call', MATH.indexOf('exp'), x);
const sub = (a: Code, b: Code): Code => $('f32x4.sub', a, b);

/** How far x is below the maximum: 0 where it is the same, also where both are Infinity. */
const below = (x: Local, max: Local, distance: Code): Code =>
  $('v128.andnot', distance, $('f32x4.eq', get(x), get(max)));
/** Below it there is only -Infinity, whose distance from it is infinite: it weighs nothing. */
const LOWEST = -3.4028234663852886e38;

/** Every kind of fold. */
export const folds: Record<FoldKind, FoldRow> = {
  dot: plain('f32x4.add', 0),
  max: plain('f32x4.max', -Infinity),
  prod: plain('f32x4.mul', 1),
  sum: {
    double: true,
    start: [0, 0],
    turn: ([low, high], x) => {
      const [a, b] = halves(x);
      return [addDoubles(low!, a), addDoubles(high!, b)];
    },
    merge: ([a, b], [c, d]) => [addDoubles(a!, get(c!)), addDoubles(b!, get(d!))],
    value: ([low, high]) => toFloats(get(low!), get(high!)),
  },
  // Squares of floats do not overflow doubles.
  norm: {
    double: true,
    start: [0, 0],
    turn: ([low, high], x) => {
      const [a, b] = halves(x);
      return [addDoubles(low!, $('f64x2.mul', a, a)), addDoubles(high!, $('f64x2.mul', b, b))];
    },
    merge: ([a, b], [c, d]) => [addDoubles(a!, get(c!)), addDoubles(b!, get(d!))],
    value: ([low, high]) => toFloats($('f64x2.sqrt', get(low!)), $('f64x2.sqrt', get(high!))),
  },
  // log(sum(exp(x))) = m + log(s), s = sum(exp(x - m)), scaled anew where the maximum m grows.
  logsumexp: {
    // The third is only for what is used twice.
    start: [LOWEST, 0, 0],
    turn: ([m, s, e], x) => {
      const larger = $('f32x4.gt', get(x), get(m!));
      // One exp of minus the distance: of the old maximum below x, or of x below the maximum.
      const distance = $('f32x4.neg', $('f32x4.abs', sub(get(x), get(m!))));
      const scaled = $('f32x4.add', $('f32x4.mul', get(s!), get(e!)), floats(1));
      const added = $('f32x4.add', get(s!), get(e!));
      return [
        set(e!, exp(below(x, m!, distance))),
        set(s!, $('v128.bitselect', scaled, added, larger)),
        set(m!, $('v128.bitselect', get(x), get(m!), larger)),
      ];
    },
    merge: ([m, s, most], [n, t]) => {
      const part = (max: Local, sum: Local): Code =>
        $('f32x4.mul', get(sum), exp(below(max, most!, sub(get(max), get(most!)))));
      return [
        set(most!, $('f32x4.max', get(m!), get(n!))),
        set(s!, $('f32x4.add', part(m!, s!), part(n!, t!))),
        set(m!, get(most!)),
      ];
    },
    value: ([m, s]) => $('f32x4.add', get(m!), $('call', MATH.indexOf('log'), get(s!))),
  },
};

/** The state with its lanes in another order: of neighbours (1), or of pairs (2). */
export function swapped(row: FoldRow, state: readonly Local[], by: 1 | 2): Code[] {
  if (row.double) {
    const [low, high] = state;
    if (by === 2) return [get(high!), get(low!)];
    return [low!, high!].map((s) => shuffle(get(s), get(s), 2, 3, 0, 1));
  }
  const lanes = by === 2 ? [2, 3, 0, 1] : [1, 0, 3, 2];
  return state.map((s) => shuffle(get(s), get(s), ...lanes));
}
