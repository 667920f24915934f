// Data that are fed by columns a multiple of a page apart lie a line of the cache further apart:
// what is computed from them, and what is said of them, is the same.
import {
  exp,
  input,
  inputsOf,
  interpret,
  matmul,
  mul,
  type Node,
  sub,
  sum,
  transpose,
} from '@chainrule/graph';
import { describe, expect, test } from 'vitest';
import { columnStep, layColumns, stridesIn } from '../src/backends/wasm/lines.ts';
import { compile } from '../src/compile.ts';
import type { Buffer } from '../src/nest.ts';

const buffer = (shape: number[], order: Buffer['order'], role: Buffer['role'] = 'input') =>
  ({ id: 0, name: 'X', shape, order, role }) as Buffer;

test('columns of many whole quarters of a page lie apart where they are fed, and no others', () => {
  expect(columnStep(buffer([1024, 3], 'columns'))).toBe(1040);
  expect(columnStep(buffer([32, 40, 3], 'columns'))).toBe(1296);
  expect(columnStep(buffer([768, 3], 'columns'))).toBeUndefined();
  expect(columnStep(buffer([1025, 3], 'columns'))).toBeUndefined();
  expect(columnStep(buffer([1024, 3], 'rows'))).toBeUndefined();
  expect(columnStep(buffer([1024], 'columns'))).toBeUndefined();
  expect(stridesIn(buffer([32, 40, 3], 'columns'))).toEqual([40, 1, 1296]);
  expect(stridesIn(buffer([32, 40, 3], 'columns', 'output'))).toEqual([40, 1, 1280]);
});

test('there are zeros between columns', () => {
  const to = new Float32Array(2 * 20).fill(Number.NaN);
  layColumns(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), 20, to);
  expect([...to]).toEqual([1, 2, 3, 4, ...Array(16).fill(0), 5, 6, 7, 8, ...Array(16).fill(0)]);
});

const number = (i: number, k: number): number => Math.sin(1 + i * 0.37 + k * 1.91);
const UNITS = 9;
const RATE = 0.1;

/** What is computed from X [n, m] and W [UNITS, n]: along columns, across them, and of both. */
const resultsOf = (X: Node, W: Node): Record<string, Node> => ({
  product: matmul(W, X),
  'a product with the transpose': sub(W, mul(RATE, matmul(matmul(W, X), transpose(X)))),
  'a sum of all': sum(mul(X, X)),
  'a sum across columns': sum(exp(X), 1),
  'sums along columns': sum(X, 0),
  'a map': sub(X, exp(sum(X, 0))),
});

describe.each([
  [1024, 5],
  [1280, 209],
  [2048, 1],
])('%d features, %d examples', (n, m) => {
  const [rows, columns] = [new Float32Array(n * m), new Float32Array(n * m)];
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < m; k++) rows[i * m + k] = columns[k * n + i] = number(i, k);
  }
  const weights = Float32Array.from({ length: UNITS * n }, (_, i) => number(i, 0) / n);
  const of = (order: 'rows' | 'columns') =>
    resultsOf(input(n, m, { name: 'X', order }), input(UNITS, n, { name: 'W' }));
  const [found, wanted] = [of('columns'), of('rows')];

  test.each(
    [1, 2].flatMap((threads) => Object.keys(wanted).map((name) => [name, threads] as const)),
  )('%s, threads: %d', async (name, threads) => {
    using run = await compile(found[name]!, { device: 'wasm', threads });
    const others = inputsOf([found[name]!]).length > 1 ? { W: weights } : {};
    const { data } = interpret(wanted[name]!, { X: rows, ...others });
    // Fed anew, and held.
    for (const X of [columns, run.hold({ X: columns }).X]) {
      const value = await run.value(found[name]!, { X, ...others });
      const all = typeof value === 'number' ? [value] : value.data;
      expect(all).toHaveLength(data.length);
      const scale = data.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
      expect(data.every((x, i) => Math.abs(x - all[i]!) < 1e-5 * scale)).toBe(true);
    }
  });

  test('what is not finite is found where it is, behind as many zeros as there are', async () => {
    const X = columns.slice();
    X[X.length - 1] = Number.NaN;
    using run = await compile(found['product']!, { device: 'wasm', threads: 1 });
    await expect(run.value(found['product']!, { X, W: weights })).rejects.toThrow(
      `X holds NaN in row ${n - 1}, column ${m - 1}`,
    );
  });
});
