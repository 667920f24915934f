// Nodes: equal structure is one object; names; feeds and their sizes.
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { input, interpret, param } from '../src/index.ts';

describe('hash-consing', () => {
  const X = input(2, 'm', { name: 'X' });
  test('the same structure is the same object', () => {
    expect(g.add(X, g.exp(X))).toBe(g.add(X, g.exp(X)));
    expect(g.sum(X, 1)).toBe(g.sum(X, -1));
    expect(g.constant(0)).toBe(g.constant(-0));
    expect(g.add(X, 1)).not.toBe(g.add(X, 2));
    expect(g.sum(X, 0)).not.toBe(g.sum(X, 1));
  });
  test('inputs and parameters are themselves only', () => {
    expect(input(2)).not.toBe(input(2));
    expect(param(2)).not.toBe(param(2));
  });
  test('nodes are frozen', () => {
    const node = g.exp(X) as unknown as { op: string; src: unknown[] };
    expect(() => {
      node.op = 'log';
    }).toThrow(TypeError);
    expect(() => node.src.push(1)).toThrow(TypeError);
  });
  test('a graph of ten thousand layers is walked without a deep stack', () => {
    let node = X;
    for (let i = 0; i < 10_000; i++) node = g.tanh(node);
    const w = param(2, 'm', { name: 'w' });
    const J = g.mean(g.mul(node, w));
    expect(g.grad(J, w).shape).toEqual([2, 'm']);
  });
});

describe('names', () => {
  test('the first one stays', () => {
    const x = input(1, { name: 'x' });
    const y = g.named(g.exp(x), 'y');
    expect(g.nameOf(g.named(y, 'z'))).toBe('y');
  });
  test('one that is given after a first simplification moves on as well', () => {
    const x = input(3, { name: 'x' });
    const y = g.log(g.exp(g.tanh(x)));
    const form = g.simplify(y);
    expect(g.nameOf(form)).toBeUndefined();
    g.named(y, 'y');
    expect(g.simplify(g.neg(y)).src).toContain(form);
    expect(g.nameOf(form)).toBe('y');
  });
  test('a size that is none', () => {
    expect(() => input(0)).toThrow(/fix: /);
    expect(() => input(2.5)).toThrow(/fix: /);
    expect(() => input('2m')).toThrow(/fix: /);
  });
  test('a name that nothing defines is no node, and that is said', () => {
    const { J } = g.math({ x: input(1) })`K = x`;
    expect(() => g.print(J!)).toThrow();
    expect(() => g.grad(J!, J!)).toThrow(/no line defines/);
  });
});

describe('values', () => {
  const X = input(2, 'm', { name: 'X' });
  const Y = input(1, 'm', { name: 'Y' });
  const both = g.add(X, Y);
  test.each([
    ['a missing one', { X: [1, 2] }],
    ['sizes that contradict each other', { X: [1, 2, 3, 4], Y: [1] }],
    ['ragged rows', { X: [[1, 2], [3]], Y: [1, 2] }],
    ['a length that fits no size', { X: [1, 2, 3], Y: [1] }],
    ['a shape that is another', { X: { shape: [3, 1], data: [1, 2, 3] }, Y: [1] }],
    ['a shape that its data are not', { X: { shape: [2, 2], data: [1] }, Y: [1, 1] }],
  ])('%s is an error that names it', (_, values) => {
    expect(() => interpret(both, values)).toThrow(/[XY][\s\S]*fix: /);
  });
  test('one example after another, or row by row', () => {
    const C = input(2, 'm', { name: 'C', order: 'columns' });
    expect([...interpret(g.mul(C, 1), { C: [1, 4, 2, 5, 3, 6] }).data]).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
    expect([
      ...interpret(C, {
        C: [
          [1, 4],
          [2, 5],
          [3, 6],
        ],
      }).data,
    ]).toEqual([1, 2, 3, 4, 5, 6]);
    const rows = { shape: [2, 3], data: [1, 2, 3, 4, 5, 6], order: 'rows' as const };
    expect([...interpret(C, { C: rows }).data]).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

test('a product with a named factor shows its name, not its factors', () => {
  const [W, dZ, A] = ['W', 'dZ', 'A'].map((name) => param(2, 2, { name })) as [
    g.Node,
    g.Node,
    g.Node,
  ];
  const alpha = input({ name: 'alpha' });
  const dW = g.mul(0.25, g.matmul(dZ, g.transpose(A)));
  const next = g.sub(W, g.mul(alpha, dW));
  expect(g.print(next)).toBe("W - alpha/4 * dZ * A'");
  expect(g.print(next, new Map([[dW, 'dW']]))).toBe('W - alpha * dW');
  expect(g.tex(next, new Map([[dW, 'dW']]))).toBe('W - \\alpha dW');
});
