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
  const word = () => next(state);
  // 53 random bits: 27 high bits and 26 more.
  const uniform = () => ((word() >>> 5) * 0x4000000 + (word() >>> 6)) / 0x20000000000000;
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const u = 2 * uniform() - 1;
      const v = 2 * uniform() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) {
        const scale = Math.sqrt((-2 * Math.log(s)) / s);
        spare = v * scale;
        return u * scale;
      }
    }
  };
  return { uniform, normal, integer: (n) => Math.floor(uniform() * n) };
}

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

const rotate = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

function next(s: Uint32Array): number {
  const result = Math.imul(rotate(Math.imul(s[1]!, 5), 7), 9) >>> 0;
  const t = s[1]! << 9;
  s[2]! ^= s[0]!;
  s[3]! ^= s[1]!;
  s[1]! ^= s[2]!;
  s[0]! ^= s[3]!;
  s[2]! ^= t;
  s[3] = rotate(s[3]!, 11);
  return result;
}
