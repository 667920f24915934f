// Where numbers lie on a GPU, how threads share the work, and what is refused. No GPU is needed.
import { describe, expect, test } from 'vitest';
import { emit } from '../src/backends/gpujs/emit.ts';
import { assertMode } from '../src/backends/gpujs/gl.ts';
import { type GpuKind, layoutOf, padded, unpadded } from '../src/backends/gpujs/layout.ts';

import { threadsOf } from '../src/backends/gpujs/threads.ts';
import type { Nest } from '../src/nest.ts';
import { acc, apply, fixed, line, load, nestCase } from './support/nests.ts';

const spaceOf = (kind: GpuKind) => ({ kind, side: kind === 'webgpu' ? 2 ** 31 : 2048 });

describe('layouts', () => {
  const at = (shape: readonly number[], kind: GpuKind, order: 'rows' | 'columns' = 'rows') =>
    layoutOf({ name: 'X', shape, order }, spaceOf(kind));

  test.each([
    [[], 'rows', [1, 1]],
    [[1, 1], 'rows', [1, 1]],
    [[7], 'rows', [1, 2]],
    [[7, 1], 'rows', [1, 2]],
    [[2, 3], 'rows', [1, 2]],
    [[2, 30], 'rows', [8, 2]],
    [[2, 30], 'columns', [1, 30]],
    [[4, 2, 9], 'rows', [3, 8]],
    [[4, 2, 9], 'columns', [1, 36]],
    [[3, 9000], 'rows', [2048, 4]],
    [[9000], 'rows', [2048, 2]],
    [[5000], 'rows', [32, 40]],
    [[70], 'rows', [4, 5]],
  ] as const)('%j in %s is a texture of %j', (shape, order, grid) => {
    expect(at(shape, 'webgl2', order).grid).toEqual(grid);
  });

  test.each([
    [[5, 7], 'rows', 'webgpu'],
    [[3, 8], 'rows', 'webgl2'],
    [[4, 2, 9], 'columns', 'webgl2'],
    [[3, 9001], 'rows', 'webgl'],
    [[], 'rows', 'webgpu'],
  ] as const)('data of %j in %s come back from %s as they went', (shape, order, kind) => {
    const size = shape.reduce<number>((n, d) => n * d, 1);
    const data = Float32Array.from({ length: size }, (_, i) => i + 1);
    const layout = at(shape, kind, order);
    const texels = padded(data, layout);
    expect(texels.length).toBe(4 * layout.grid[0] * layout.grid[1]);
    expect(unpadded(texels, layout)).toEqual(data);
  });

  test.each([
    [[4097, 4096], 'webgl', 'more than 2048 x 2048'],
    [[2 ** 16, 2 ** 15], 'webgpu', 'exceed a 32 bit index'],
  ] as const)('%j on %s is refused by name', (shape, kind, reason) => {
    expect(() => at(shape, kind)).toThrow(`${kind} cannot address X, which is [`);
    expect(() => at(shape, kind)).toThrow(reason);
  });

  test('the plan is refused too', () => {
    const nest = { axes: [2], result: load(0, fixed(0), 0) };
    const { plan } = nestCase('Z', nest, [{ shape: [2, 20_000_000], numbers: () => 0 }]);
    expect(() => emit(plan, spaceOf('webgl2'))).toThrow('cannot address x0');
  });

  test('so is a position that GLSL does not count to, such as a clamped one', () => {
    const all = 2 ** 23 + 1;
    const clamp = { part: 'clamp', of: line(0, 1, 1), by: all - 1, step: 1 } as const;
    const body = load(0, { at: 0, of: [clamp] });
    const nest = { axes: [1], fold: { kind: 'sum', axes: [all], body }, result: acc } as const;
    const { plan } = nestCase('Z', nest, [{ shape: [all], numbers: () => 0 }]);
    const space = (kind: GpuKind) => ({ kind, side: 4096 });
    expect(() => emit(plan, space('webgl2'))).toThrow(`a position of ${all - 1} exceeds`);
    expect(() => emit(plan, space('webgpu'))).not.toThrow();
  });
});

