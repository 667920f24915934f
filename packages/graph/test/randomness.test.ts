// Random tensors: the hash is exact in float32, the same as in whole numbers, and its values pass
// the usual tests of randomness along every direction that a mask or a batch of noise has.
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { input, interpret, type Machine, type Node, param } from '../src/index.ts';
import { normalOf, randomBits } from '../src/ops/random.ts';
import { hashes } from '../src/rows/hash.ts';
import { float32 } from './support/float32.ts';
import { inFloat32 } from './support/scalars.ts';

const RANGE = 2 ** 24;
const hash = (a: number, b: number): number => hashes.hash.meaning({}, a, b);
const uniforms = (n: number, bits: (i: number) => number): number[] =>
  Array.from({ length: n }, (_, i) => bits(i) / RANGE);

/** The same in whole numbers: halves of 12 bits, four rounds. */
function inWholeNumbers(a: number, b: number): number {
  const [highA, lowA, highB, lowB] = [a >> 12, a & 4095, b >> 12, b & 4095];
  let x = (lowB + ((lowA * 2259) >> 6) + highA + 127 * highB) & 4095;
  let y = (lowA + ((x * x) >> 6) + highB) & 4095;
  x = (x + ((y * 3629) >> 6)) & 4095;
  y = (y + ((x * x) >> 6)) & 4095;
  return y * 4096 + x;
}

describe('the hash', () => {
  const corners = [0, 1, 63, 64, 4095, 4096, 4097, 65_535, RANGE / 2, RANGE - 4096, RANGE - 1];
  const scattered = Array.from({ length: 300 }, (_, i) => (i * 7_919_993) % RANGE);
  const numbers = [...corners, ...scattered];

  test('rounds nowhere in float32: every backend gives the same bits', () => {
    let ops = 0;
    const exact = (x: number): number => {
      ops++;
      expect(Math.fround(x)).toBe(x);
      return x;
    };
    const machine: Machine<number> = {
      ...float32,
      add: (a, b) => exact(a + b),
      sub: (a, b) => exact(a - b),
      mul: (a, b) => exact(a * b),
    };
    for (const a of corners) for (const b of corners) hashes.hash.lower(machine, {}, a, b);
    for (const a of scattered) hashes.hash.lower(machine, {}, a, (a * 31) % RANGE);
    expect(ops).toBeGreaterThan(0);
  });

  test('is one of whole numbers below 2^24, a permutation of each argument', () => {
    for (const a of numbers) {
      for (const b of numbers.slice(0, 40)) {
        expect(hash(a, b)).toBe(inWholeNumbers(a, b));
        expect(hashes.hash.lower(float32, {}, a, b)).toBe(inWholeNumbers(a, b));
      }
    }
    for (const along of [
      (i: number) => inWholeNumbers(i, 7),
      (i: number) => inWholeNumbers(7, i),
    ]) {
      const seen = new Uint8Array(RANGE);
      for (let i = 0; i < RANGE; i++) seen[along(i)] = 1;
      expect(seen.indexOf(0)).toBe(-1);
    }
  });
});

/** How far statistics of n numbers are from those of independent ones, in standard deviations. */
function deviations(u: readonly number[]): Record<string, number> {
  const n = u.length;
  const mean = u.reduce((s, x) => s + x, 0) / n;
  const variance = u.reduce((s, x) => s + (x - mean) ** 2, 0) / n;
  const chi = (bins: number, at: (i: number) => number, count: number): number => {
    const found = new Float64Array(bins);
    for (let i = 0; i < count; i++) found[at(i)]! += 1;
    const want = count / bins;
    const sum = found.reduce((s, x) => s + (x - want) ** 2 / want, 0);
    return (sum - (bins - 1)) / Math.sqrt(2 * (bins - 1));
  };
  const bin = (x: number) => Math.floor(16 * x);
  return {
    mean: (mean - 0.5) * Math.sqrt(12 * n),
    variance: (variance - 1 / 12) * Math.sqrt(180 * n),
    correlation: correlation(u.slice(0, -1), u.slice(1)),
    'sixteen bins': chi(16, (i) => bin(u[i]!), n),
    'pairs of neighbours': chi(256, (i) => 16 * bin(u[2 * i]!) + bin(u[2 * i + 1]!), n / 2),
  };
}

/** The correlation of uniform numbers, in standard deviations of that of independent ones. */
const correlation = (u: readonly number[], v: readonly number[]): number =>
  (u.reduce((s, x, i) => s + (x - 0.5) * (v[i]! - 0.5), 0) * 12) / Math.sqrt(u.length);

/** Of some thousand independent normal numbers none is this large; chi-squares have longer tails. */
const LIMIT = 5;
const N = 4096;
const key = (seed: number, step = 0): number => hash(hash(seed, 0), step);

