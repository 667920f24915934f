// Data sets, features, the split and batches: right by construction, the same for the same seed.
import { describe, expect, test } from 'vitest';
import { defaults } from '../src/logic/config.ts';
import { datasetNames, drawPoints, EXTENT } from '../src/logic/datasets.ts';
import { batchSize, createBatches, makeData } from '../src/logic/examples.ts';
import { featureNames, featuresOf } from '../src/logic/features.ts';

const drawn = (name: (typeof datasetNames)[number], noise: number, seed = 1) =>
  drawPoints(name, { count: 200, noise, seed });

describe.each(datasetNames)('%s', (name) => {
  test('has both classes equally often, on the page, the same for the same seed', () => {
    const points = drawn(name, 0.1);
    expect(points).toHaveLength(200);
    expect(points.filter(({ label }) => label === 1)).toHaveLength(100);
    expect(points.every((p) => Math.abs(p.x1) < EXTENT && Math.abs(p.x2) < EXTENT)).toBe(true);
    expect(drawn(name, 0.1)).toEqual(points);
    expect(drawn(name, 0.1, 2)).not.toEqual(points);
  });
});

test('without noise the classes are where the definitions say', () => {
  for (const { x1, x2, label } of drawn('circles', 0)) {
    expect(Math.hypot(x1, x2) < 2).toBe(label === 1);
  }
  for (const { x1, x2, label } of drawn('xor', 0)) expect(x1 * x2 > 0).toBe(label === 1);
  for (const { x1, x2, label } of drawn('flower', 0)) {
    // r = 4 sin(4 t) at the angle t of (r sin t, r cos t), up to the sign of r.
    const angle = Math.atan2(x1, x2);
    expect(Math.hypot(x1, x2)).toBeCloseTo(Math.abs(4 * Math.sin(4 * angle)), 6);
    expect([0, 1]).toContain(label);
  }
});

test('features are laid out one point after another', () => {
  const points = [
    { x1: 2, x2: 3 },
    { x1: -1, x2: 0.5 },
  ];
  expect([...featuresOf(points, ['x1', 'x2', 'x1x1', 'x2x2', 'x1x2'])]).toEqual([
    2, 3, 4, 9, 6, -1, 0.5, 1, 0.25, -0.5,
  ]);
  expect(featuresOf(points, featureNames)).toHaveLength(2 * featureNames.length);
});

test('the split keeps every point once and both classes in both parts', () => {
  const { train, test: held } = makeData({ ...defaults, count: 100, test: 0.3 });
  expect([train.count, held.count]).toEqual([70, 30]);
  expect(new Set([...train.points, ...held.points]).size).toBe(100);
  expect(held.Y.reduce((a, b) => a + b, 0)).toBe(15);
  expect(train.X).toHaveLength(70 * 2);
  expect(train.X[2]).toBeCloseTo(train.points[1]!.x1, 6);
});

test('an epoch of batches shows every example once, in another order each time', () => {
  const part = { X: Float32Array.from({ length: 10 }, (_, i) => i), Y: new Float32Array(10) };
  const batches = createBatches({ ...part, count: 10 }, 4, 1);
  const epoch = () => {
    const seen: number[] = [];
    for (;;) {
      const { X, count, epochEnds } = batches.next();
      expect(X).toHaveLength(count);
      seen.push(...X);
      if (epochEnds) return seen;
    }
  };
  const [first, second] = [epoch(), epoch()];
  const all = [...part.X];
  expect([...first].sort((a, b) => a - b)).toEqual(all);
  expect([...second].sort((a, b) => a - b)).toEqual(all);
  expect(first).not.toEqual(second);
  expect(batchSize(0, 70)).toBe(70);
  expect(batchSize(100, 70)).toBe(70);
});
