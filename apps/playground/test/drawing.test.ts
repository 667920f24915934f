// What is drawn, without a canvas: boundaries, colours, places, pace, the loss curve.
import { expect, test } from 'vitest';
import { featureMap, GRID, signChanges } from '../src/logic/grid.ts';
import { type Sample, withSample } from '../src/logic/history.ts';
import { edgePath, layoutOf } from '../src/logic/layout.ts';
import { mayObserve, nextQuota } from '../src/logic/pace.ts';
import { colourTable, paint, palettes } from '../src/logic/palette.ts';

test('the boundary of a slope is a straight line between the cells', () => {
  // Columns -1, 1, 3: zero halfway between the first and the second.
  const values = Float32Array.from([-1, 1, 3, -1, 1, 3, -1, 1, 3]);
  expect(signChanges(values, 3)).toEqual([
    [0.5, 0, 0.5, 1],
    [0.5, 1, 0.5, 2],
  ]);
  expect(signChanges(new Float32Array(9).fill(1), 3)).toEqual([]);
});

test('a saddle is cut into two lines', () => {
  expect(signChanges(Float32Array.from([1, -1, -1, 1]), 2)).toHaveLength(2);
});

test('the map of a feature has the orientation of the plane: x2 grows upwards', () => {
  const map = featureMap('x2');
  expect(map[0]).toBeCloseTo(1, 5);
  expect(map.at(-1)).toBeCloseTo(-1, 5);
  expect(featureMap('x1')[GRID - 1]).toBeCloseTo(1, 5);
});

test('colours run from one end over neutral to the other, and junk is neutral', () => {
  const table = colourTable(palettes.light);
  const out = new Uint32Array(4);
  paint([-5, 0, 5, Number.NaN], table, out);
  const [r, g, b] = palettes.light.neutral;
  const neutral = (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
  expect([...out]).toEqual([table[0], neutral, table.at(-1), neutral]);
});

test('units keep their distance from each other and from the sides', () => {
  for (const width of [330, 600, 900]) {
    for (const counts of [
      [7, 1],
      [7, 4, 3, 1],
      [7, 8, 8, 8, 8, 1],
    ]) {
      const { columns, size, height } = layoutOf(counts, width);
      expect(columns.map((c) => c.length)).toEqual(counts);
      const xs = columns.map((c) => c[0]!.x);
      for (const [i, x] of xs.slice(1).entries()) expect(x - xs[i]!).toBeGreaterThan(size);
      expect(xs.at(-1)! + size / 2).toBeLessThanOrEqual(width);
      expect(Math.max(...columns.flat().map(({ y }) => y)) + size / 2).toBeLessThan(height);
    }
  }
  expect(edgePath({ x: 0, y: 0 }, { x: 100, y: 50 }, 20)).toMatch(/^M10\.0 0\.0C.* 90\.0 50\.0$/);
});

test('a slow GPU gets fewer steps a frame, a fast one more, never none', () => {
  expect(nextQuota(8, 5)).toBe(16);
  expect(nextQuota(8, 30)).toBe(8);
  expect(nextQuota(8, 100)).toBe(4);
  expect(nextQuota(1, 1000)).toBe(1);
  expect(mayObserve(5, 10)).toBe(false);
  expect(mayObserve(20, 10)).toBe(true);
});

test('the loss curve stays bounded and keeps its first and its last sample', () => {
  let history: readonly Sample[] = [];
  for (let step = 0; step < 5000; step++) {
    history = withSample(history, { step, train: 1, test: 1 });
  }
  expect(history.length).toBeLessThanOrEqual(601);
  expect(history[0]!.step).toBe(0);
  expect(history.at(-1)!.step).toBe(4999);
  const again = withSample(history, { step: 4999, train: 2, test: 2 });
  expect(again).toHaveLength(history.length);
  expect(again.at(-1)!.train).toBe(2);
});
