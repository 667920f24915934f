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

const one = number(1);

/** `s` is scaled when `m` grows: to `s r + 1` if the new value is the larger, else to `s + r`. */
function rescaled(d: Dialect, suffix: string, v: Text, r: Text, shrunk: Text): string[] {
  const [m, s] = [atom(`m${suffix}`, v.wide), atom(`s${suffix}`, v.wide)];
  const grown = words.add(d, words.mul(d, s, shrunk), one);
  const added = words.add(d, s, r);
  return [
    `${s.text} = ${choose(d, '<', m, v, grown, added).text};`,
    `${m.text} = ${words.max(d, m, v).text};`,
  ];
}

export const foldWords = {
  sum: simple(0, (d, acc, value) => words.add(d, acc, atom(within(value, 3), value.wide))),
  max: simple(Number.NEGATIVE_INFINITY, (d, acc, value) => words.max(d, acc, value)),
  prod: simple(1, (d, acc, value) => words.mul(d, acc, value)),
  // sqrt(sum(v^2)) = m sqrt(s), s = sum((v / m)^2); s is rescaled when the largest size m grows.
  norm: {
    start: (d, suffix, wide) => [
      variable(d, `m${suffix}`, number(SMALLEST), wide),
      variable(d, `s${suffix}`, number(0), wide),
    ],
    take: (d, suffix, value, id) => {
      const m = atom(`m${suffix}`, value.wide);
      const v = atom(`v${id}`, value.wide);
      const r = atom(`r${id}`, value.wide);
      const ratio = words.div(d, words.min(d, v, m), words.max(d, v, m));
      const square = words.mul(d, r, r);
      return [
        constant(d, v.text, words.abs(d, value)),
        constant(d, r.text, ratio),
        ...rescaled(d, suffix, v, square, square),
      ];
    },
    end: (d, suffix, wide) => {
      const [m, s] = [atom(`m${suffix}`, wide), atom(`s${suffix}`, wide)];
      return [constant(d, `acc${suffix}`, words.mul(d, m, words.sqrt(d, s)))];
    },
  },
  // log(sum(exp(v))) = m + log(s), s = sum(exp(v - m)); s is rescaled when the maximum m grows.
  logsumexp: {
    start: (d, suffix, wide) => [
      variable(d, `m${suffix}`, number(NO_LOGIT), wide),
      variable(d, `s${suffix}`, number(0), wide),
    ],
    take: (d, suffix, value, id) => {
      const m = atom(`m${suffix}`, value.wide);
      const v = atom(`v${id}`, value.wide);
      const e = atom(`e${id}`, value.wide);
      const gap = words.abs(d, words.sub(d, v, m));
      return [
        constant(d, v.text, value),
        constant(d, e.text, words.exp(d, words.neg(d, gap))),
        ...rescaled(d, suffix, v, e, e),
      ];
    },
    end: (d, suffix, wide) => {
      const [m, s] = [atom(`m${suffix}`, wide), atom(`s${suffix}`, wide)];
      return [constant(d, `acc${suffix}`, words.add(d, m, words.log(d, s)))];
    },
  },
} as const satisfies Record<Fold, FoldWords>;
