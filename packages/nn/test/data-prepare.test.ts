import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DataError,
  examples,
  fitStandardizer,
  oneHot,
  parseCsv,
  split,
  standardize,
  toMatrix,
} from '../src/data/index.ts';

function breastCancer() {
  const file = new URL('../../../datasets/breast_cancer.csv', import.meta.url);
  const table = parseCsv(readFileSync(file, 'utf8'));
  const features = table.names.filter((name) => name !== 'malignant');
  return { X: toMatrix(table, features), Y: toMatrix(table, ['malignant']) };
}

describe('standardize', () => {
  test('agrees with NumPy on the breast cancer data', () => {
    // X = np.loadtxt('datasets/breast_cancer.csv', delimiter=',', skiprows=1)[:, :30]
    // X = X.astype(np.float32); mean, std = X.mean(0, dtype='f8'), X.std(0, dtype='f8')
    const { X } = breastCancer();
    const standardizer = fitStandardizer(X);
    const figures = [
      [0, 14.127291743072348, 3.5209507474778245],
      [3, 654.889103814043, 351.6047537432559],
      [19, 0.0037949038734937804, 0.002643744757260472],
    ] as const;
    for (const [feature, mean, std] of figures) {
      expect(Math.abs(standardizer.mean[feature]! / mean - 1)).toBeLessThan(1e-12);
      expect(Math.abs(standardizer.scale[feature]! / std - 1)).toBeLessThan(1e-12);
    }
    // np.float32((X[i, k] - mean[k]) / std[k])
    const { data, shape } = standardize(X, standardizer);
    expect(shape).toEqual([30, 569]);
    expect(data[0]).toBeCloseTo(1.0970638990402222, 6);
    expect(data[568 * 30 + 3]).toBeCloseTo(-1.3477892875671387, 6);
    expect(data[100 * 30 + 19]).toBeCloseTo(-0.5446455478668213, 6);
  });

  test('a constant feature becomes 0, not NaN', () => {
    // 0.1 is no float32 and no float64, so its sums are rounded.
    const set = examples(
      2,
      new Float32Array(2000).map((_, i) => (i % 2 === 0 ? 0.1 : i)),
    );
    const standardizer = fitStandardizer(set);
    expect(standardizer.scale[0]).toBe(1);
    const { data } = standardize(set, standardizer);
    expect(Math.abs(data[0]!)).toBeLessThan(1e-12);
    expect(fitStandardizer(examples(1, [5])).scale).toEqual([1]);
  });

  test('gives mean 0 and population deviation 1 whatever the data', () => {
    const value = fc.float({ min: -1e4, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 2 }), (rows) => {
        const fitted = fitStandardizer(examples(2, rows.flat()));
        const again = fitStandardizer(standardize(examples(2, rows.flat()), fitted));
        for (const feature of [0, 1]) {
          // float32 results of about a hundred numbers at most.
          expect(Math.abs(again.mean[feature]!)).toBeLessThan(1e-5);
          expect(Math.abs(again.scale[feature]! - 1)).toBeLessThan(1e-5);
        }
      }),
    );
  });

  test('survives JSON and measures the training part only', () => {
    const fitted = fitStandardizer(examples(1, [1, 3]));
    expect(fitted).toEqual({ mean: [2], scale: [1] });
    const { data } = standardize(examples(1, [4]), JSON.parse(JSON.stringify(fitted)));
    expect([...data]).toEqual([2]);
  });

  test('says what does not fit', () => {
    expect(() => fitStandardizer(examples(2, [1, 2, 3, Number.NaN]))).toThrow(
      'feature 1 of example 1 is NaN',
    );
    expect(() => fitStandardizer(examples(2, []))).toThrow(DataError);
    expect(() => standardize(examples(2, [1, 2]), { mean: [0], scale: [1] })).toThrow(
      'the standardizer knows 1 features, the examples have 2',
    );
  });
});

