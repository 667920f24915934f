// What is not finite is found wherever it lies, before and after the search has changed its way.
import { expect, test } from 'vitest';
import { allFinite } from '../src/finite.ts';

const LENGTHS = [0, 1, 3, 4, 5, 8, 11];
const BROKEN = [Number.NaN, -Number.NaN, Infinity, -Infinity];
const FINITE = [0, -0, 1, -1, 2 ** -149, 3.4028234663852886e38, -3.4028234663852886e38];

test.each(['at first', 'once many numbers have been looked at'])('%s', () => {
  let found = 0;
  for (const length of LENGTHS) {
    const numbers = Float32Array.from({ length }, (_, i) => FINITE[i % FINITE.length]!);
    expect(allFinite(numbers)).toBe(true);
    for (let i = 0; i < length; i++) {
      for (const broken of BROKEN) {
        // Within a larger array, too: what lies beside it does not matter.
        const around = new Float32Array(length + 2).fill(Infinity);
        around.set(numbers, 1);
        const part = around.subarray(1, length + 1);
        expect(allFinite(part)).toBe(true);
        part[i] = broken;
        expect(allFinite(part)).toBe(false);
        found++;
      }
    }
  }
  expect(found).toBe(4 * 32);
  expect(allFinite(new Float32Array(2 ** 20))).toBe(true);
});
