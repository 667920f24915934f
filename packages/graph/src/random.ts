// Seeded random numbers, the same on every platform. It knows nothing of graphs.
import { show } from './checks.ts';
import { ChainruleError } from './errors.ts';

/** A stream of random numbers; the same seed gives the same stream everywhere. */
export interface Random {
  /** The next number, uniform in [0, 1). */
  uniform(): number;
  /** The next number of the standard normal distribution. */
  normal(): number;
  /** The next integer, uniform in 0 ... n - 1. */
  integer(n: number): number;
  /** Fills a list with the next normal numbers times `scale`: what as many calls would give. */
  fillNormal(values: Float32Array, scale: number): void;
}

/**
 * Makes a stream from a seed (any integer). xoshiro128** (Blackman and Vigna, 2018) seeded
 * through a multiply-and-shift hash; normal numbers by the polar method of Marsaglia (1964).
 */
export function createRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed)) {
    throw new ChainruleError(`a seed is a whole number, not ${show(seed)}.\n  fix: pass e.g. 1.`);
  }
  const state = seedState(seed);
  const words = new Uint32Array(WORDS);
  const uniform = (): number => {
    draw(state, words, 2);
    return uniformAt(words, 0);
  };
  // The second of a pair waits for the next call.
  let spare: number | undefined;
  const pair = new Float64Array(2);
  const normal = (): number => {
    const waiting = spare;
    spare = undefined;
    if (waiting !== undefined) return waiting;
    do draw(state, words, PAIR);
    while (polar(words, PAIR, pair, 0, 1) === 0);
    spare = pair[1];
    return pair[0]!;
  };
  const fillNormal = (values: Float32Array, scale: number): void => {
    let filled = 0;
    if (spare !== undefined && values.length > 0) values[filled++] = scale * normal();
    while (filled + 1 < values.length) {
      // No more words than pairs are wanted: each pair takes one group of words, or several.
      const count = Math.min(WORDS, PAIR * ((values.length - filled) >> 1));
      draw(state, words, count);
      filled = polar(words, count, values, filled, scale);
    }
    if (filled < values.length) values[filled] = scale * normal();
  };
  return { uniform, normal, integer: (n) => Math.floor(uniform() * n), fillNormal };
}

/** Words of two uniform numbers. */
const PAIR = 4;
/** Words that are drawn at once: a multiple of the above that stays in the first cache. */
const WORDS = 1024;

function seedState(seed: number): Uint32Array {
  let h = (seed ^ Math.floor(seed / 0x100000000)) >>> 0;
  const mix = () => {
    h = (h + 0x9e3779b9) >>> 0;
    let z = h;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  return Uint32Array.of(mix(), mix(), mix(), mix());
}

/** The next words of the stream, its state in locals: a first training step waits for them. */
function draw(state: Uint32Array, to: Uint32Array, count: number): void {
  let [a, b, c, d] = [state[0]!, state[1]!, state[2]!, state[3]!];
  for (let i = 0; i < count; i++) {
    const x = Math.imul(b, 5);
    to[i] = Math.imul((x << 7) | (x >>> 25), 9);
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
}

/** 53 random bits: 27 high bits and 26 more. */
const uniformAt = (words: Uint32Array, i: number): number =>
  ((words[i]! >>> 5) * 0x4000000 + (words[i + 1]! >>> 6)) / 0x20000000000000;

/** Appends the normal numbers of these words in pairs, times `scale`; gives the end of them. */
function polar(
  words: Uint32Array,
  count: number,
  to: Float32Array | Float64Array,
  at: number,
  scale: number,
): number {
  let end = at;
  for (let i = 0; i < count; i += PAIR) {
    const u = 2 * uniformAt(words, i) - 1;
    const v = 2 * uniformAt(words, i + 2) - 1;
    const s = u * u + v * v;
    if (s >= 1 || s === 0) continue;
    const length = Math.sqrt((-2 * Math.log(s)) / s);
    to[end++] = scale * (u * length);
    to[end++] = scale * (v * length);
  }
  return end;
}
