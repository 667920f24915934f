// The rules about shape: an example of each, with what it becomes; its value stays.
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { interpretAll, math, type Node, param, print, type Step } from '../src/index.ts';
import { stableRules } from '../src/rewrite/stable.ts';
import { structureRules } from '../src/rewrite/structure.ts';
import { normal } from './support/nets.ts';

const leaves = () => ({
  A: param(3, 'm'),
  B: param(3, 'm'),
  W: param(3, 3),
  V: param(2, 3),
  b: param(3, 1),
  r: param(1, 'm'),
  s: param(),
  T: param(2, 3, 4),
  Y: g.input(3, 'm', { distribution: true }),
});
type Leaves = ReturnType<typeof leaves>;
type Example = readonly [string | ((x: Leaves) => Node), string];

/** For each rule: formulas that need it, and what they become. */
const examples: Readonly<Record<string, readonly Example[]>> = {
  'view-of-view': [
    ["A''", 'A'],
    ["(b' * b)'", "b' * b"],
    [(x) => g.permute(g.permute(x.T, [2, 0, 1]), [1, 2, 0]), 'T'],
    [(x) => g.transpose(g.expand(x.s, [2, 3])), 's'],
    [(x) => g.sum(g.expand(g.expand(x.b, [3, 4]), [5, 3, 4])), '20 * sum(b)'],
  ],
  'transpose-of-product': [
    ["(V * W')'", "W * V'"],
    ["(A' * W)'", "W' * A"],
    ["(W * A)'", "(W * A)'"],
  ],
  'float-scale': [
    ['sum(A / m, 1)', '1/m * sum(A, 1)'],
    ['W * (-2 * A)', '-2 * W * A'],
    ["(2 * A)'", "2 * A'"],
    ['(3 * V) * (s * A)', '3 * s * V * A'],
    ['2 * b + A', '2 * b + A'],
  ],
  'expand-outward': [
    [(x) => g.exp(g.neg(g.expand(x.b, [3, 4]))), 'exp(-b)'],
    [(x) => g.sum(g.mul(g.expand(x.b, [3, 4]), g.expand(x.b, [3, 4]))), '4 * sum(b .^ 2)'],
  ],
  'root-of-even-powers': [
    ['sqrt(4 * A .^ 2)', '2 * abs(A)'],
    ['(9 * A .^ 2 .* B .^ 2) .^ -0.5', '1/3 * 1 ./ abs(A .* B)'],
    ['sqrt(-4 * A .^ 2)', 'sqrt(-4 * A .^ 2)'],
    ['sqrt(4 * A)', 'sqrt(4 * A)'],
  ],
  'root-of-squares': [
    ['sqrt(sum(A .^ 2))', 'norm(A)'],
    ['sqrt(sum(A .* A, 0))', 'norm(A, 0)'],
    ['1 / sqrt(sum(b .^ 2))', '1/norm(b)'],
    ['sqrt(sum(A .^ 2) + 1)', 'sqrt(sum(A .^ 2) + 1)'],
  ],
  'power-of-norm': [
    ['norm(A) ^ 2', 'sum(A .^ 2)'],
    ['norm(A) ^ 3', 'norm(A) .^ 3'],
  ],
  'sum-of-sum': [['sum(sum(A .* A, 0))', 'sum(A .^ 2)']],
  'sum-of-repeated': [
    [(x) => g.sum(g.expand(x.b, [3, 'm'])), 'm * sum(b)'],
    [(x) => g.sum(g.expand(x.b, [3, 'm']), 1), 'm * sum(b, 1)'],
    ['sum(0 * A + 2)', '6 * m'],
  ],
  'product-with-repeated': [
    [(x) => g.matmul(x.V, g.expand(x.s, [3, 4])), 's * sum(V, 1)'],
    ['W * (0 * A)', '0'],
    [(x) => g.matmul(g.expand(x.b, [3, 'm']), g.transpose(x.A)), "b .* sum(A', 0)"],
  ],
  'sum-of-deviations': [
    ['sum(A - mean(A, 1), 1)', '0'],
    ['sum(b .* (A - mean(A, 1)) + B, 1)', 'sum(B, 1)'],
    ['sum(A .* B - mean(A .* B, 0), 0)', '0'],
    ['sum(A + A)', 'sum(A + A)'],
    ['sum(A - mean(A, 1), 0)', 'sum(A - 1/m * sum(A, 1), 0)'],
    ['sum(A - 2 * mean(A, 1), 1)', 'sum(A - 2/m * sum(A, 1), 1)'],
    ['sum(A .* (A - mean(A, 1)), 1)', 'sum(A .* (A - 1/m * sum(A, 1)), 1)'],
  ],
  'repeated-factor': [
    ['sum(A .* b, 1)', 'sum(b, 1) .* sum(A, 1)'],
    ['sum(A ./ (b + s) .* B, 1) .* A', 'sum(A .* B, 1) .* A ./ (b + s)'],
    ['sum(A .* b, 0)', 'sum(A .* b, 0)'],
    ['sum(A .* b)', 'sum(A .* b)'],
  ],
  'factor-of-choice': [
    ['where(A > 0, B .* A, B)', 'B .* where(A > 0, A, 1)'],
    ['where(A > 0, 1 ./ B, B ./ B .^ 3)', 'where(A > 0, 1, 1 ./ B) ./ B'],
    ['where(A > 0, 1 ./ B, B)', 'where(A > 0, 1 ./ B, B)'],
  ],
  'compare-with-max': [
    ['A < max(B, A)', 'A < B'],
    ['min(A, B) < A', 'B < A'],
    ['max(A, 0) > 0', 'max(A, 0) > 0'],
  ],
  'compare-multiples': [
    ['0.1 * A < A', 'A > 0'],
    ['A < -A', 'A < 0'],
    ['A .* B < A .* B', '0'],
  ],
  'sum-of-distribution': [
    ['sum(Y, 0) .* A', 'A'],
    ['sum(Y)', 'm'],
  ],
  'log-sum-exp': [
    ['log(sum(exp(A), 0))', 'logsumexp(A, 0)'],
    ['log(sum(exp(A)))', 'logsumexp(A)'],
    ['log(mean(exp(A), 1))', 'logsumexp(A, 1) - log(m)'],
    ['log(3 * r .* sum(exp(A), 0))', 'logsumexp(A, 0) + log(3 * r)'],
    ['log(exp(r) .* sum(exp(A), 0))', 'r + logsumexp(A, 0)'],
  ],
  'power-of-exp': [
    ['sqrt(exp(A))', 'exp(1/2 * A)'],
    ['1 ./ exp(A) .^ 2', 'exp(-2 * A)'],
    ['exp(A) .^ 2', 'exp(A) .^ 2'],
  ],
  'softmax-by-hand': [
    ['exp(A) ./ (exp(A) + exp(B) + exp(r))', 'exp(A - logaddexp(logaddexp(A, B), r))'],
    ['exp(A) ./ (2 + exp(A))', 'sigmoid(A - log(2))'],
    ['exp(A) ./ (A + exp(A))', 'exp(A) ./ (A + exp(A))'],
  ],
  'log-of-exponentials': [
    ['log(exp(A) + exp(B) + exp(r))', 'logaddexp(logaddexp(A, B), r)'],
    ['log(2 + exp(A))', 'log(2) + softplus(A - log(2))'],
    ['log(1 + sum(exp(A), 0))', 'softplus(logsumexp(A, 0))'],
    ['log(3 * exp(A) + m * exp(B))', 'logaddexp(A + log(3), B + log(m))'],
    ['log(exp(A) + A)', 'log(exp(A) + A)'],
    ['log(exp(A) - 2 * exp(B))', 'log(exp(A) - 2 * exp(B))'],
  ],
  'shift-of-logsumexp': [
    ['logsumexp(A + r, 0)', 'logsumexp(A, 0) + sum(r, 0)'],
    ['logsumexp(A - maxOver(A, 0), 0) + maxOver(A, 0)', 'logsumexp(A, 0)'],
    ['logsumexp(A + 3 + s)', 'logsumexp(A) + 3 + s'],
    ['logsumexp(A + b, 0)', 'logsumexp(A + b, 0)'],
  ],
  'sum-across-views': [
    ['A - maxOver(A, 0) - log(sum(exp(A - maxOver(A, 0)), 0))', 'A - logsumexp(A, 0)'],
    ['A - maxOver(A) - log(sum(exp(A - maxOver(A))))', 'A - logsumexp(A)'],
  ],
  variance: [
    ['mean(A .^ 2, 1) - mean(A, 1) .^ 2', '1/m * sum((A - 1/m * sum(A, 1)) .^ 2, 1)'],
    ['mean(W .^ 2) - mean(W) ^ 2', '1/9 * sum((W - 1/9 * sum(W)) .^ 2)'],
    ['2 * sum(A .^ 2, 0) - 2 / 3 * sum(A, 0) .^ 2', '2 * sum((A - 1/3 * sum(A, 0)) .^ 2, 0)'],
    [
      'mean(A .* B) - mean(A) * mean(B) + s',
      '1/(3 * m) * sum((A - 1/(3 * m) * sum(A)) .* (B - 1/(3 * m) * sum(B))) + s',
    ],
    ['sum(A .^ 2, 0) - sum(A, 0)', 'sum(A .^ 2, 0) - sum(A, 0)'],
  ],
  'log-of-power': [
    ['log(A .^ 2)', '2 * log(abs(A))'],
    ['log(1 ./ A)', '-log(A)'],
    ['log(sqrt(A))', '1/2 * log(A)'],
  ],
  'power-of-log': [
    ['exp(0.5 * log(A))', 'sqrt(A)'],
    ['exp(-log(A))', '1 ./ A'],
    ['exp(r .* log(A))', 'exp(r .* log(A))'],
  ],
  'sign-outward': [
    ['tanh(-2 * A)', '-tanh(2 * A)'],
    ['cos(-A / m)', 'cos(1/m * A)'],
    ['sin(A - B)', 'sin(A - B)'],
  ],
  softmax: [
    ['exp(A) ./ sum(exp(A), 0)', 'softmax(A, 0)'],
    ['exp(A) .* (1 ./ sum(exp(A), 1))', 'softmax(A, 1)'],
    ['exp(A) ./ sum(exp(B), 0)', 'exp(A - logsumexp(B, 0))'],
    ['r .* exp(A) ./ sum(exp(A), 0)', 'r .* softmax(A, 0)'],
    ['exp(A - maxOver(A, 0)) ./ sum(exp(A - maxOver(A, 0)), 0)', 'softmax(A, 0)'],
    ['exp(B) .* exp(A) ./ sum(exp(A), 0)', 'exp(B + A - logsumexp(A, 0))'],
    ['exp(A) ./ sum(exp(A))', 'exp(A - logsumexp(A))'],
    ['exp(A) ./ (2 * sum(exp(A), 0))', '1/2 * softmax(A, 0)'],
    ['exp(b) ./ (s * sum(exp(A), 1))', '1/s * exp(b - logsumexp(A, 1))'],
  ],
  'choose-branch': [
    ['where(A > 0, B, B)', 'B'],
    ['where(1 < 2, A, B)', 'A'],
    ['where(A > 0, where(A > 0, B, 1), 2)', 'where(A > 0, B, 2)'],
    ['where(A > 0, 1, where(A > 0, 2, B))', 'where(A > 0, 1, B)'],
    ['where(where(A > 0, 2, 0), B, 1)', 'where(A > 0, B, 1)'],
    ['where(where(b > 0, 0, 1) + 0 * A, B, 1)', 'where(b > 0, 1, B)'],
  ],
  'product-of-choice': [
    ['where(A > 0, B, 0) ./ A', 'where(A > 0, B ./ A, 0)'],
    ["where(W > 0, W, 0)' ./ W", "where((W > 0)', W' ./ W, 0)"],
    ['where(b > 0, b, 0) ./ A', 'where(b > 0, b ./ A, 0)'],
    ['where(s > 0, 0, 1) ./ A', 'where(s > 0, 0, 1 ./ A)'],
    ['-2 / m * where(A > 0, 0, B) .* A', '-2/m * where(A > 0, 0, B .* A)'],
  ],
  'scale-of-choice': [['where(A > 0, 2 / m * B, 0)', '2/m * where(A > 0, B, 0)']],
  'sum-of-choices': [
    ['where(A > 0, B, 0) + where(A > 0, 0, A)', 'where(A > 0, B, A)'],
    ['where(A > 0, B, 0) - 0.1 * where(A > 0, 0, A)', 'where(A > 0, B, -0.1 * A)'],
  ],
};

