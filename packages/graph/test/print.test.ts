// What graphs look like, in text and in LaTeX.
import { describe, expect, test } from 'vitest';
import {
  add,
  concat,
  diag,
  expandDims,
  input,
  math,
  mul,
  type Node,
  outer,
  param,
  pow,
  print,
  simplify,
  sum,
  tex,
  texOfName,
} from '../src/index.ts';
import { expandTo } from '../src/ops/operand.ts';
import { expectLatex } from './support/latex.ts';

const leaves = () => ({
  X: input('n', 'm'),
  Y: input(1, 'm'),
  W1: param(4, 'n'),
  b1: param(4, 1),
  W2: param(2, 4),
  v: param(4),
  T: param(5, 3, 4),
  s: param(),
  t: param(),
  alpha: input(),
});

/** Formulas, by what is hard about them. */
const formulas = {
  'products of matrices': [
    'W2 * (W1 * X + b1)',
    '(W2 * W1) * X',
    'W2 * (W1 * X)',
    "X .* (W1' * b1)",
    "(W1' * b1) .* X",
    "X ./ (W1' * b1)",
    "(X + Y)'",
    "(X .* Y)'",
    "exp(X)'",
  ],
  'signs and sums': [
    '-(X + Y)',
    '-X + Y',
    'X - (Y - X)',
    '1 - (1 - X)',
    '-1 - X',
    '2 * (X + Y)',
    '(s + t) * X',
    "(s + t) * X * X'",
    'log1p(-X)',
    'log1p(X - Y)',
    'expm1(X) .* Y',
  ],
  'quotients and powers': [
    'X ./ (Y ./ X)',
    's * t / (s + 1)',
    '(s * t) ^ 2',
    '-s ^ 2',
    'sqrt(X) .^ 3',
    'X .^ -1.5',
    '(X + 1) .^ 2',
    'exp(X) .^ 2',
    's ^ t',
    'sigmoid(X) .^ 2',
    'abs(X - Y) .^ 2',
  ],
  numbers: ['X / 2', '0.01 * X', '2/3 * X', '1e-8 * X', 'alpha / m * X', 'alpha / (2 * m) * s'],
  conditions: [
    'X > 0',
    '(X > 0) .* Y',
    'X > Y',
    'where(X > 0, X, Y)',
    'where(X > 0, X, 0)',
    'where(X > 0, 0, X)',
    'where(X, 1, 2)',
    'where(X > 0, X + Y, 0) + 1',
    'max(X, 0) .^ 2',
    'leakyRelu(X, 0.3)',
  ],
  'sums with their letters': [
    'sum(X)',
    'sum(X, 0)',
    'sum(X, 1) .* X',
    'sum(X .* Y + 1)',
    'sum(X) * sum(Y)',
    'sum(X) ^ 2',
    'mean(X, 0) .* X',
    'sum(sum(X, 0) .* X)',
    'sum(W1 .* W1)',
    'sum((W1 * X) .^ 2)',
    "sum((W1 * X)')",
    'sum(v .^ 2)',
    'sum(T)',
    'maxOver(X, 0) + X',
    'logsumexp(X, 0) + 1',
    'softmax(X) .* Y',
    'exp(X) ./ sum(exp(X), 0)',
    '-mean(Y .* log(sigmoid(X)) + (1 - Y) .* log(1 - sigmoid(X)))',
  ],
};

describe.each(Object.entries(formulas))('%s', (_, list) => {
  test.each(list)('%s', (formula) => {
    const { result } = math(leaves())(`result = ${formula}`);
    const lines = [print(result!), tex(result!)];
    expectLatex(lines[1]!);
    expectLatex(tex(simplify(result!)));
    expect(lines.join('\n')).toMatchSnapshot();
  });
});

