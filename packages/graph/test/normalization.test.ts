// Batch and layer normalization, written as they stand: the gradients of the textbook.
import { describe, expect, test } from 'vitest';
import {
  equations,
  grad,
  gradCheck,
  input,
  math,
  type Node,
  param,
  print,
  simplify,
} from '../src/index.ts';
import { expectLatex } from './support/latex.ts';
import { normal } from './support/nets.ts';

const leaves = () => ({
  Z: param('n', 'm'),
  gamma: param('n', 1),
  beta: param('n', 1),
  dY: input('n', 'm'),
  eps: input(),
});
const formula = (axis: number): string => `
  mu = mean(Z, ${axis})
  v = mean((Z - mu) .^ 2, ${axis})
  Zhat = (Z - mu) ./ sqrt(v + eps)
  Y = gamma .* Zhat + beta
  J = sum(dY .* Y)`;
/** Normalizes over the examples, or over the features. */
const batch = formula(1);
const layer = formula(0);

const lines = (J: Node) =>
  equations(J).backward.map(({ name, text, tex }) => {
    expectLatex(tex);
    return [`${name} = ${text}`, tex];
  });

test('batch normalization', () => {
  const { J } = math(leaves())(batch);
  expect(lines(J!)).toMatchInlineSnapshot(`
    [
      [
        "dgamma = sum(dY .* Zhat, 1)",
        "d\\gamma = \\sum_{i=1}^{m} dY^{(i)} \\odot \\hat{Z}^{(i)}",
      ],
      [
        "dbeta = sum(dY, 1)",
        "d\\beta = \\sum_{i=1}^{m} dY^{(i)}",
      ],
      [
        "dZ = gamma .* (dY - 1/m * sum(dY .* Zhat, 1) .* Zhat - 1/m * sum(dY, 1)) ./ sqrt(v + eps)",
        "dZ = \\frac{\\gamma \\odot \\left(dY - \\frac{1}{m} \\left(\\sum_{i=1}^{m} dY^{(i)} \\odot \\hat{Z}^{(i)}\\right) \\odot \\hat{Z} - \\frac{1}{m} \\sum_{i=1}^{m} dY^{(i)}\\right)}{\\sqrt{v + \\mathrm{eps}}}",
      ],
    ]
  `);
});

test('layer normalization', () => {
  const { J } = math(leaves())(layer);
  expect(lines(J!)).toMatchInlineSnapshot(`
    [
      [
        "dgamma = sum(dY .* Zhat, 1)",
        "d\\gamma = \\sum_{i=1}^{m} dY^{(i)} \\odot \\hat{Z}^{(i)}",
      ],
      [
        "dbeta = sum(dY, 1)",
        "d\\beta = \\sum_{i=1}^{m} dY^{(i)}",
      ],
      [
        "dZ = (dY .* gamma - 1/n * sum(dY .* gamma .* Zhat, 0) .* Zhat - 1/n * sum(dY .* gamma, 0)) ./ sqrt(v + eps)",
        "dZ = \\frac{dY \\odot \\gamma - \\frac{1}{n} \\left(\\sum_{j=1}^{n} dY_{j} \\odot \\gamma_{j} \\odot \\hat{Z}_{j}\\right) \\odot \\hat{Z} - \\frac{1}{n} \\sum_{j=1}^{n} dY_{j} \\odot \\gamma_{j}}{\\sqrt{v + \\mathrm{eps}}}",
      ],
    ]
  `);
});

test('inside of a net, each name has its line', () => {
  const { J } = math({
    X: input(3, 'm'),
    T: input(1, 'm'),
    W1: param(4, 3),
    gamma: param(4, 1),
    beta: param(4, 1),
    W2: param(1, 4),
    eps: input(),
  })`
    Z1 = W1 * X
    mu = mean(Z1, 1)
    v = mean((Z1 - mu) .^ 2, 1)
    Zhat = (Z1 - mu) ./ sqrt(v + eps)
    Y = gamma .* Zhat + beta
    A1 = relu(Y)
    Z2 = W2 * A1
    A2 = sigmoid(Z2)
    J = -mean(T .* log(A2) + (1 - T) .* log(1 - A2))`;
  expect(lines(J!)).toMatchInlineSnapshot(`
    [
      [
        "dZ2 = A2 - T",
        "dZ^{[2]} = A^{[2]} - T",
      ],
      [
        "dW2 = 1/m * dZ2 * A1'",
        "dW^{[2]} = \\frac{1}{m} dZ^{[2]} A^{[1]T}",
      ],
      [
        "dA1 = W2' * dZ2",
        "dA^{[1]} = W^{[2]T} dZ^{[2]}",
      ],
      [
        "dY = where(A1 > 0, dA1, 0)",
        "dY = dA^{[1]} \\odot [A^{[1]} > 0]",
      ],
      [
        "dgamma = 1/m * sum(dY .* Zhat, 1)",
        "d\\gamma = \\frac{1}{m} \\sum_{i=1}^{m} dY^{(i)} \\odot \\hat{Z}^{(i)}",
      ],
      [
        "dbeta = 1/m * sum(dY, 1)",
        "d\\beta = \\frac{1}{m} \\sum_{i=1}^{m} dY^{(i)}",
      ],
      [
        "dZ1 = gamma .* (dY - 1/m * sum(dY .* Zhat, 1) .* Zhat - 1/m * sum(dY, 1)) ./ sqrt(v + eps)",
        "dZ^{[1]} = \\frac{\\gamma \\odot \\left(dY - \\frac{1}{m} \\left(\\sum_{i=1}^{m} dY^{(i)} \\odot \\hat{Z}^{(i)}\\right) \\odot \\hat{Z} - \\frac{1}{m} \\sum_{i=1}^{m} dY^{(i)}\\right)}{\\sqrt{v + \\mathrm{eps}}}",
      ],
      [
        "dW1 = 1/m * dZ1 * X'",
        "dW^{[1]} = \\frac{1}{m} dZ^{[1]} X^{T}",
      ],
    ]
  `);
});

describe.each([
  ['batch', batch],
  ['layer', layer],
])('the %s gradient', (_, text) => {
  const { J, Z, gamma, beta } = math(leaves())(text);
  const values = {
    Z: { shape: [3, 4], data: normal(1, 12) },
    dY: normal(2, 12),
    gamma: normal(3, 3),
    beta: normal(4, 3),
    eps: [0.01],
  };

  test('of the compiled form is compact too', () => {
    const text = print(grad(J!, Z));
    expect(text.match(/sum/g)!.length).toBeLessThan(14);
    expect(print(grad(J!, beta))).toBe('sum(dY, 1)');
  });

  test('agrees with differences, and so does its own', () => {
    expect(gradCheck(J!, values).ratio).toBeLessThan(1e-7);
    const second = math({ d: grad(J!, Z), e: grad(J!, gamma) })`s = sum(d .^ 2) + sum(e .^ 2)`;
    expect(gradCheck(second['s']!, values).ratio).toBeLessThan(1e-7);
    expect(simplify(grad(J!, Z))).toBe(grad(J!, Z));
  });
});
