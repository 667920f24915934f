// The derivations of the course, done by machine: golden equations.
import { describe, expect, test } from 'vitest';
import {
  derive,
  type Equation,
  equations,
  grad,
  input,
  math,
  mul,
  type Node,
  param,
  paramsOf,
  print,
  reachable,
  type Shape,
  simplify,
  sub,
  sum,
  tex,
  texProgram,
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
      'dw = \\frac{1}{m} X dZ^{T}',
      'db = \\frac{1}{m} \\sum_{i=1}^{m} dZ^{(i)}',
    ]);
    expect(backward.map((e) => e.shape)).toEqual([
      [1, 'm'],
      ['n', 1],
      [1, 1],
    ]);
  });
});

/** The lines of back-propagation, as the course has them, for L layers. */
function backPropagation(L: number, slope: (l: number) => string): string[] {
  const lines = [`dZ^{[${L}]} = A^{[${L}]} - Y`];
  for (let l = L; l >= 1; l--) {
    const below = l === 1 ? 'X^{T}' : `A^{[${l - 1}]T}`;
    lines.push(
      `dW^{[${l}]} = \\frac{1}{m} dZ^{[${l}]} ${below}`,
      `db^{[${l}]} = \\frac{1}{m} \\sum_{i=1}^{m} dZ^{[${l}](i)}`,
    );
    if (l === 1) break;
    lines.push(
      `dA^{[${l - 1}]} = W^{[${l}]T} dZ^{[${l}]}`,
      `dZ^{[${l - 1}]} = dA^{[${l - 1}]} \\odot ${slope(l - 1)}`,
    );
  }
  return lines;
}

/** Their shapes, for layers of these sizes. */
function shapesOf(sizes: readonly number[]): Shape[] {
  const L = sizes.length - 1;
  const shapes: Shape[] = [[sizes[L]!, 'm']];
  for (let l = L; l >= 1; l--) {
    const [below, units] = [sizes[l - 1]!, sizes[l]!];
    shapes.push([units, below], [units, 1]);
    if (l > 1) shapes.push([below, 'm'], [below, 'm']);
  }
  return shapes;
}

describe.each([1, 2, 3, 5])('a net of %i layers', (L) => {
  const sizes = [2, 6, 3, 5, 4, 1].slice(5 - L);
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
    const { backward } = equations(J!);
    expect(texOf(backward)).toEqual(backPropagation(L, slope));
    expect(backward.map((e) => e.shape)).toEqual(shapesOf(sizes));
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
      "dW = 1/m * dZ * X'",
      'db = 1/m * sum(dZ, 1)',
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
      'dW = \\frac{1}{m} dZ X^{T}',
      'db = \\frac{1}{m} \\sum_{i=1}^{m} dZ^{(i)}',
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

  test('mean squared error without the 1/2', () => {
    const { J } = math({ W: param(1, 4), b: param(1, 1), X: input(4, 'm'), Y: input(1, 'm') })`
      A = W * X + b
      J = mean((A - Y) .^ 2)`;
    const { backward } = equations(J!);
    expect(texts(backward)).toEqual([
      'dA = 2 * (A - Y)',
      "dW = 1/m * dA * X'",
      'db = 1/m * sum(dA, 1)',
    ]);
    expect(texOf(backward)[0]).toBe('dA = 2 (A - Y)');
  });

  test('with a number of examples, the mean is told from other factors', () => {
    const { J } = math({ W: param(1, 4), X: input(4, 209), Y: input(1, 209) })`
      A = W * X
      J = mean((A - Y) .^ 2) / 2`;
    expect(texts(equations(J!).backward)).toEqual(['dA = A - Y', "dW = 1/209 * dA * X'"]);
  });

  test('a linear net is a linear function: the identity adds nothing', () => {
    const { J, W1 } = math({
      W1: param(4, 3),
      W2: param(1, 4),
      X: input(3, 'm'),
      Y: input(1, 'm'),
    })`J = mean(W2 * (W1 * X) - Y)`;
    expect(print(grad(J!, W1))).toBe("1/m * W2' .* sum(X', 0)");
  });
});

