// The tiles of products: which are chosen, and that results do not depend on them.
import { expect, test } from 'vitest';
import { openWasm } from '../src/backends/wasm/device.ts';
import { shapeOf, shapesFor } from '../src/backends/wasm/tile.ts';
import { runCase } from './support/conformance.ts';
import { matrixProduct } from './support/nests.ts';
import { whyNoRelaxedSimd } from './support/simd.ts';

test('there are tall tiles where the engine keeps the order and has relaxed SIMD', () => {
  const rows = (...engine: Parameters<typeof shapesFor>) =>
    shapesFor(...engine).map((shape) => shape.rows);
  expect(rows('relaxed', true)).toEqual([4, 5, 6]);
  expect(rows('relaxed', false)).toEqual([2]);
  expect(rows('simd', true)).toEqual([2]);
  expect(rows('scalar', true)).toEqual([2]);
});

test('rows are covered in the shortest time', () => {
  const shapes = shapesFor('relaxed', true);
  const found = [8, 10, 15, 20, 64, 128, 256].map((rows) => shapeOf(rows, shapes).rows);
  expect(found).toEqual([4, 5, 5, 5, 6, 6, 6]);
});

const why = whyNoRelaxedSimd();
test.skipIf(why)(`tiles change no bit${why ? `: ${why}` : ''}`, async () => {
  for (const [n, m, k] of [
    [20, 209, 600],
    [67, 131, 257],
    [9, 17, 2050],
  ] as const) {
    const made = matrixProduct(n, m, k);
    const [tall, wide] = await Promise.all(
      [true, false].map(async (inOrder) => {
        const device = await openWasm({ simd: 'relaxed', inOrder });
        return new Uint32Array((await runCase(device, made)).buffer);
      }),
    );
    expect(tall).toEqual(wide);
  }
});