describe('uniform numbers', () => {
  const STREAMS: Record<string, (seed: number) => (i: number) => number> = {
    'along columns': (s) => (i) => hash(hash(key(s), 3), i),
    'along rows': (s) => (i) => hash(hash(key(s), i), 3),
    'of a matrix of 64 columns': (s) => (i) => hash(hash(key(s), i >> 6), i & 63),
    'down a matrix of 64 rows': (s) => (i) => hash(hash(key(s), i & 63), i >> 6),
    'along steps': (s) => (i) => hash(hash(key(s, i), 5), 3),
    'along seeds': (s) => (i) => hash(hash(key(i, s), 5), 3),
    'of a vector': (s) => (i) => hash(key(s), i),
    'of scalars along steps': (s) => (i) => key(s, i),
  };
  test.each(Object.entries(STREAMS))('%s are as if independent', (_, stream) => {
    for (let seed = 0; seed < 25; seed++) {
      for (const [what, z] of Object.entries(deviations(uniforms(N, stream(seed))))) {
        expect(Math.abs(z), `${what}, seed ${seed}`).toBeLessThan(LIMIT);
      }
    }
  });

  test('of neighbouring seeds, steps and rows are not correlated', () => {
    for (let k = 0; k < 50; k++) {
      const row = (seed: number, step: number, row: number) =>
        uniforms(N, (i) => hash(hash(key(seed, step), row), i));
      const here = row(k, 0, 0);
      for (const other of [row(k + 1, 0, 0), row(k, 1, 0), row(k, 0, 1), row(k, 0, 64)]) {
        expect(Math.abs(correlation(here, other)), `seed ${k}`).toBeLessThan(LIMIT);
      }
    }
  });

  test.each([2, 64, 1024, 4096, 65_536])('%i apart are as if independent', (distance) => {
    for (let seed = 0; seed < 25; seed++) {
      for (const at of [(i: number) => hash(key(seed), i), (i: number) => hash(i, key(seed))]) {
        const pairs = uniforms(2 * N, (i) => at((i >> 1) + (i & 1) * distance));
        const z = deviations(pairs)['pairs of neighbours']!;
        expect(Math.abs(z), `seed ${seed}`).toBeLessThan(LIMIT);
      }
    }
  });
});

/** Phi(x), by the continued fraction and the series of Abramowitz and Stegun 26.2.10 and 14. */
function normalCdf(x: number): number {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  const size = Math.abs(x);
  if (size > 3) {
    let fraction = size;
    for (let k = 60; k > 0; k--) fraction = size + k / fraction;
    return x > 0 ? 1 - density / fraction : density / fraction;
  }
  let [term, sum] = [x, x];
  for (let k = 3; k < 120; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return 0.5 + density * sum;
}

describe('as graphs', () => {
  const n = 20_000;
  const i = input(n, { name: 'i' });
  const places = Array.from({ length: n }, (_, k) => k);

  test('normal numbers have the normal distribution (Kolmogorov and Smirnov)', () => {
    for (const seed of [1, 2, 3]) {
      const node = normalOf(randomBits('normal', [i], { seed }));
      const sorted = interpret(node, { i: places }).data.toSorted();
      const distance = Math.max(
        ...Array.from(sorted, (z, k) => Math.abs(normalCdf(z) - (k + 0.5) / n) + 0.5 / n),
      );
      // scipy.stats.kstwobign.isf(0.001) = 1.9495
      expect(distance * Math.sqrt(n), `seed ${seed}`).toBeLessThan(1.9495);
    }
  });

  test('they are finite at every hash, and the largest are 5.8 in size', () => {
    const bits = param({ name: 'bits' });
    const [low, high] = [0, RANGE - 1].map((b) => inFloat32(normalOf(bits), { bits: b }));
    expect(Math.abs(low!)).toBeLessThan(5.8);
    expect(high).toBeCloseTo(0, 12);
  });

  test('a seed fixes the numbers, and a step draws anew', () => {
    const at = input({ name: 'at' });
    expect(g.uniform([], { seed: 3 })).toBe(g.uniform([], { seed: 3 }));
    expect(g.uniform([])).not.toBe(g.uniform([]));
    const u = g.uniform([], { seed: 3, at });
    const drawn = [0, 1, 2].map((step) => interpret(u, { at: [step] }).data[0]!);
    expect(new Set(drawn).size).toBe(3);
    for (const x of drawn) expect(x).toSatisfy((v: number) => v >= 0 && v < 1);
    expect(drawn).toEqual([0, 1, 2].map((step) => key(3, step) / RANGE));
    expect(interpret(g.uniform([], { seed: 2 ** 40 }), {}).data[0]).not.toBe(drawn[0]);
  });

  test('dropout keeps the expectation, and its gradient has the same mask', () => {
    const x = param({ name: 'x' });
    const at = input({ name: 'at' });
    const y = g.dropout(x, 0.25, { seed: 1, at });
    const slope = g.grad(y, x);
    const steps = places.slice(0, 4000);
    const run = (node: Node, step: number) => interpret(node, { x: [3], at: [step] }).data[0]!;
    const values = steps.map((step) => run(y, step));
    expect([...new Set(values)].sort()).toEqual([0, 4]);
    // The standard deviation of the mean of 4000 is 3 sqrt(1/3) / sqrt(4000) = 0.027.
    expect(Math.abs(values.reduce((s, v) => s + v, 0) / 4000 - 3)).toBeLessThan(4 * 0.027);
    for (const step of steps.slice(0, 50)) {
      expect(interpret(slope, { at: [step] }).data[0]).toBeCloseTo(values[step]! / 3, 12);
    }
    expect(g.dropout(x, 0)).toBe(x);
  });

  test('what cannot be is said', () => {
    const x = param(2, { name: 'x' });
    expect(() => g.dropout(x, 1)).toThrow(/dropout: x is \[2\]: the rate 1 is not in \[0, 1\)/);
    expect(() => g.uniform([], { seed: -1 })).toThrow(/the seed -1/);
    expect(() => g.uniform([], { seed: 0.5 })).toThrow(/the seed 0.5/);
    expect(() => g.normal([], { at: x })).toThrow(/normal: x is \[2\]: `at` must be a scalar/);
  });
});
