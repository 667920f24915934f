// What the types say of shapes: sizes that do not fit are errors of types, all others pass.
import { describe, expect, expectTypeOf, test } from 'vitest';
import * as g from '../src/index.ts';
import { input, type Node, param, ShapeError } from '../src/index.ts';
import type { ShapeOf } from '../src/shapes.ts';

const W = param(4, 3, { name: 'W' });
const X = input(3, 'm', { name: 'X' });
const b = param(4, 1, { name: 'b' });
const plain: Node = param(2, 2, { name: 'plain' });
const dynamic = input(...[1, 2, 3].slice(1), { name: 'dynamic' });

/** The type of the shape, beside the shape itself. */
const shapeOf = <X extends Node>(x: X) => x.shape as ShapeOf<X>;

describe('literal sizes flow through', () => {
  test('leaves', () => {
    expectTypeOf(shapeOf(X)).toEqualTypeOf<readonly [3, 'm']>();
    expectTypeOf(shapeOf(param())).toEqualTypeOf<readonly []>();
    expectTypeOf(shapeOf(plain)).toEqualTypeOf<g.Shape>();
  });

  test('products', () => {
    expectTypeOf(shapeOf(g.matmul(W, X))).toEqualTypeOf<readonly [4, 'm']>();
    expectTypeOf(shapeOf(g.matmul(plain, param(2, 3) as Node))).toEqualTypeOf<g.Shape>();
    expectTypeOf(shapeOf(g.transpose(X))).toEqualTypeOf<readonly ['m', 3]>();
    const batch = g.matmul(param(2, 5, 4), W);
    expectTypeOf(shapeOf(batch)).toEqualTypeOf<readonly [2, 5, 3]>();
    expect(shapeOf(batch)).toEqual([2, 5, 3]);
  });

  test('reductions', () => {
    expectTypeOf(shapeOf(g.sum(X))).toEqualTypeOf<readonly []>();
    expectTypeOf(shapeOf(g.sum(X, 0))).toEqualTypeOf<readonly ['m']>();
    expectTypeOf(shapeOf(g.mean(X, -1))).toEqualTypeOf<readonly [3]>();
    expectTypeOf(shapeOf(g.mean(X, 1, { keepdims: true }))).toEqualTypeOf<readonly [3, 1]>();
    expectTypeOf(shapeOf(g.maxOver(X, [0, 1]))).toEqualTypeOf<g.Shape>();
  });
});

describe('elementwise', () => {
  test('one operand keeps its shape, two are broadcast', () => {
    expectTypeOf(shapeOf(g.tanh(X))).toEqualTypeOf<readonly [3, 'm']>();
    expectTypeOf(shapeOf(g.exp(plain))).toEqualTypeOf<g.Shape>();
    expectTypeOf(shapeOf(g.add(g.matmul(W, X), b))).toEqualTypeOf<readonly [4, 'm']>();
    expectTypeOf(shapeOf(g.mul(0.5, X))).toEqualTypeOf<readonly [3, 'm']>();
    expectTypeOf(shapeOf(g.sub(param(2, 1, 3), param(4, 1)))).toEqualTypeOf<readonly [2, 4, 3]>();
    expectTypeOf(shapeOf(g.where(g.less(X, 0), X, 0))).toEqualTypeOf<readonly [3, 'm']>();
    expectTypeOf(shapeOf(g.softmax(X))).toEqualTypeOf<readonly [3, 'm']>();
    expectTypeOf(shapeOf(g.reshape(W, [2, 6]))).toEqualTypeOf<readonly [2, 6]>();
    expectTypeOf(shapeOf(g.expand(b, [4, 'm']))).toEqualTypeOf<readonly [4, 'm']>();
  });

  test('what does not broadcast is an error of types', () => {
    // @ts-expect-error 3 and 4 differ
    expect(() => g.add(X, b)).toThrow(ShapeError);
    // @ts-expect-error m and k differ
    expect(() => g.mul(X, input(3, 'k'))).toThrow(ShapeError);
    // @ts-expect-error 2 and 3 differ
    expect(() => g.where(g.less(X, 0), X, param(2, 1))).toThrow(ShapeError);
  });
});

describe('what does not fit is an error of types', () => {
  test('and is said when it is built', () => {
    // @ts-expect-error the inner sizes 3 and 4 differ
    expect(() => g.matmul(W, b)).toThrow(ShapeError);
    // @ts-expect-error the inner sizes differ in name
    expect(() => g.matmul(X, param('n', 2))).toThrow(ShapeError);
    // @ts-expect-error a vector is no matrix
    expect(() => g.matmul(W, param(3))).toThrow(ShapeError);
  });

  test('unknown sizes pass', () => {
    expect(g.matmul(dynamic, X).shape).toEqual([2, 'm']);
  });
});

test('a plain node takes a shaped one, and the reverse, as in loops over layers', () => {
  let A: Node = X;
  A = g.matmul(W, X);
  const same: Node<[4, 'm']> = A as Node;
  const deep = [1, 2].reduce((before): Node => g.named(before as Node, 'A'), X as Node);
  expect([same, deep]).toEqual([A, X]);
});