describe('what is added to the cost of a net', () => {
  const { J } = math({
    ...{ W1: param(4, 3), b1: param(4, 1), W2: param(1, 4), b2: param(1, 1) },
    ...{ X: input(3, 'm'), Y: input(1, 'm'), lambda: input() },
  })`
    Z1 = W1 * X + b1
    A1 = tanh(Z1)
    Z2 = W2 * A1 + b2
    A2 = sigmoid(Z2)
    L = -mean(Y .* log(A2) + (1 - Y) .* log(1 - A2))
    J = L + lambda / (2 * m) * (sum(W1 .^ 2) + sum(W2 .^ 2))`;
  const { backward } = equations(J!);

  test('is in the gradients of the weights only', () => {
    expect(texOf(backward)).toEqual([
      'dZ^{[2]} = A^{[2]} - Y',
      'dW^{[2]} = \\frac{1}{m} (\\lambda W^{[2]} + dZ^{[2]} A^{[1]T})',
      'db^{[2]} = \\frac{1}{m} \\sum_{i=1}^{m} dZ^{[2](i)}',
      'dA^{[1]} = W^{[2]T} dZ^{[2]}',
      'dZ^{[1]} = dA^{[1]} \\odot (1 - (A^{[1]})^{2})',
      'dW^{[1]} = \\frac{1}{m} (\\lambda W^{[1]} + dZ^{[1]} X^{T})',
      'db^{[1]} = \\frac{1}{m} \\sum_{i=1}^{m} dZ^{[1](i)}',
    ]);
    expect(texts(backward)[1]).toBe("dW2 = 1/m * (lambda * W2 + dZ2 * A1')");
  });
});

describe.each([
  ['max(0, Z1)', 'where(Z1 < 0, 0, dA1)', '[Z^{[1]} \\ge 0]'],
  ['max(Z1, 0)', 'where(A1 > 0, dA1, 0)', '[A^{[1]} > 0]'],
  [
    'max(0.01 * Z1, Z1)',
    'dA1 .* where(Z1 < 0, 0.01, 1)',
    '\\begin{cases}0.01 & Z^{[1]} < 0\\\\ 1 & \\text{else}\\end{cases}',
  ],
  ['(exp(Z1) - exp(-Z1)) ./ (exp(Z1) + exp(-Z1))', 'dA1 .* (1 - A1 .^ 2)', '(1 - (A^{[1]})^{2})'],
  ['1 ./ (1 + exp(-Z1))', 'dA1 .* A1 .* (1 - A1)', 'A^{[1]} \\odot (1 - A^{[1]})'],
  ['log(1 + exp(Z1))', 'dA1 .* sigmoid(Z1)', '\\sigma(Z^{[1]})'],
])('the activation typed as %s', (activation, text, slope) => {
  test('has the slope of the course', () => {
    const { J } = math({ W1: param(4, 3), W2: param(1, 4), X: input(3, 'm'), Y: input(1, 'm') })(`
      Z1 = W1 * X
      A1 = ${activation}
      A2 = sigmoid(W2 * A1)
      J = -mean(Y .* log(A2) + (1 - Y) .* log(1 - A2))`);
    const line = equations(J!).backward.find(({ name }) => name === 'dZ1')!;
    expectLatex(line.tex);
    expect(line.text).toBe(text);
    expect(line.tex).toBe(`dZ^{[1]} = dA^{[1]} \\odot ${slope}`);
  });
});

