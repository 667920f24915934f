// What is not finite is found wherever it lies, before and after the search has changed its way; and
// data are used as they lie.
import { expect, test } from 'vitest';
import { openJs } from '../src/backends/js/device.ts';
import { compileOn } from '../src/compile.ts';
import { allFinite } from '../src/feeds.ts';
import { createPlatform } from '../src/placement/devices.ts';
import { net } from './support/programs.ts';

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

test('data in either order are used as they lie, by a program for each', async () => {
  const c = net({ layers: [3, 1], m: 4 });
  const device = await openJs();
  const uploads: Float32Array[] = [];
  let loads = 0;
  const upload: typeof device.upload = (data, ...how) => {
    uploads.push(data);
    return device.upload(data, ...how);
  };
  const load: typeof device.load = (program) => {
    loads++;
    return device.load(program);
  };
  const platform = { ...createPlatform(), open: async () => ({ ...device, upload, load }) };
  using run = await compileOn(platform, c.program, { device: 'js', sizes: c.sizes });
  const { X, Y } = c.feeds;
  const columns = {
    shape: [3, 4],
    data: new Float32Array(12).fill(0.5),
    order: 'columns',
  } as const;
  const labels = { shape: [1, 4], data: Y!, order: 'columns' } as const;
  uploads.length = 0;
  const found = [];
  // Labels are one row, which lies in either order.
  for (const feeds of [
    { X, Y },
    { X, Y: labels },
    { X: columns, Y },
    { X, Y },
    { X: columns, Y },
  ]) {
    run.step(feeds as never);
    found.push(loads);
  }
  expect(found).toEqual([1, 1, 2, 2, 2]);
  for (const data of uploads) expect([X, Y, columns.data]).toContain(data);
  expect(uploads).toHaveLength(10);
});
