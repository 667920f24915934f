// What the gpu.js backend prints, and what it refuses to print. No GPU is needed.
import { describe, expect, test } from 'vitest';
import { emit } from '../src/backends/gpujs/emit.ts';
import { type GpuKind, layoutOf } from '../src/backends/gpujs/layout.ts';
import { assertMode } from '../src/backends/gpujs/mode.ts';
import { number } from '../src/backends/gpujs/words.ts';
import type { Nest } from '../src/nest.ts';
import { acc, apply, fixed, load, nestCase, nestCases, value } from './support/nests.ts';

type Body = Pick<Nest, 'axes' | 'result' | 'fold'>;

const source = (nest: Body, shapes: readonly (readonly number[])[], kind: GpuKind = 'webgl2') =>
  emit(
    nestCase(
      'Z',
      nest,
      shapes.map((shape) => ({ shape })),
    ).plan,
    kind,
  ).sources[0];

const named = (name: string) => {
  const { plan } = nestCases.find((nest) => nest.name === name)!;
  return emit(plan, 'webgpu').sources[0];
};

describe('source', () => {
  test('a product with a prologue and an epilogue', () => {
    expect(named('matmul with prologue and epilogue, k = 64')).toMatchInlineSnapshot(`
      "function (b0, b1, b2, b3) {
        let acc = 0.0;
        for (let k0 = 0; k0 < 64; k0++) {
          acc = acc + b0[this.thread.y][k0] * Math.max(b1[k0][this.thread.x] + b2[k0], 0.0);
        }
        return Math.max(acc * 0.015625 + b3[this.thread.y], 0.0);
      }"
    `);
  });

  test('data stored one column after another are read with swapped subscripts', () => {
    expect(named('matmul of columns-order, k = 64')).toMatchInlineSnapshot(`
      "function (b0, b1) {
        let acc = 0.0;
        for (let k0 = 0; k0 < 64; k0++) {
          acc = acc + b0[this.thread.y][k0] * b1[this.thread.x][k0];
        }
        return acc;
      }"
    `);
  });

  test('what is used twice is computed once', () => {
    expect(named('shared subexpressions, 4 x 6')).toMatchInlineSnapshot(`
      "function (b0) {
        const t0 = b0[this.thread.y][this.thread.x];
        const t1 = Math.exp(t0);
        const t2 = t0 < 0.0 ? 1.0 : 0.0;
        return t1 * t2 + (t2 !== 0.0 ? t1 : -t0);
      }"
    `);
  });

  test('what does not change in a loop is computed before it', () => {
    expect(
      named('sum over two axes of what changes outside, in one and in both'),
    ).toMatchInlineSnapshot(`
      "function (b0, b1, b2) {
        const t0 = Math.exp(b0[this.thread.x]);
        let acc = 0.0;
        for (let k0 = 0; k0 < 4; k0++) {
          const t1 = t0 * Math.exp(b1[this.thread.x][k0]);
          for (let k1 = 0; k1 < 5; k1++) {
            acc = acc + t1 * Math.exp(b2[k0][k1]);
          }
        }
        return acc / Math.exp(b0[this.thread.x]);
      }"
    `);
  });

  test('logsumexp runs online', () => {
    expect(named('softmax of columns by its logsumexp')).toMatchInlineSnapshot(`
      "function (b0) {
        let m = -1e+30;
        let s = 0.0;
        for (let k0 = 0; k0 < 4; k0++) {
          const v = b0[k0][this.thread.x];
          const e = Math.exp(-Math.abs(v - m));
          s = m < v ? s * e + 1.0 : s + e;
          m = Math.max(m, v);
        }
        const acc = m + Math.log(s);
        return Math.exp(b0[2][this.thread.x] - acc);
      }"
    `);
  });

  test('more than three dimensions are merged and decoded by floor division', () => {
    expect(named('rank 5 map')).toMatchInlineSnapshot(`
      "function (b0) {
        const i0 = Math.floor((this.thread.z + 0.5) / 6);
        const i1 = Math.floor((this.thread.z - i0 * 6 + 0.5) / 2);
        const i2 = this.thread.z - i0 * 6 - i1 * 2;
        return -b0[i0 * 6 + i1 * 2 + i2][this.thread.y][this.thread.x];
      }"
    `);
  });

  test('loops over one value are no loops', () => {
    const fold = { kind: 'max', axes: [1], body: load(0, 0, 1) } as const;
    expect(source({ axes: [3], fold, result: acc }, [[3, 1]])).toMatchInlineSnapshot(`
      "function (b0) {
        let acc = -3.4028234663852886e+38;
        acc = Math.max(acc, b0[this.thread.x]);
        return acc;
      }"
    `);
  });

  test('sine has its own polynomial', () => {
    expect(named('op sin')).toMatchInlineSnapshot(`
      "function (b0) {
        const t0 = b0[this.thread.x];
        const t1 = Math.floor(t0 * 0.3183098861837907 + 0.5);
        const t2 = t0 - t1 * 3.140625 - t1 * 0.00096750259 - t1 * 1.509958e-7;
        const t3 = t2 * t2;
        return (1.0 - (t1 - Math.floor(t1 * 0.5) * 2.0) * 2.0) * (t2 * ((((0.00000260507828 * t3 - 0.000198090047) * t3 + 0.00833305) * t3 - 0.166666579) * t3 + 1.0));
      }"
    `);
  });

  test('a matrix wider than a texture becomes a square one, and the thread names change', () => {
    const nest = { axes: [3, 9000], result: load(0, 0, 1) };
    const line = (kind: GpuKind) =>
      source(nest, [[3, 9000]], kind)!
        .split('\n')[1]!
        .trim();
    expect(line('webgl2')).toBe('return b0[this.thread.z][this.thread.x];');
    expect(line('webgpu')).toBe('return b0[this.thread.y][this.thread.x];');
  });

  test('is the same text every time', () => {
    for (const { plan } of nestCases) {
      expect(emit(plan, 'webgl').sources).toEqual(emit(plan, 'webgl').sources);
    }
  });
});

