// Gradient checks of whole models, and what saturated ones do.
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { gradCheck, input, interpretAll, math, param } from '../src/index.ts';
import { classifier, normal } from './support/nets.ts';

const TOLERANCE = 1e-6;
const M = 7;

const bits = (count: number): number[] => normal(9, count).map((x) => Number(x > 0));

/** Normal data for every parameter and input of a cost; labels Y are zeros and ones. */
function dataFor(J: g.Node, scale = 0.7): Record<string, number[]> {
  const leaves = [...g.paramsOf([J]), ...g.inputsOf([J])];
  const entries = leaves.map((node, i) => {
    const count = node.shape.reduce<number>((n, d) => n * (d === 'm' ? M : Number(d)), 1);
    const name = g.nameOf(node)!;
    return [name, name === 'Y' ? bits(count) : normal(i + 1, count, scale)] as const;
  });
  return Object.fromEntries(entries);
}

/** Labels of three classes, one column an example. */
const oneHot = Array.from({ length: 3 * M }, (_, i) => Number((i % M) % 3 === Math.floor(i / M)));

describe('gradients of models are those of differences', () => {
  test.each([
    ['logistic regression', { sizes: [4, 1], hidden: 'tanh' }],
    ['three layers of tanh', { sizes: [4, 5, 3, 1], hidden: 'tanh' }],
    ['three layers of ReLU', { sizes: [4, 5, 3, 1], hidden: 'relu' }],
    ['three layers of leaky ReLU', { sizes: [4, 5, 3, 1], hidden: 'leakyRelu' }],
    ['three layers of softplus', { sizes: [4, 5, 3, 1], hidden: 'softplus' }],
    ['ten layers of sigmoid', { sizes: [4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 1], hidden: 'sigmoid' }],
  ])('%s', (_, net) => {
    const { J } = classifier(net);
    const { ratio, params } = gradCheck(J!, dataFor(J!));
    expect(ratio).toBeLessThan(TOLERANCE);
    expect(Object.keys(params)).toHaveLength(2 * (net.sizes.length - 1));
  });

  test.each([
    ['mean(logsumexp(Z, 0) - sum(Y .* Z, 0))'],
    ['-mean(sum(Y .* log(softmax(Z)), 0))'],
    ['-mean(sum(Y .* log(exp(Z) ./ sum(exp(Z), 0)), 0))'],
    ['-mean(sum(Y .* logSoftmax(Z), 0))'],
  ])('softmax cross-entropy as %s', (loss) => {
    const { J } = math({
      X: input(4, 'm'),
      Y: input(3, 'm', { distribution: true }),
      W: param(3, 4),
      b: param(3, 1),
    })(`Z = W * X + b; J = ${loss}`);
    expect(gradCheck(J!, { ...dataFor(J!), Y: oneHot }).ratio).toBeLessThan(TOLERANCE);
  });

  test('regression with penalties', () => {
    const { J } = math({ X: input(4, 'm'), Y: input(1, 'm'), W: param(1, 4), b: param(1, 1) })`
      Z = W * X + b
      J = mean((Z - Y) .^ 2) / 2 + 0.1 * sum(W .^ 2) + 0.01 * sum(abs(W))`;
    expect(gradCheck(J!, dataFor(J!)).ratio).toBeLessThan(TOLERANCE);
  });

  test('many models at once, as a batch', () => {
    const [W, b] = [param(2, 1, 4, { name: 'W' }), param(2, 1, 1, { name: 'b' })];
    const [X, Y] = [input(4, 'm', { name: 'X' }), input(1, 'm', { name: 'Y' })];
    const A = g.sigmoid(g.add(g.matmul(W, X), b));
    const each = g.add(g.mul(Y, g.log(A)), g.mul(g.sub(1, Y), g.log(g.sub(1, A))));
    const J = g.neg(g.mean(each));
    expect(gradCheck(J, dataFor(J)).ratio).toBeLessThan(TOLERANCE);
  });

  test('a gradient that is not that of the function is found, with its place', () => {
    // A jump at 0 has no slope, and that of its sides is 0.
    const { J } = math({ w: param(3) })`J = sum(w > 0)`;
    const found = gradCheck(J!, { w: [1, 0, -2] });
    expect(found.ratio).toBe(1);
    expect(found.worst).toMatchObject({ param: 'w', index: 1, analytic: 0 });
  });
});

describe('at logits of a thousand', () => {
  const X = [[1000, -1000, 0, 1000, -1000]];
  const Y = [1, 0, 1, 0, 1]; // right, right, open, wrong, wrong

  test('the cost is finite, and grows with the logit where the answer is wrong', () => {
    const { J } = math({ X: input(1, 'm'), Y: input(1, 'm'), w: param(1, 1), b: param(1, 1) })`
      A = sigmoid(w * X + b)
      J = -mean(Y .* log(A) + (1 - Y) .* log(1 - A))`;
    const params = g.paramsOf([J!]);
    const roots = g.simplifyAll([J!, ...g.grad(J!, params)]);
    const [cost, dw, db] = interpretAll(roots, { X, Y, w: [1], b: [0] });
    expect(cost!.data[0]).toBeCloseTo((2000 + Math.log(2)) / 5, 10);
    // 1/m X (A - Y)^T with A = 1, 0, 1/2, 1, 0
    expect(dw!.data[0]).toBeCloseTo((1000 + 1000) / 5, 10);
    expect(db!.data[0]).toBeCloseTo((-0.5 + 1 - 1) / 5, 10);
  });

  test('softmax too', () => {
    const { J, Z } = math({ Z: param(3, 'm'), Y: input(3, 'm', { distribution: true }) })`
      A = exp(Z) ./ sum(exp(Z), 0)
      J = -mean(sum(Y .* log(A), 0))`;
    const logits = [
      [1000, 1000],
      [-1000, -1000],
      [0, 0],
    ];
    const labels = [
      [1, 0],
      [0, 1],
      [0, 0],
    ];
    const roots = g.simplifyAll([J!, g.grad(J!, Z)]);
    const [cost, dZ] = interpretAll(roots, { Z: logits, Y: labels });
    expect(cost!.data[0]).toBe(1000);
    expect([...dZ!.data]).toEqual([0, 0.5, 0, -0.5, 0, 0]);
  });

  test('as it is typed, neither would be: the rewriting is what makes them', () => {
    const { J } = math({ X: input(1, 'm'), Y: input(1, 'm') })`
      A = 1 ./ (1 + exp(-X))
      J = -mean(Y .* log(A) + (1 - Y) .* log(1 - A))`;
    const [typed, stable] = interpretAll([J!, g.simplify(J!)], { X, Y });
    expect(typed!.data[0]).toBeNaN();
    expect(stable!.data[0]).toBeCloseTo((2000 + Math.log(2)) / 5, 10);
  });

  test('saturated tanh and ReLU units have finite gradients', () => {
    for (const hidden of ['tanh', 'relu', 'sigmoid', 'softplus', 'leakyRelu']) {
      const { J } = classifier({ sizes: [2, 3, 1], hidden });
      const params = g.paramsOf([J!]);
      const roots = [g.simplify(J!), ...g.grad(J!, params)];
      const far = interpretAll(roots, dataFor(J!, 300));
      for (const { data } of far) for (const x of data) expect(Number.isFinite(x)).toBe(true);
    }
  });
});
