// The derivations of the course, done by machine: golden equations.
import { describe, expect, test } from 'vitest';
import {
  type Equation,
  equations,
  grad,
  input,
  math,
  type Node,
  param,
  print,
  reachable,
  simplify,
  sub,
  sum,
  tex,
} from '../src/index.ts';
import { expectLatex } from './support/latex.ts';
import { classifier } from './support/nets.ts';

const texOf = (list: readonly Equation[]): string[] => {
  for (const each of list) expectLatex(each.tex);
  return list.map((each) => each.tex);
};
const texts = (list: readonly Equation[]): string[] => list.map((e) => `${e.name} = ${e.text}`);
const opsOf = (root: Node): Set<string> => new Set(reachable([root]).map((node) => node.op));

describe('logistic regression as it is typed', () => {
  const { J, A, Z, w, b } = math({
    X: input('n', 'm'),
    Y: input(1, 'm'),
    w: param('n', 1),
    b: param(1, 1),
  })`
    Z = w' * X + b
    A = sigmoid(Z)
    J = -mean(Y .* log(A) + (1 - Y) .* log(1 - A))`;

  test('has the gradient of the course', () => {
    expect(tex(grad(J!, w))).toBe('\\frac{1}{m} X (A - Y)^{T}');
    expect(tex(grad(J!, b))).toBe('\\frac{1}{m} \\sum_{i=1}^{m} (A^{(i)} - Y^{(i)})');
    expect(tex(grad(J!, Z!))).toBe('\\frac{1}{m} (A - Y)');
    expect(tex(grad(J!, A!))).toBe(
      '\\frac{1}{m} \\left(\\frac{1 - Y}{1 - A} - \\frac{Y}{A}\\right)',
    );
  });

  test('whose graph holds nothing that overflows', () => {
    const gradients = [w, b].map((p) => grad(J!, p));
    for (const root of gradients) {
      expect([...opsOf(root)]).not.toEqual(expect.arrayContaining(['log']));
      expect([...opsOf(root)]).not.toEqual(expect.arrayContaining(['softplus']));
      const divisions = reachable([root]).filter((n) => n.op === 'pow' && n.attr.exponent < 0);
      expect(divisions.map((n) => print(n))).toEqual(['1/m']);
    }
  });

  test('and a cost that is finite at any logit', () => {
    expect(print(simplify(J!))).toBe('1/m * sum(Y .* softplus(-Z) + (1 - Y) .* softplus(Z))');
  });

  test('forward and backward, in LaTeX', () => {
    const { forward, backward } = equations(J!);
    expect(texOf(forward)).toEqual([
      'Z = w^{T} X + b',
      'A = \\sigma(Z)',
      'J = -\\frac{1}{m} \\sum_{i=1}^{m} (Y^{(i)} \\log(A^{(i)}) + (1 - Y^{(i)}) \\log(1 - A^{(i)}))',
    ]);
    expect(texOf(backward)).toEqual([
      'dZ = A - Y',
      'db = \\frac{1}{m} \\sum_{i=1}^{m} dZ^{(i)}',
      'dw = \\frac{1}{m} X dZ^{T}',
    ]);
    expect(backward.map((e) => e.shape)).toEqual([
      [1, 'm'],
      [1, 1],
      ['n', 1],
    ]);
  });
});

/** The lines of back-propagation, as the course has them, for L layers. */
function backPropagation(L: number, slope: (l: number) => string): string[] {
  const lines = [`dZ^{[${L}]} = A^{[${L}]} - Y`];
  for (let l = L; l >= 1; l--) {
    const below = l === 1 ? 'X^{T}' : `A^{[${l - 1}]T}`;
    lines.push(
      `db^{[${l}]} = \\frac{1}{m} \\sum_{i=1}^{m} dZ^{[${l}](i)}`,
      `dW^{[${l}]} = \\frac{1}{m} dZ^{[${l}]} ${below}`,
    );
    if (l === 1) break;
    lines.push(
      `dA^{[${l - 1}]} = W^{[${l}]T} dZ^{[${l}]}`,
      `dZ^{[${l - 1}]} = dA^{[${l - 1}]} \\odot ${slope(l - 1)}`,
    );
  }
  return lines;
}

describe.each([1, 2, 3])('a net of %i layers', (L) => {
  const sizes = [3, 5, 4, 1].slice(3 - L);
  test.each([
    ['tanh', (l: number) => `(1 - (A^{[${l}]})^{2})`],
    ['relu', (l: number) => `[A^{[${l}]} > 0]`],
    ['sigmoid', (l: number) => `A^{[${l}]} \\odot (1 - A^{[${l}]})`],
    ['softplus', (l: number) => `\\sigma(Z^{[${l}]})`],
    [
      'leakyRelu',
      (l: number) => `\\begin{cases}1 & A^{[${l}]} > 0\\\\ 0.01 & \\text{else}\\end{cases}`,
    ],
  ])('of %s has the equations of the course', (hidden, slope) => {
    const { J } = classifier({ sizes, hidden });
    expect(texOf(equations(J!).backward)).toEqual(backPropagation(L, slope));
  });
});

