// How a fold starts, takes one value in, and ends, in words of a shading language.
// It knows folds and words; it must not know loops.
import type { Fold } from '../../nest.ts';
import {
  atom,
  choose,
  type Dialect,
  number,
  type Text,
  widened,
  within,
  words,
} from './dialect.ts';

/** Lines of one fold; `suffix` tells its variables from those of the other rows. */
export interface FoldWords {
  start(d: Dialect, suffix: string, wide: boolean): readonly string[];
  /** Takes a value in; `id` tells its locals from those of the other turns. */
  take(d: Dialect, suffix: string, value: Text, id: string): readonly string[];
  end(d: Dialect, suffix: string, wide: boolean): readonly string[];
}

// Below any logit, yet far enough from the largest float that a difference stays finite.
const NO_LOGIT = -1e30;

// What is smaller is flushed to 0 by GPUs: a divisor that is never 0.
const SMALLEST = 2 ** -126;

const variable = (d: Dialect, name: string, value: Text, wide: boolean): string =>
  d.variable(wide ? 'four' : 'one', name, wide ? widened(value, d).text : value.text);

const constant = (d: Dialect, name: string, { text, wide }: Text): string =>
  d.constant(wide ? 'four' : 'one', name, text);

const simple = (start: number, word: (d: Dialect, acc: Text, value: Text) => Text): FoldWords => ({
  start: (d, suffix, wide) => [variable(d, `acc${suffix}`, number(start), wide)],
  take: (d, suffix, value) => {
    const acc = atom(`acc${suffix}`, value.wide);
    return [`${acc.text} = ${word(d, acc, value).text};`];
  },
  end: () => [],
});

/** Lines for a value, and how much it counts beside `m`, the largest so far. */
type Part = (
  d: Dialect,
  value: Text,
  m: Text,
  id: string,
) => {
  readonly lines: readonly string[];
  readonly v: Text;
  /** The smaller of the two, over the larger: it counts so much, or what there was does. */
  readonly r: Text;
};

/** Folds of what may be large: `m`, the largest, and `s`, rescaled when `m` grows. */
const scaled = (
  least: number,
  part: Part,
  whole: (d: Dialect, m: Text, s: Text) => Text,
): FoldWords => ({
  start: (d, suffix, wide) => [
    variable(d, `m${suffix}`, number(least), wide),
    variable(d, `s${suffix}`, number(0), wide),
  ],
  take: (d, suffix, value, id) => {
    const [m, s] = [atom(`m${suffix}`, value.wide), atom(`s${suffix}`, value.wide)];
    const { lines, v, r } = part(d, value, m, id);
    const grown = words.add(d, words.mul(d, s, r), number(1));
    return [
      ...lines,
      `${s.text} = ${choose(d, '<', m, v, grown, words.add(d, s, r)).text};`,
      `${m.text} = ${words.max(d, m, v).text};`,
    ];
  },
  end: (d, suffix, wide) => {
    const [m, s] = [atom(`m${suffix}`, wide), atom(`s${suffix}`, wide)];
    return [constant(d, `acc${suffix}`, whole(d, m, s))];
  },
});

export const foldWords = {
  sum: simple(0, (d, acc, value) => words.add(d, acc, atom(within(value, 3), value.wide))),
  max: simple(Number.NEGATIVE_INFINITY, (d, acc, value) => words.max(d, acc, value)),
  prod: simple(1, (d, acc, value) => words.mul(d, acc, value)),
  // sqrt(sum(v^2)) = m sqrt(s), s = sum((v / m)^2), m the largest size.
  norm: scaled(
    SMALLEST,
    (d, value, m, id) => {
      const [v, r] = [atom(`v${id}`, value.wide), atom(`r${id}`, value.wide)];
      const ratio = words.div(d, words.min(d, v, m), words.max(d, v, m));
      const lines = [constant(d, v.text, words.abs(d, value)), constant(d, r.text, ratio)];
      return { lines, v, r: words.mul(d, r, r) };
    },
    (d, m, s) => words.mul(d, m, words.sqrt(d, s)),
  ),
  // log(sum(exp(v))) = m + log(s), s = sum(exp(v - m)), m the maximum.
  logsumexp: scaled(
    NO_LOGIT,
    (d, value, m, id) => {
      const [v, e] = [atom(`v${id}`, value.wide), atom(`e${id}`, value.wide)];
      const gap = words.abs(d, words.sub(d, v, m));
      const lines = [
        constant(d, v.text, value),
        constant(d, e.text, words.exp(d, words.neg(d, gap))),
      ];
      return { lines, v, r: e };
    },
    (d, m, s) => words.add(d, m, words.log(d, s)),
  ),
} as const satisfies Record<Fold, FoldWords>;