describe('threads', () => {
  const fold = { kind: 'sum', axes: [64], body: apply('mul', load(0, 0, 2), load(1, 2, 1)) };
  const threads = (
    rows: number,
    columns: number,
    kind: GpuKind,
    { targets = 1, outputs = 1 } = {},
  ) => {
    const also = Array.from({ length: outputs - 1 }, () => ({ result: acc }));
    const nest = { name: 'Z', axes: [rows, columns], fold, result: acc, also } as never as Nest;
    const space = { ...spaceOf(kind), targets };
    const layout = layoutOf({ name: 'Z', shape: nest.axes, order: 'rows' }, space);
    return threadsOf(nest, layout, space);
  };

  test('on WebGPU a thread takes several texels while enough threads are left', () => {
    const some = (rows: number, columns: number) => threads(rows, columns, 'webgpu');
    expect(some(128, 128)).toEqual({ tile: [2, 8], columns: 16, rows: 16, grid: [16, 16] });
    expect(some(128, 64)).toEqual({ tile: [1, 8], columns: 16, rows: 16, grid: [16, 16] });
    expect(some(33, 64)).toEqual({ tile: [1, 2], columns: 16, rows: 17, grid: [16, 17] });
    expect(some(8, 64)).toEqual({ tile: [1, 1], columns: 16, rows: 8, grid: [16, 8] });
  });

  test('and while little is computed in vain', () => {
    expect(threads(9, 4000, 'webgpu')).toMatchObject({ tile: [1, 2], rows: 5 });
    expect(threads(128, 4 * 33, 'webgpu')).toMatchObject({ tile: [2, 8], columns: 17 });
    expect(threads(4096, 4, 'webgpu')).toMatchObject({ tile: [1, 8], columns: 1 });
  });

  test('on WebGL 2 it takes as many rows as there are targets for its results', () => {
    const tiles = { columns: 32, rows: 32, tile: [1, 4], grid: [32, 32] };
    expect(threads(128, 128, 'webgl2', { targets: 8 })).toEqual(tiles);
    expect(threads(128, 128, 'webgl2', { targets: 3 }).tile).toEqual([1, 2]);
    expect(threads(128, 128, 'webgl2', { targets: 6, outputs: 3 }).tile).toEqual([1, 2]);
    expect(threads(128, 128, 'webgl2', { targets: 4, outputs: 3 }).tile).toEqual([1, 1]);
  });

  test('but not of what lies in lines, or has few rows', () => {
    expect(threads(4096, 64, 'webgl2', { targets: 8 }).tile).toEqual([1, 1]);
    expect(threads(4, 4096, 'webgl2', { targets: 8 }).tile).toEqual([1, 2]);
  });

  test('on WebGL 1 each has a texel', () => {
    const each = { tile: [1, 1], columns: 32, rows: 128, grid: [32, 128] };
    expect(threads(128, 128, 'webgl')).toEqual(each);
  });

  test('few across or very many down are a line', () => {
    expect(threads(600, 20, 'webgpu').grid).toEqual([5 * 75, 1]);
    expect(threads(8_000_000, 64, 'webgpu').grid).toEqual([8 * 1_000_000, 1]);
  });
});

describe('silent fallbacks of gpu.js are errors', () => {
  class WebGL2Kernel {}
  const CPUKernel = Object.assign(class {}, { mode: 'cpu' });
  const library = { WebGL2Kernel } as never;
  const running = (kernel: object, fallbackReason?: string) =>
    ({ kernel, fallbackReason }) as never;

  test('the mode that was asked for passes', () => {
    expect(() => assertMode(running(new WebGL2Kernel()), 'webgl2', library)).not.toThrow();
  });

  test('another one throws with its reason', () => {
    expect(() => assertMode(running(new CPUKernel(), 'no floats'), 'webgl2', library)).toThrow(
      'gpu.js ran this kernel in its mode cpu instead of webgl2: no floats',
    );
  });
});
