// docs/accuracy.md says how accurate the functions of the device wasm are: here with fewer
// numbers, 128 of each sign and exponent.
import { expect, test } from 'vitest';
import { composed, erf64, primitive } from '../src/accuracy/functions.ts';
import { errorOf, measure } from '../src/accuracy/measure.ts';

const COUNT = 128;

// Units in the last place that others build on; the rest of the page is at most 4.
const bounds: Record<string, number> = {
  ...{ exp: 1, log: 1, sin: 1.6, cos: 1.6 },
  ...{ log1p: 2, expm1: 2, tanh: 2, erf: 2, softplus: 2, sigmoid: 2.5 },
};

test.each(Object.entries({ ...primitive, ...composed }))('%s', async (name, f) => {
  const { worst, at, nearest } = await measure(f, COUNT, 'wasm');
  expect(worst, `at ${at}`).toBeLessThan(bounds[name] ?? 4);
  expect(nearest).toBeGreaterThan(0.6);
});

// From mpmath: mpmath.nstr(mpmath.erf(x), 20).
test.each([
  [1e-6, 1.1283791670951364e-6],
  [0.1, 0.1124629160182849],
  [0.5, 0.5204998778130465],
  [0.9, 0.7969082124228321],
  [1.5, 0.9661051464753108],
  [2.5, 0.999593047982555],
  [3.5, 0.9999992569016276],
  [5, 0.9999999999984625],
])('erf(%d) in float64', (x, wanted) => {
  expect(Math.abs(erf64(x) / wanted - 1)).toBeLessThan(1e-14);
  expect(erf64(-x)).toBe(-erf64(x));
});

test('errors in units in the last place', () => {
  expect(errorOf(1, 1)).toBe(0);
  // The float32 after 1, for a truth in the middle, and two units away from it.
  expect(errorOf(1 + 2 ** -23, 1 + 2 ** -24)).toBe(0.5);
  expect(errorOf(1 + 2 ** -22, 1)).toBe(2);
  // Subnormal numbers are as far apart as the smallest normal ones.
  expect(errorOf(2 ** -149, 0)).toBe(1);
  expect(errorOf(0, 1e-50)).toBe(0);
  expect(errorOf(Number.NaN, Number.NaN)).toBe(0);
  expect(errorOf(Number.NaN, 1)).toBe(Number.POSITIVE_INFINITY);
  expect(errorOf(1, Number.NaN)).toBe(Number.POSITIVE_INFINITY);
});
