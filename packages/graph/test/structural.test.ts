// Views, products and reductions: values against NumPy, gradients against differences, shapes.
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { interpret, interpretAll, type Node, param, type TensorLike } from '../src/index.ts';
import figures from './fixtures/structural.json' with { type: 'json' };
import { normal } from './support/nets.ts';

interface Figure {
  readonly inputs: Readonly<Record<string, TensorLike>>;
  readonly expected: TensorLike;
}
const cases = Object.entries(figures as unknown as Record<string, Figure>);

const { sum, maxOver, logsumexp, mean, softmax, logSoftmax } = g;
type Build = (...x: Node[]) => Node;
const matmul: Build = (a, b) => g.matmul(a!, b!);

/** How each figure is computed here, by the first word of its name. */
function builderOf(name: string, expected: TensorLike): Build {
  const [word, ...rest] = name.split(' ') as [string, ...string[]];
  const axes = rest
    .find((part) => /^-?\d/.test(part))
    ?.split(',')
    .map(Number);
  const keepdims = rest.includes('keepdims');
  const reduction = new Map(Object.entries({ sum, maxOver, logsumexp, mean })).get(word);
  if (reduction) return (a) => reduction(a!, rest.includes('far') ? 0 : axes, { keepdims });
  const normalization = new Map(Object.entries({ softmax, logSoftmax })).get(word);
  if (normalization) return (a) => normalization(a!, axes?.[0] ?? 0);
  switch (word) {
    case 'matmul':
      return matmul;
    case 'transpose':
      return (a) => g.transpose(a!);
    case 'permute':
      // `permute 021 of 201`: the last one first.
      return (a) =>
        rest
          .filter((order) => order !== 'of')
          .reverse()
          .reduce((x, order) => g.permute(x, [...order].map(Number)), a!);
    case 'expand':
      return (a) => g.expand(a!, expected.shape);
    case 'where':
      return (c, d, e) => g.where(g.greater(c!, 0), d!, e!);
    default:
      throw new Error(`no builder for ${name}`);
  }
}