describe('a whole program as one block of LaTeX', () => {
  const { J } = classifier({ sizes: [3, 4, 1], hidden: 'relu' });

  test('with the shape below every symbol', () => {
    const block = texProgram(J!);
    expectLatex(block);
    expect(block).toMatchInlineSnapshot(`
      "\\begin{aligned}
      &\\textbf{forward} \\\\
      \\underset{4 \\times m}{Z^{[1]}} &= \\underset{4 \\times 3}{W^{[1]}} \\underset{3 \\times m}{X} + \\underset{4 \\times 1}{b^{[1]}} \\\\
      \\underset{4 \\times m}{A^{[1]}} &= \\max(\\underset{4 \\times m}{Z^{[1]}}, 0) \\\\
      \\underset{1 \\times m}{Z^{[2]}} &= \\underset{1 \\times 4}{W^{[2]}} \\underset{4 \\times m}{A^{[1]}} + \\underset{1 \\times 1}{b^{[2]}} \\\\
      \\underset{1 \\times m}{A^{[2]}} &= \\sigma(\\underset{1 \\times m}{Z^{[2]}}) \\\\
      &\\textbf{cost} \\\\
      J &= -\\frac{1}{m} \\sum_{i=1}^{m} (Y^{(i)} \\log(A^{[2](i)}) + (1 - Y^{(i)}) \\log(1 - A^{[2](i)})) \\\\
      &\\textbf{backward} \\\\
      \\underset{1 \\times m}{dZ^{[2]}} &= \\underset{1 \\times m}{A^{[2]}} - \\underset{1 \\times m}{Y} \\\\
      \\underset{1 \\times 4}{dW^{[2]}} &= \\frac{1}{m} \\underset{1 \\times m}{dZ^{[2]}} \\underset{m \\times 4}{A^{[1]T}} \\\\
      \\underset{1 \\times 1}{db^{[2]}} &= \\frac{1}{m} \\sum_{i=1}^{m} dZ^{[2](i)} \\\\
      \\underset{4 \\times m}{dA^{[1]}} &= \\underset{4 \\times 1}{W^{[2]T}} \\underset{1 \\times m}{dZ^{[2]}} \\\\
      \\underset{4 \\times m}{dZ^{[1]}} &= \\underset{4 \\times m}{dA^{[1]}} \\odot [\\underset{4 \\times m}{A^{[1]}} > 0] \\\\
      \\underset{4 \\times 3}{dW^{[1]}} &= \\frac{1}{m} \\underset{4 \\times m}{dZ^{[1]}} \\underset{m \\times 3}{X^{T}} \\\\
      \\underset{4 \\times 1}{db^{[1]}} &= \\frac{1}{m} \\sum_{i=1}^{m} dZ^{[1](i)} \\\\
      &\\textbf{update} \\\\
      \\underset{4 \\times 3}{W^{[1]}} &:= \\underset{4 \\times 3}{W^{[1]}} - \\alpha \\underset{4 \\times 3}{dW^{[1]}} \\\\
      \\underset{4 \\times 1}{b^{[1]}} &:= \\underset{4 \\times 1}{b^{[1]}} - \\alpha \\underset{4 \\times 1}{db^{[1]}} \\\\
      \\underset{1 \\times 4}{W^{[2]}} &:= \\underset{1 \\times 4}{W^{[2]}} - \\alpha \\underset{1 \\times 4}{dW^{[2]}} \\\\
      \\underset{1 \\times 1}{b^{[2]}} &:= \\underset{1 \\times 1}{b^{[2]}} - \\alpha \\underset{1 \\times 1}{db^{[2]}}
      \\end{aligned}"
    `);
  });

  test('with the updates of a program, and no shapes', () => {
    const params = paramsOf([J!]);
    const { gradients } = derive(J!, params);
    const updates = params.map((p, i) => ({ param: p, value: sub(p, mul(0.5, gradients[i]!)) }));
    const block = texProgram(J!, { updates, shapes: false });
    expectLatex(block);
    expect(block.split('\\textbf{update}')[1]).toMatchInlineSnapshot(`
      " \\\\
      W^{[1]} &:= W^{[1]} - \\frac{1}{2} dW^{[1]} \\\\
      b^{[1]} &:= b^{[1]} - \\frac{1}{2} db^{[1]} \\\\
      W^{[2]} &:= W^{[2]} - \\frac{1}{2} dW^{[2]} \\\\
      b^{[2]} &:= b^{[2]} - \\frac{1}{2} db^{[2]}
      \\end{aligned}"
    `);
    expect(equations(J!, params, updates).update.map(({ text }) => text)).toContain(
      'W1 - 1/2 * dW1',
    );
  });

  test.each([1, 5])('for %i layers', (L) => {
    const { J } = classifier({ sizes: [2, 6, 3, 5, 4, 1].slice(5 - L), hidden: 'tanh' });
    const block = texProgram(J!, { shapes: false });
    expectLatex(texProgram(J!));
    const below = (title: string): string[] =>
      block
        .split(`&\\textbf{${title}} \\\\\n`)[1]!
        .split(/ \\\\\n&\\textbf|\n\\end/)[0]!
        .replaceAll(/ &(:?=)/g, ' $1')
        .split(' \\\\\n');
    expect(below('backward')).toEqual(backPropagation(L, (l) => `(1 - (A^{[${l}]})^{2})`));
    const update = (x: string) => `${x} := ${x} - \\alpha d${x}`;
    const of = (l: number) => [update(`W^{[${l}]}`), update(`b^{[${l}]}`)];
    expect(below('update')).toEqual(Array.from({ length: L }, (_, l) => of(l + 1)).flat());
  });
});

test('the leaky ReLU of the course, max(0.01 z, z), has the slopes 0.01 and 1', () => {
  const { y, z } = math({ z: param(3) })`y = max(0.01 * z, z)`;
  expect(print(grad(sum(y!), z))).toBe('where(z < 0, 0.01, 1)');
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
