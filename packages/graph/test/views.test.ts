// Ops that move, count and sum: values against NumPy, gradients of both orders against differences.
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { interpret, type Node, param, type TensorLike } from '../src/index.ts';
import figures from './fixtures/views.json' with { type: 'json' };
import { expectLatex } from './support/latex.ts';
import { A, dataOf, inputs, nodes, S, v } from './support/structures.ts';

const expected: Readonly<Record<string, TensorLike>> = figures.expected;

test('every figure is compared', () => {
  expect(Object.keys(nodes)).toEqual(Object.keys(expected));
});

/** Sums and products of a few numbers in another order. */
const TOLERANCE = 1e-13;
/** A difference of numbers near 1e8 keeps 8 of 16 digits. */
const FAR = 1e-7;

describe.each(Object.entries(nodes))('%s', (name, node) => {
  const far = name.includes('far');
  const close = (got: g.Tensor64): void => {
    const want = expected[name]!;
    expect(got.shape).toEqual(want.shape);
    got.data.forEach((x, i) => {
      const size = Math.max(1, Math.abs(want.data[i]!));
      const error = Math.abs(x - want.data[i]!) / size;
      expect(error, `at ${i}: ${x}`).toBeLessThanOrEqual(far ? FAR : TOLERANCE);
    });
  };

  test('has the value of NumPy, also when simplified', () => {
    close(interpret(node, dataOf(node)));
    const simple = g.simplify(node);
    expect(g.simplify(simple)).toBe(simple);
    close(interpret(simple, dataOf(node)));
  });

  // Neither labels nor what is constant but for jumps; 1e8 leaves differences no digits.
  const steps = /oneHot|arg|any|all|far|iota|eye/.test(name);
  const smooth = 'its gradient is the limit of differences, and the next one';
  if (!steps)
    test(smooth, () => {
      const params = g.paramsOf([node]);
      const J = g.mean(g.sin(node));
      expect(g.gradCheck(J, dataOf(J)).ratio).toBeLessThan(1e-8);
      const next = g
        .grad(J, params)
        .map((d, i) => g.sum(g.mul(d, g.cos(g.add(params[i]!, 0.3)))))
        .reduce((a, b) => g.add(a, b));
      expect(g.gradCheck(next, dataOf(next)).ratio).toBeLessThan(1e-7);
    });

  test('is LaTeX, and so is its gradient', () => {
    expectLatex(g.tex(node));
    for (const p of g.paramsOf([node])) expectLatex(g.tex(g.grad(g.mean(node), p)));
  });
});

describe('what has no gradient has the gradient 0', () => {
  test.each(['argmax', 'argmin kept', 'oneHot', 'any', 'all'])('%s', (name) => {
    const node = nodes[name]!;
    const [p] = g.paramsOf([node]) as [Node];
    expect([...interpret(g.grad(g.mean(node), p), dataOf(node)).data]).toEqual(
      new Array(inputs[g.nameOf(p)!]!.data.length).fill(0),
    );
  });
});

describe('at kinks and poles', () => {
  const zeros = { v: [0, 0, 0, 0, 0] };
  const derivative = (J: Node) => [...interpret(g.grad(J, v), zeros).data];

  test('the norm of zeros has the shortest subgradient, 0, and so on', () => {
    expect(derivative(g.norm(v))).toEqual(zeros.v);
    expect(derivative(g.sum(g.mul(g.grad(g.norm(v), v), 2)))).toEqual(zeros.v);
  });

  test('a product with two zeros has second derivatives', () => {
    const [x] = [param(3, { name: 'x' })];
    const gradient = g.grad(g.prod(x!), x!);
    const mixed = g.grad(g.sum(g.slice(gradient, [{ stop: 1 }])), x!);
    const at = { x: [0, 0, 5] };
    expect([...interpret(gradient, at).data]).toEqual([0, 0, 0]);
    expect([...interpret(mixed, at).data]).toEqual([0, 5, 0]);
  });

  test('ties of a maximum share its gradient', () => {
    expect(derivative(g.maxOver(v))).toEqual([0.2, 0.2, 0.2, 0.2, 0.2]);
    expect(derivative(g.minOver(v))).toEqual([0.2, 0.2, 0.2, 0.2, 0.2]);
  });
});

test('a part of a symbolic size is checked when that is known', () => {
  const X = g.input(2, 'm', { name: 'X' });
  const part = g.slice(X, [undefined, { start: 1, stop: 4, step: 2 }]);
  expect(part.shape).toEqual([2, 2]);
  const X4 = [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ];
  expect([...interpret(part, { X: X4 }).data]).toEqual([2, 4, 6, 8]);
  expect([...interpret(g.grad(g.sum(g.square(part)), X), { X: X4 }).data]).toEqual([
    0, 4, 0, 8, 0, 12, 0, 16,
  ]);
  expect(() => interpret(part, { X: X4.map((row) => row.slice(1)) })).toThrow(
    'slice: X is [2, m]: along axis 1 it has 3 entries, which is too few.\n  fix: give a larger m.',
  );
});

test('what does not fit says so', () => {
  const X = g.input(3, 'm', { name: 'X' });
  const said = (build: () => Node): string => {
    try {
      return build() && 'nothing';
    } catch (error) {
      return String(error);
    }
  };
  expect([
    said(() => g.reshape(A, [5, -1])),
    said(() => g.reshape(X, [3, 4])),
    said(() => g.reshape(A, [-1, -1])),
    said(() => g.ravel(X)),
    said(() => g.slice(A, [{ start: 2, stop: 9 }])),
    said(() => g.slice(X, [undefined, { start: 2 }])),
    said(() => g.slice(X, [undefined, { stop: -1 }])),
    said(() => g.slice(A, [{}, {}, {}])),
    said(() => g.slice(A, [{ step: -1 }])),
    said(() => g.pad(X, [undefined, [1, 0]])),
    said(() => g.pad(A, [[-1, 0]])),
    said(() => g.concat([])),
    said(() => g.concat([A, S], 1)),
    said(() => g.concat([X, X], 1)),
    said(() => g.flip(A, 2)),
    said(() => g.diag(A)),
    said(() => g.trace(v)),
    said(() => g.tril(v)),
    said(() => g.outer(A, v)),
    said(() => g.norm(v, 0, { ord: 3 as 2 })),
    said(() => g.einsum('ij,jk', A, S)),
    said(() => g.einsum('ij,jk->ik', A, A)),
    said(() => g.einsum('ij->ijk', A)),
    said(() => g.einsum('i->i', A)),
    said(() => g.einsum('ii->i', A)),
    said(() => g.iota([2], 1)),
    said(() => g.iota([])),
  ]).toMatchSnapshot();
});