const close = (got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void => {
  expect(got.length).toBe(want.length);
  Array.from(got).forEach((x, i) => {
    const size = Math.max(1, Math.abs(want[i]!));
    expect(Math.abs(x - want[i]!), `at ${i}: ${x}, not ${want[i]}`).toBeLessThanOrEqual(
      tolerance * size,
    );
  });
};

describe.each(cases)('%s', (name, { inputs, expected }) => {
  const names = Object.keys(inputs);
  const leaves = names.map((key) => param(...inputs[key]!.shape, { name: key }));
  const node = builderOf(name, expected)(...leaves);
  // Sums of a few numbers in another order; far out, a unit in the last place of a logit of 1000.
  const far = name.includes('far');
  const TOLERANCE = far ? 2e-13 : 1e-14;

  test('has the value of NumPy', () => {
    const { shape, data } = interpret(node, inputs);
    expect(shape).toEqual(expected.shape);
    close(data, expected.data, TOLERANCE);
  });

  test('keeps it when simplified', () => {
    const { shape, data } = interpret(g.simplify(node), inputs);
    expect(shape).toEqual(expected.shape);
    close(data, expected.data, TOLERANCE);
    expect(g.simplify(g.simplify(node))).toBe(g.simplify(node));
  });

  // Far out all is saturated: the differences are 0, and so is the gradient.
  if (far) return;
  test('has the gradient of its differences, and so has its gradient', () => {
    const weights = normal(3, expected.data.length);
    const c = param(...node.shape, { name: 'c' });
    const J = g.sum(g.mul(c, g.mul(node, g.add(node, 1))));
    const values = { ...inputs, c: { shape: expected.shape, data: weights } };
    expect(g.gradCheck(J, values, { params: leaves }).ratio).toBeLessThan(1e-7);
    const first = g.grad(J, leaves);
    const mixture = first.map((d) => g.sum(g.mul(d, g.add(d, 0.3)))).reduce((a, b) => g.add(a, b));
    expect(g.gradCheck(mixture, values, { params: leaves }).ratio).toBeLessThan(1e-7);
  });
});

describe('shapes', () => {
  const X = g.input('n', 'm', { name: 'X' });

  test('symbolic sizes flow through', () => {
    const W = param('k', 'n', { name: 'W' });
    expect(g.matmul(W, X).shape).toEqual(['k', 'm']);
    expect(g.transpose(X).shape).toEqual(['m', 'n']);
    expect(g.sum(X, 1).shape).toEqual(['n']);
    expect(g.sum(X, 0, { keepdims: true }).shape).toEqual([1, 'm']);
    expect(g.expand(param(1, 'm'), ['n', 'm']).shape).toEqual(['n', 'm']);
    const { shape, data } = interpret(g.mean(X, 0), {
      X: [
        [1, 2, 3],
        [3, 4, 5],
      ],
    });
    expect([shape, [...data]]).toEqual([[3], [2, 3, 4]]);
  });

  test('a gradient has the shape of what it is for', () => {
    const leaves: Node[] = [
      param({ name: 's' }),
      param(3, { name: 'v' }),
      param(2, 1, 3, { name: 'T' }),
    ];
    const J = g.sum(leaves.reduce((a, b) => g.mul(a, b)));
    expect(g.grad(J, leaves).map((d) => d.shape)).toEqual([[], [3], [2, 1, 3]]);
    const values = { s: 2, v: [1, 2, 3], T: [1, 1, 1, 2, 2, 2] };
    const [s, v, T] = interpretAll(g.grad(J, leaves), values);
    expect([...s!.data]).toEqual([18]);
    expect([...v!.data]).toEqual([6, 6, 6]);
    expect([...T!.data]).toEqual([2, 4, 6, 2, 4, 6]);
  });

  test('what does not depend on a parameter has the gradient 0', () => {
    const [a, b] = [param(2, { name: 'a' }), param(3, 1, { name: 'b' })];
    const [da, db] = g.grad(g.sum(a), [a, b]);
    expect(interpret(da!, {}).data).toEqual(Float64Array.of(1, 1));
    expect(interpret(db!, {})).toMatchObject({ shape: [3, 1], data: new Float64Array(3) });
  });

  test('ties of a maximum share its gradient', () => {
    const x = param(4, { name: 'x' });
    const d = interpret(g.grad(g.maxOver(x), x), { x: [1, 5, 5, 2] });
    expect([...d.data]).toEqual([0, 0.5, 0.5, 0]);
  });

  test('the columns of a file are examples in order', () => {
    const images = g.input(2, 'm', { name: 'images', order: 'columns' });
    const rows = [
      [1, 2],
      [3, 4],
      [5, 6],
    ];
    const expected = { shape: [2, 3], data: Float64Array.of(1, 3, 5, 2, 4, 6) };
    expect(interpret(images, { images: rows })).toMatchObject(expected);
    expect(interpret(images, { images: rows.flat() })).toMatchObject(expected);
    const tensor = { shape: [2, 3], data: [1, 3, 5, 2, 4, 6], order: 'rows' } as const;
    expect(interpret(images, { images: tensor })).toMatchObject(expected);
  });
});

describe('shapes that do not fit say so', () => {
  // Plain nodes: with their sizes in the types these would be errors of types.
  const W: Node = param(4, 3, { name: 'W' });
  const X: Node = g.input(2, 'm', { name: 'X' });
  test.each<[string, () => Node]>([
    ['matmul', () => g.matmul(W, X)],
    ['matmul, transposed', () => g.matmul(W, param(4, 2, { name: 'V' }))],
    ['matmul of a vector', () => g.matmul(W, param(3, { name: 'v' }))],
    ['add', () => g.add(W, X)],
    ['where', () => g.where(W, X, 0)],
    ['expand', () => g.expand(W, [4, 5])],
    ['transpose of a vector', () => g.transpose(param(3, { name: 'v' }))],
    ['permute', () => g.permute(W, [0, 0])],
    ['sum', () => g.sum(W, 2)],
    ['sum, twice', () => g.sum(W, [0, -2])],
    ['batch', () => g.matmul(param(2, 3, 3) as Node, param(4, 3, 3))],
    ['slope', () => g.leakyRelu(W, -1)],
    ['grad', () => g.grad(W, W)],
  ])('%s', (_, build) => {
    let message = '';
    try {
      build();
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatchSnapshot();
  });
});
