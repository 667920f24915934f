// The stream of random numbers: the same as written down in whole numbers of any length, and the
// same whether it is asked for one number or for many.
import { expect, test } from 'vitest';
import { createRandom } from '../src/index.ts';

const MASK = 0xffffffffn;
const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & MASK;

/** xoshiro128** as its authors have it, from the words that the seed becomes. */
function words(seed: bigint): () => bigint {
  let h = seed & MASK;
  const s = [0, 1, 2, 3].map(() => {
    h = (h + 0x9e3779b9n) & MASK;
    let z = ((h ^ (h >> 16n)) * 0x85ebca6bn) & MASK;
    z = ((z ^ (z >> 13n)) * 0xc2b2ae35n) & MASK;
    return z ^ (z >> 16n);
  }) as [bigint, bigint, bigint, bigint];
  return () => {
    const result = (rotate((s[1] * 5n) & MASK, 7n) * 9n) & MASK;
    const t = (s[1] << 9n) & MASK;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 11n);
    return result;
  };
}

function reference(seed: number) {
  const next = words(BigInt(seed));
  const uniform = (): number => Number(((next() >> 5n) << 26n) | (next() >> 6n)) / 2 ** 53;
  const spare: number[] = [];
  const normal = (): number => {
    while (spare.length === 0) {
      const [u, v] = [2 * uniform() - 1, 2 * uniform() - 1];
      const s = u * u + v * v;
      if (s === 0 || s >= 1) continue;
      const length = Math.sqrt((-2 * Math.log(s)) / s);
      spare.push(u * length, v * length);
    }
    return spare.shift()!;
  };
  return { uniform, normal };
}

test.each([0, 1, 7, 2 ** 31])('seed %i gives the numbers of the algorithm', (seed) => {
  const [random, wanted] = [createRandom(seed), reference(seed)];
  for (let i = 0; i < 1000; i++) {
    expect(random.uniform()).toBe(wanted.uniform());
    expect(random.normal()).toBe(wanted.normal());
  }
});

test('many normal numbers are those that single calls give, wherever the stream is', () => {
  const [random, one] = [createRandom(3), createRandom(3)];
  for (const length of [0, 1, 2, 3, 1, 0, 511, 512, 513, 4000, 7]) {
    const values = new Float32Array(length);
    random.fillNormal(values, 0.3);
    expect(values).toEqual(values.map(() => 0.3 * one.normal()));
    expect(random.uniform()).toBe(one.uniform());
    if (length % 3 === 0) expect(random.normal()).toBe(one.normal());
  }
});