describe('split', () => {
  const numbered = (n: number) => ({
    X: examples(
      2,
      Float32Array.from({ length: 2 * n }, (_, i) => i >> 1),
    ),
    Y: examples(
      1,
      Float32Array.from({ length: n }, (_, i) => i),
    ),
  });

  test('gives every example to one part, all matrices alike, the same for a seed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 80 }),
        fc.integer({ min: 1, max: 79 }),
        fc.nat(),
        (n, wanted, seed) => {
          const testCount = Math.min(wanted, n - 1);
          const { train, test } = split(numbered(n), { test: testCount, seed });
          expect(test.Y.shape).toEqual([1, testCount]);
          const all = [...train.Y.data, ...test.Y.data];
          expect([...all].sort((a, b) => a - b)).toEqual([...numbered(n).Y.data]);
          for (const { X, Y } of [train, test]) {
            expect([...X.data]).toEqual([...Y.data].flatMap((y) => [y, y]));
          }
          expect(split(numbered(n), { test: testCount, seed })).toEqual({ train, test });
        },
      ),
    );
  });

  test('differs from seed to seed and shuffles both parts', () => {
    const one = split(numbered(40), { test: 0.5, seed: 1 });
    const two = split(numbered(40), { test: 0.5, seed: 2 });
    expect(one.test.Y.data).not.toEqual(two.test.Y.data);
    expect([...one.train.Y.data]).not.toEqual([...one.train.Y.data].sort((a, b) => a - b));
    expect(split(numbered(40), { test: 0.5 })).toEqual(
      split(numbered(40), { test: 0.5, seed: 0 }),
    );
  });

  test('a fraction is rounded to whole examples', () => {
    // 0.07 * 100 is 7.000000000000001
    expect(split(numbered(100), { test: 0.07 }).test.Y.shape[1]).toBe(7);
    expect(split(breastCancer(), { test: 0.2 }).test.Y.shape[1]).toBe(114);
  });

  test('stratified parts hold the classes in proportion', () => {
    const { train, test } = split(breastCancer(), { test: 0.2, seed: 3, stratify: 'Y' });
    const sum = (data: Float32Array) => data.reduce((a, b) => a + b, 0);
    // 212 * 114 / 569 = 42.47, 357 * 114 / 569 = 71.53: the larger remainder is the second's.
    expect([sum(test.Y.data), test.Y.shape[1]]).toEqual([42, 114]);
    expect([sum(train.Y.data), train.Y.shape[1]]).toEqual([170, 455]);
  });

  test('stratifies by one-hot columns, within one example of the share', () => {
    const labels = fc.array(fc.nat(3), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(labels, fc.nat(), (half, seed) => {
        // Twice, so that no class has a single example.
        const Y = oneHot([...half, ...half], 4);
        const fraction = 0.3;
        const testCount = Math.round(fraction * Y.shape[1]);
        fc.pre(testCount > 0);
        const { test } = split({ Y }, { test: fraction, seed, stratify: 'Y' });
        expect(test.Y.shape[1]).toBe(testCount);
        for (const label of [0, 1, 2, 3]) {
          const size = 2 * half.filter((l) => l === label).length;
          const got = test.Y.data.filter((value, i) => i % 4 === label && value === 1).length;
          expect(Math.abs(got - (size * testCount) / Y.shape[1])).toBeLessThan(1);
        }
      }),
    );
  });

  test('says what does not fit', () => {
    const set = numbered(10);
    for (const test of [0, 1.5, 10, -1, Number.NaN, 0.01]) {
      expect(() => split(set, { test })).toThrow(`test: ${test} of 10 examples`);
    }
    expect(() => split({ X: set.X, Y: examples(1, [1]) }, { test: 0.5 })).toThrow(
      'X has 10 examples, Y has 1',
    );
    expect(() => split({}, { test: 0.5 })).toThrow('nothing to split');
    expect(() => split(set, { test: 0.5, stratify: 'Z' as 'Y' })).toThrow('stratify names "Z"');
    expect(() => split(set, { test: 0.5, stratify: 'Y' })).toThrow(
      'example 0 is the only one of its class',
    );
  });
});