test('names', () => {
  const names = [
    ...['W1', 'dZ2', 'dx', 'alpha', 'lambda', 'theta0', 'Delta', 'y_hat', 'y_hat2', 'x_1'],
    ...['v_dW1', 'c_m', 'v_max'],
    ...['dgamma', 'Zhat', 'dZhat1', 'what'],
    ...['learning_rate', 'dA_prev', 'conv2d', 'W_hh', 'a&b{}^\\~'],
  ];
  const lines = names.map((name) => `${name}: ${texOfName(name)}`);
  for (const name of names) expectLatex(texOfName(name));
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "W1: W^{[1]}
    dZ2: dZ^{[2]}
    dx: dx
    alpha: \\alpha
    lambda: \\lambda
    theta0: \\theta^{[0]}
    Delta: \\Delta
    y_hat: \\hat{y}
    y_hat2: \\hat{y}^{[2]}
    x_1: x^{[1]}
    v_dW1: v_{dW^{[1]}}
    c_m: c_{m}
    v_max: \\mathrm{v\\_max}
    dgamma: d\\gamma
    Zhat: \\hat{Z}
    dZhat1: d\\hat{Z}^{[1]}
    what: \\hat{w}
    learning_rate: \\mathrm{learning\\_rate}
    dA_prev: d\\mathrm{A\\_prev}
    conv2d: \\mathrm{conv2d}
    W_hh: \\mathrm{W\\_hh}
    a&b{}^\\~: \\mathrm{a\\&b\\{\\}   }"
  `);
});

test('a number that has no decimal end is a fraction if it is a simple one', () => {
  const x = param({ name: 'x' });
  const shown = [1 / 3, 2 / 7, 0.5, 0.2, 0.1, 0.05, 1 / 12, 0.123456789, Math.PI].map((c) =>
    print(math({ x, c })`y = c * x`['y']!),
  );
  expect(shown).toMatchInlineSnapshot(`
    [
      "x/3",
      "2 * x/7",
      "x/2",
      "x/5",
      "0.1 * x",
      "0.05 * x",
      "x/12",
      "0.123456789 * x",
      "3.141592653589793 * x",
    ]
  `);
});

test('names given for one print win', () => {
  const { Z, X } = math({ X: input(2, 'm') })`Z = exp(X)`;
  expect(print(math({ Z: Z! })`y = Z + 1`['y']!)).toBe('Z + 1');
  expect(tex(math({ Z: Z! })`y = Z + 1`['y']!, new Map([[Z!, 'dA1']]))).toBe('dA^{[1]} + 1');
  expect(print(X)).toBe('X');
});

test('text says where dimensions lie that broadcasting at the right would put elsewhere', () => {
  const [v, w] = [param(5, { name: 'v' }), param(3, { name: 'w' })];
  const [A, B] = [param(4, 4, { name: 'A' }), param(2, 3, 4, { name: 'B' })];
  const turned = mul(expandTo(v, [5, 4], [0]), expandTo(sum(A, 1), [5, 4], [1]));
  const cases: [Node, string][] = [
    [outer(v, w), 'reshape(v, [5, 1]) .* w'],
    [expandDims(v, 1), 'reshape(v, [5, 1])'],
    [
      add(sum(A, 1), diag(A)),
      'sum(A, 1) + sum(where(iota([4, 4], 0) == iota([4, 4], 1), A, 0), 1)',
    ],
    [mul(sum(A, 1), sum(A, 0)), 'reshape(sum(A, 1), [4]) .* sum(A, 0)'],
    [sum(sum(B, 0), 0), 'sum(sum(B, 0), 1)'],
    [concat([sum(A, 1), v]), 'pad(reshape(sum(A, 1), [4]), [9], [0]) + pad(v, [9], [4])'],
    // Each lies where the other does not, in another order.
    [turned, "(v .* sum(A, 1))'"],
    [sum(turned, 0), 'sum(v .* sum(A, 1), 1)'],
    [mul(turned, param(4, { name: 'u' })), "(v .* sum(A, 1))' .* u"],
    // Factors that cancel keep their shape.
    [sum(mul(A, pow(A, -1)), 0), 'sum(expand(1, [4, 4]), 0)'],
  ];
  for (const [node, text] of cases) expect(print(node)).toBe(text);
});