test('every rule has an example', () => {
  const rules = [...structureRules, ...stableRules];
  expect(Object.keys(examples).sort()).toEqual(rules.map(({ name }) => name).sort());
});

const values = Object.fromEntries(
  Object.entries({ A: 6, B: 6, W: 9, V: 6, b: 3, r: 2, s: 1, T: 24 }).map(([name, count], i) => [
    name,
    normal(i + 1, count),
  ]),
);
const data = { ...values, Y: [0.2, 1, 0.5, 0, 0.3, 0] };

describe.each(Object.entries(examples))('%s', (rule, list) => {
  test.each(list)('%s', (formula, expected) => {
    const x = leaves();
    const bound = math(x);
    for (const [name, leaf] of Object.entries(x)) g.named(leaf, name);
    const before =
      typeof formula === 'string' ? bound(`result = ${formula}`)['result']! : formula(x);
    const trace: Step[] = [];
    const after = g.simplify(before, trace);
    expect(print(after)).toBe(expected);
    const applied = trace.map((step) => step.rule);
    if (print(before) !== expected) expect(applied).toContain(rule);
    const [want, got] = interpretAll([before, after], data, { m: 2 });
    expect(got!.shape).toEqual(want!.shape);
    want!.data.forEach((v, i) => {
      if (Number.isFinite(v)) expect(got!.data[i]).toBeCloseTo(v, 10);
    });
  });
});

test('a sum too long to look into is a term of its own', () => {
  const x = Array.from({ length: 100 }, (_, i) => param({ name: `x${i}` }));
  const long = x.reduce((a, b) => g.add(a, b));
  const root = g.sub(g.softplus(long), g.add(g.softplus(g.neg(long)), 3));
  const shifted = g.exp(g.sub(g.log(g.exp(long)), g.softplus(long)));
  const values = Object.fromEntries(x.map((_, i) => [`x${i}`, [i / 1000]]));
  for (const before of [root, shifted]) {
    const [want, got] = interpretAll([before, g.simplify(before)], values);
    expect(got!.data[0]).toBeCloseTo(want!.data[0]!, 10);
  }
});
