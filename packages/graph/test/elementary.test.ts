// Elementary and special functions where the sweeps over rows do not look: exact values, unfolding,
// arguments far out, pairs of arguments in float32.
import { describe, expect, test } from 'vitest';
import { elementwise } from '../src/elementwise.ts';
import * as g from '../src/index.ts';
import { float32, ulpsApart } from './support/float32.ts';

const value = (node: g.Node, values: g.Values = {}) => g.interpret(node, values).data[0]!;
const x = g.param({ name: 'x' });

describe('exact values', () => {
  test('log2 of powers of two', () => {
    for (let k = -1022; k < 1024; k++) expect(value(g.log2(x), { x: [2 ** k] })).toBe(k);
  });
  test('log10 of powers of ten', () => {
    for (let k = 0; k < 23; k++) expect(value(g.log10(x), { x: [10 ** k] })).toBe(k);
  });
  test('cube roots of cubes', () => {
    for (let k = -20; k <= 20; k++) expect(value(g.cbrt(x), { x: [k ** 3] })).toBe(k);
  });
  test.each([
    ['erf at infinity', g.erf(x), Number.POSITIVE_INFINITY, 1],
    ['erf at minus infinity', g.erf(x), Number.NEGATIVE_INFINITY, -1],
    ['erfc at infinity', g.erfc(x), Number.POSITIVE_INFINITY, 0],
    ['erfc at minus infinity', g.erfc(x), Number.NEGATIVE_INFINITY, 2],
    ['erfc at 0', g.erfc(x), 0, 1],
    ['logErfc at infinity', g.logErfc(x), Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    ['erfcHazard at minus infinity', g.erfcHazard(x), Number.NEGATIVE_INFINITY, 0],
    ['erf of what is no number', g.erf(x), Number.NaN, Number.NaN],
    ['erfc of what is no number', g.erfc(x), Number.NaN, Number.NaN],
  ] as const)('%s', (_, node, at, want) => {
    expect(value(node, { x: [at] })).toBe(want);
  });
  test('the angle of a zero does not depend on its sign', () => {
    for (const zero of [0, -0]) {
      expect(value(g.atan2(x, -1), { x: [zero] })).toBe(Math.PI);
      expect(value(g.atan2(0, x), { x: [zero] })).toBe(0);
    }
  });
});

test('powers by another name unfold', () => {
  expect(g.rsqrt(x)).toBe(g.pow(x, -0.5));
  expect(g.reciprocal(x)).toBe(g.pow(x, -1));
});

test('numbers fold, and operands broadcast', () => {
  expect(g.hypot(3, 4)).toBe(g.constant(5));
  expect(g.atan2(g.param(2, 3), g.param(3)).shape).toEqual([2, 3]);
  expect(() => g.logaddexp(g.param(2, 3), g.param(2) as g.Node)).toThrow(g.ShapeError);
});

describe('far out', () => {
  const { logErfc, erfcHazard } = elementwise;
  test.each([20, 1e3, 1e6, 1e9, 1e15])('the tail of erfc at %d', (at) => {
    // From the continued fraction: h = 2 x + 1/x - 1/x^3 + 5/(2 x^5) - ...
    const hazard = 2 * at + 1 / at - 1 / at ** 3 + 2.5 / at ** 5;
    const log = -at * at - Math.log(Math.sqrt(Math.PI) * (hazard / 2));
    // The next term of the series is 37/(4 x^7): 2e-10 of h at 20.
    expect(Math.abs(value(g.erfcHazard(x), { x: [at] }) / hazard - 1)).toBeLessThan(4e-10);
    expect(Math.abs(value(g.logErfc(x), { x: [at] }) / log - 1)).toBeLessThan(1e-11);
    expect(value(g.grad(g.logErfc(x), x), { x: [at] })).toBe(-value(g.erfcHazard(x), { x: [at] }));
    const single = Math.fround(at);
    const found = [erfcHazard.lower(float32, {}, single), logErfc.lower(float32, {}, single)];
    const wanted = [erfcHazard.meaning({}, single), logErfc.meaning({}, single)];
    found.forEach((y, i) => {
      expect(ulpsApart(y, wanted[i]!)).toBeLessThanOrEqual(8);
    });
  });
  test('erf stays within -1 and 1 in float32', () => {
    for (let at = -8; at <= 8; at += 1 / 1024) {
      expect(Math.abs(elementwise.erf.lower(float32, {}, at))).toBeLessThanOrEqual(1);
    }
  });
});

describe('pairs in float32', () => {
  const seed = 11;
  const { hypot, atan2, logaddexp } = elementwise;
  const random = g.createRandom(seed);
  const size = () => Math.fround(10 ** (60 * random.uniform() - 30));
  const either = (v: number) => (random.uniform() < 0.5 ? v : -v);
  test.each([
    ['hypot', hypot, () => either(size())],
    ['atan2', atan2, () => either(size())],
    // Where the result is near 0 it has the absolute error of its arguments: positive ones only.
    ['logaddexp', logaddexp, size],
  ] as const)(`%s of 2,000 (seed ${seed})`, (_, row, draw) => {
    for (let i = 0; i < 2000; i++) {
      const b = draw();
      const a = i % 2 ? draw() : Math.fround(b * either(0.1 + random.uniform() * 3));
      const at = [row === logaddexp ? Math.abs(a) : a, b] as const;
      const ulps = ulpsApart(row.lower(float32, {}, ...at), row.meaning({}, ...at));
      expect(ulps, `at ${at}`).toBeLessThanOrEqual(4);
    }
  });
});

describe('infinities, as in NumPy', () => {
  const far = Number.POSITIVE_INFINITY;
  test.each([
    ['logaddexp', elementwise.logaddexp, [far, far], far],
    ['logaddexp', elementwise.logaddexp, [-far, -far], -far],
    ['logaddexp', elementwise.logaddexp, [-far, 2], 2],
    ['logaddexp', elementwise.logaddexp, [3, far], far],
    ['power', elementwise.power, [-far, 0.5], Number.NaN],
    ['power', elementwise.power, [-far, 3], -far],
  ] as const)('%s', (_, row, at, want) => {
    const [a, b] = at;
    expect(row.meaning({}, a, b)).toBe(want);
    expect(row.lower(float32, {}, a, b)).toBe(want);
  });

  test('roots of below 0 are none', () => {
    for (const root of [g.sqrt(x), g.rsqrt(x), g.pow(x, 1.5), g.pow(x, -0.3)]) {
      expect(value(root, { x: -far })).toBeNaN();
      expect(value(root, { x: -1e-300 })).toBeNaN();
    }
    expect(value(g.pow(x, -3), { x: -far })).toBe(-0);
  });
});

test('the norm of more numbers than a stack holds', () => {
  const many = g.param(200_000, { name: 'x' });
  // 200,000 roundings, half of them up.
  expect(value(g.norm(many), { x: new Float64Array(200_000).fill(0.5) })).toBeCloseTo(
    Math.sqrt(50_000),
    9,
  );
});

test('a norm keeps NaN beside Infinity, as the root of the sum of squares does', () => {
  const x = g.param(3, { name: 'x' });
  for (const data of [
    [1, Number.NaN, Infinity],
    [-Infinity, 2, Number.NaN],
  ]) {
    expect(value(g.norm(x), { x: Float64Array.from(data) })).toBeNaN();
    expect(value(g.sqrt(g.sum(g.square(x))), { x: Float64Array.from(data) })).toBeNaN();
  }
  expect(value(g.norm(x), { x: Float64Array.of(1, -Infinity, Infinity) })).toBe(Infinity);
});
