// Ops that move, count and sum: values against NumPy, gradients of both orders against differences.
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { interpret, type Node, param, type TensorLike } from '../src/index.ts';
import figures from './fixtures/views.json' with { type: 'json' };
import { expectLatex } from './support/latex.ts';

const inputs: Readonly<Record<string, TensorLike>> = figures.inputs;
const expected: Readonly<Record<string, TensorLike>> = figures.expected;
const leaf = (name: string): Node => param(...inputs[name]!.shape, { name });
const [A, B, S, v, w, k] = ['A', 'B', 'S', 'v', 'w', 'k'].map(leaf) as [
  Node,
  Node,
  Node,
  Node,
  Node,
  Node,
];

const nodes: Readonly<Record<string, Node>> = {
  iota: g.iota([3, 4], 1),
  'iota rows': g.iota([3, 4], -2),
  eye: g.eye(3),
  reshape: g.reshape(A, [2, 6]),
  'reshape open': g.reshape(B, [4, -1]),
  ravel: g.ravel(B),
  expandDims: g.expandDims(A, 1),
  slice: g.slice(A, [{ start: 1, stop: 3 }]),
  'slice steps': g.slice(A, [{ step: 2 }, { start: 1, step: 2 }]),
  'slice negative': g.slice(B, [undefined, { start: -2 }, { stop: -1 }]),
  pad: g.pad(A, [[1, 2]]),
  'pad value': g.pad(
    A,
    [
      [1, 0],
      [2, 1],
    ],
    -1.5,
  ),
  flip: g.flip(A),
  'flip 1': g.flip(A, 1),
  concat: g.concat([A, g.slice(A, [{ stop: 2 }]), g.square(A)]),
  'concat 1': g.concat([A, A], 1),
  stack: g.stack([A, g.square(A)]),
  'stack last': g.stack([v, w], -1),
  tril: g.tril(S),
  'tril 1': g.tril(S, 1),
  'triu -1': g.triu(S, -1),
  'triu batch': g.triu(B),
  'diag of vector': g.diag(v),
  'diag of matrix': g.diag(S),
  trace: g.trace(S),
  outer: g.outer(v, w),
  dot: g.dot(v, w),
  oneHot: g.oneHot(k, 4),
  'oneHot last': g.oneHot(k, 4, -1),
  cumsum: g.cumsum(A),
  'cumsum 1': g.cumsum(A, 1),
  'cumsum vector': g.cumsum(v),
  prod: g.prod(A),
  'prod 0': g.prod(A, 0),
  'prod 0,2': g.prod(B, [0, 2]),
  'prod with zeros': g.prod(w),
  'prod with a zero': g.prod(g.slice(w, [{ start: 1, stop: 3 }])),
  'prod kept': g.prod(A, 1, { keepdims: true }),
  norm: g.norm(v),
  'norm 0': g.norm(A, 0),
  'norm kept': g.norm(A, 1, { keepdims: true }),
  'norm 1': g.norm(A, 0, { ord: 1 }),
  'norm Infinity': g.norm(A, 0, { ord: Number.POSITIVE_INFINITY }),
  'norm of a number': g.norm(g.reshape(g.slice(v, [{ start: 1, stop: 2 }]), [])),
  minOver: g.minOver(A, 0),
  variance: g.variance(A),
  'variance 0': g.variance(A, 0),
  'variance ddof': g.variance(A, 1, { ddof: 1 }),
  'variance far': g.variance(g.add(A, 1e8), 0),
  std: g.std(A, 1, { keepdims: true }),
  any: g.any(w),
  all: g.all(w),
  'any 0': g.any(g.greater(A, 0), 0),
  'all 0': g.all(g.greater(A, -1), 0),
  argmax: g.argmax(A),
  'argmax 1': g.argmax(A, 1),
  'argmin kept': g.argmin(A, 1, { keepdims: true }),
  'argmax of ties': g.argmax(g.mul(0, g.iota([3]))),
  'einsum product': g.einsum('ij,kj->ik', A, S),
  'einsum batch': g.einsum('bij,bkj->bik', B, B),
  'einsum transpose': g.einsum('ij->ji', A),
  'einsum sum': g.einsum('bij->j', B),
  'einsum dot': g.einsum('i,i->', v, w),
  'einsum outer': g.einsum('i,j->ij', v, w),
  'einsum matrix vector': g.einsum('ij,j->i', A, g.reshape(g.slice(S, [{ stop: 1 }]), [4])),
  'einsum two letters': g.einsum('bij,ij->b', B, A),
  'einsum three': g.einsum('ij,jk,ik->k', A, S, A),
  'einsum diagonal': g.einsum('ii->i', S),
  'einsum trace': g.einsum('ii->', S),
  'einsum bilinear': g.einsum('ij,jk,lk->il', A, S, A),
  'einsum hadamard': g.einsum('ij, ij -> ij', A, A),
};

test('every figure is compared', () => {
  expect(Object.keys(nodes)).toEqual(Object.keys(expected));
});

/** Sums and products of a few numbers in another order. */
const TOLERANCE = 1e-13;
/** A difference of numbers near 1e8 keeps 8 of 16 digits. */
const FAR = 1e-7;

const dataOf = (node: Node) =>
  Object.fromEntries(g.paramsOf([node]).map((p) => [g.nameOf(p)!, inputs[g.nameOf(p)!]!]));

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
    said(() => g.slice(X, [undefined, { stop: 2 }])),
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