describe('softmax over classes', () => {
  const leaves = () => ({
    W: param(3, 4),
    b: param(3, 1),
    X: input(4, 'm'),
    Y: input(3, 'm'),
  });

  test('with the stable loss', () => {
    const { J } = math(leaves())`
      Z = W * X + b
      J = mean(logsumexp(Z, 0) - sum(Y .* Z, 0))`;
    const { forward, backward } = equations(J!);
    expect(texts(backward)).toEqual([
      'dZ = softmax(Z, 0) - Y',
      'db = 1/m * sum(dZ, 1)',
      "dW = 1/m * dZ * X'",
    ]);
    expect(texOf(backward)[0]).toBe('dZ = \\operatorname{softmax}(Z) - Y');
    expect(texOf(forward).at(-1)).toBe(
      'J = \\frac{1}{m} \\sum_{i=1}^{m} \\left(\\operatorname{logsumexp}(Z^{(i)}) - ' +
        '\\sum_{j=1}^{3} Y_{j}^{(i)} Z_{j}^{(i)}\\right)',
    );
  });

  test.each([
    ['softmax(Z)', 'A = \\operatorname{softmax}(Z)'],
    ['exp(Z) ./ sum(exp(Z), 0)', 'A = \\frac{e^{Z}}{\\sum_{j=1}^{3} e^{Z_{j}}}'],
  ])('typed as %s', (formula, line) => {
    const { J } = math({ ...leaves(), Y: input(3, 'm', { distribution: true }) })(`
      Z = W * X + b
      A = ${formula}
      J = -mean(sum(Y .* log(A), 0))`);
    const { forward, backward } = equations(J!);
    expect(texOf(forward).slice(1)).toEqual([
      line,
      'J = -\\frac{1}{m} \\sum_{i=1}^{m} \\sum_{j=1}^{3} Y_{j}^{(i)} \\log(A_{j}^{(i)})',
    ]);
    expect(texOf(backward)).toEqual([
      'dZ = A - Y',
      'db = \\frac{1}{m} \\sum_{i=1}^{m} dZ^{(i)}',
      'dW = \\frac{1}{m} dZ X^{T}',
    ]);
    expect(print(simplify(J!))).toBe('-1/m * sum(Y .* (Z - logsumexp(Z, 0)))');
  });
});

describe('regression', () => {
  test('mean squared error with a penalty on the weights', () => {
    const { J } = math({
      W: param(1, 4),
      b: param(1, 1),
      X: input(4, 'm'),
      Y: input(1, 'm'),
      lambda: input(),
    })`
      Z = W * X + b
      J = mean((Z - Y) .^ 2) / 2 + lambda / (2 * m) * sum(W .^ 2)`;
    const { forward, backward } = equations(J!);
    expect(texOf(forward).at(-1)).toBe(
      'J = \\frac{1}{2 m} \\sum_{i=1}^{m} (Z^{(i)} - Y^{(i)})^{2} + ' +
        '\\frac{\\lambda}{2 m} \\sum_{k=1}^{4} W_{k}^{2}',
    );
    expect(texOf(backward).sort()).toEqual([
      'dW = \\frac{1}{m} (\\lambda W + dZ X^{T})',
      'dZ = Z - Y',
      'db = \\frac{1}{m} \\sum_{i=1}^{m} dZ^{(i)}',
    ]);
  });

  test('a linear net is a linear function: the identity adds nothing', () => {
    const { J, W1 } = math({
      W1: param(4, 3),
      W2: param(1, 4),
      X: input(3, 'm'),
      Y: input(1, 'm'),
    })`J = mean(W2 * (W1 * X) - Y)`;
    expect(print(grad(J!, W1))).toBe("1/m * sum(W2', 1) .* sum(X', 0)");
  });
});

test('the leaky ReLU of the course, max(0.01 z, z), has the slopes 0.01 and 1', () => {
  const { y, z } = math({ z: param(3) })`y = max(0.01 * z, z)`;
  expect(print(grad(sum(y!), z))).toBe('where(z < y, 0.01, 1)');
});

test('1 - A keeps its digits where it stands alone, and its form where it does not', () => {
  const { q, r, J, A, Z } = math({ Z: input(1, 'm') })`
    A = sigmoid(Z)
    q = (1 - A) .^ 2 .* log(A)
    r = A .* (1 - A)
    J = sum((A - 1) .^ 2) / 2`;
  expect(print(simplify(sub(1, A!)))).toBe('sigmoid(-Z)');
  expect(print(simplify(q!))).toBe('-sigmoid(-Z) .^ 2 .* softplus(-Z)');
  expect(print(simplify(r!))).toBe('A .* (1 - A)');
  expect(print(grad(J!, A!))).toBe('A - 1');
  expect(print(grad(J!, Z!))).toBe('(A - 1) .* A .* (1 - A)');
});