describe('brackets', () => {
  const [a, b, c, d] = [load(0, 0), load(1, 0), load(2, 0), load(3, 0)];
  const printed = (result: Nest['result']) =>
    source({ axes: [2], result }, [[2], [2], [2], [2]])!
      .split('\n')[1]!
      .trim()
      .replace(/b(\d)\[this\.thread\.x\]/g, (_, i: string) => 'abcd'[Number(i)]!);
  test.each([
    ['a sum is not regrouped', apply('add', a, apply('add', b, c)), 'a + (b + c)'],
    ['on the left they are not needed', apply('add', apply('add', a, b), c), 'a + b + c'],
    ['a quotient of quotients', apply('div', a, apply('div', b, c)), 'a / (b / c)'],
    ['minus a negative constant', apply('sub', a, value(-0.5)), 'a + 0.5'],
    ['plus a negated sum', apply('add', a, apply('neg', apply('add', b, c))), 'a - (b + c)'],
    ['a negated product', apply('mul', apply('neg', a), b), '-a * b'],
    ['twice negated', apply('neg', apply('neg', a)), '-(-a)'],
    ['a choice in arithmetic', apply('mul', apply('less', a, b), c), '(a < b ? 1.0 : 0.0) * c'],
    ['a choice by a comparison', apply('select', apply('less', a, b), c, d), 'a < b ? c : d'],
    ['a choice by a number', apply('select', apply('sub', a, b), c, d), 'a - b !== 0.0 ? c : d'],
    [
      'a choice in a choice',
      apply('select', a, apply('select', b, c, d), value(-2)),
      'a !== 0.0 ? (b !== 0.0 ? c : d) : -2.0',
    ],
  ])('%s', (_, expr, text) => {
    expect(printed(expr)).toBe(`return ${text};`);
  });
});

describe('numbers', () => {
  test.each([
    [2, '2.0'],
    [0, '0.0'],
    [-0.5, '-0.5'],
    [1e-8, '1e-8'],
    [1e21, '1e+21'],
    [Number.POSITIVE_INFINITY, '3.4028234663852886e+38'],
    [-1e300, '-3.4028234663852886e+38'],
    // A GPU flushes what is not a normal float.
    [1e-40, '0.0'],
  ])('%d', (n, text) => {
    expect(number(n).text).toBe(text);
  });

  test('NaN is refused', () => {
    expect(() => number(Number.NaN)).toThrow('NaN');
  });
});

describe('layouts', () => {
  const at = (shape: number[], kind: GpuKind, order: 'rows' | 'columns' = 'rows') =>
    layoutOf({ name: 'X', shape, order }, kind);

  test.each([
    [[], 'rows', [1], []],
    [[1, 1], 'rows', [1], []],
    [[7], 'rows', [7], ['x']],
    [[7, 1], 'rows', [7], ['x']],
    [[2, 3], 'rows', [3, 2], ['y', 'x']],
    [[2, 3], 'columns', [2, 3], ['y', 'x']],
    [[4, 2, 3], 'rows', [3, 2, 4], ['z', 'y', 'x']],
    [[4, 2, 3], 'columns', [2, 4, 3], ['z', 'y', 'x']],
    [[5, 4, 2, 3], 'rows', [3, 2, 20], ['z', 'y', 'x']],
  ] as const)('%j in %s', (shape, order, output, threads) => {
    const layout = at([...shape], 'webgpu', order);
    expect(layout.output).toEqual(output);
    expect(layout.threads).toEqual(threads);
  });

  test('a long side spreads over a square texture, but not on WebGPU', () => {
    expect(at([3, 2048], 'webgl2').output).toEqual([2048, 3]);
    expect(at([3, 2049], 'webgl2').output).toEqual([2049, 1, 3]);
    expect(at([5000, 3], 'webgl').output).toEqual([3, 1, 5000]);
    expect(at([3, 2049], 'webgpu').output).toEqual([2049, 3]);
  });

  test.each([
    [[4097, 4096], 'webgl', 'exceed the exact floats of WebGL 1'],
    [[2 ** 16, 2 ** 15], 'webgl2', 'exceed a 32 bit index'],
    [[2, 600_000], 'webgpu', 'a dispatch has at most 524280'],
    [[70_000, 3, 4], 'webgpu', 'a dispatch has at most'],
    [[2 ** 12, 2 ** 12, 2, 2], 'webgl2', 'decoded in floats'],
  ] as const)('%j on %s is refused by name', (shape, kind, reason) => {
    expect(() => at([...shape], kind)).toThrow(`${kind} cannot address X, which is [`);
    expect(() => at([...shape], kind)).toThrow(reason);
  });

  test('the plan is refused too', () => {
    const nest = { axes: [2], result: load(0, fixed(0), 0) };
    expect(() => source(nest, [[2, 600_000]], 'webgpu')).toThrow('cannot address x0');
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
