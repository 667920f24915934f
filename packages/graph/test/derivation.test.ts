// Derivations as a person writes them: golden steps, each of which is true, ending with grad.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DerivationStep,
  derivation,
  grad,
  input,
  interpretAll,
  isLeaf,
  math,
  mean,
  type Node,
  named,
  param,
  paramsOf,
  reachable,
  type Tensor64,
  tex,
  texProgram,
} from '../src/index.ts';
import { build, leaves, trees, values } from './support/formulas.ts';
import { expectLatex } from './support/latex.ts';
import { classifier, normal } from './support/nets.ts';

const M = 4;
// Another seed: CHAINRULE_SEED=7 npm test -- derivation
const seed = Number(process.env['CHAINRULE_SEED'] ?? 1);
const numRuns = Number(process.env['CHAINRULE_RUNS'] ?? 100);

/** Data for every leaf that steps need; Y columns are distributions, all else is normal. */
function dataFor(roots: readonly Node[], names: ReadonlyMap<Node, string>) {
  const data: Record<string, number[]> = {};
  for (const leaf of reachable(roots).filter((n) => n.op === 'input' || n.op === 'param')) {
    const sizes = leaf.shape.map((dim) => (typeof dim === 'number' ? dim : M));
    const random = normal(
      leaf.id,
      sizes.reduce((p, d) => p * d, 1),
    );
    const name = names.get(leaf)!;
    data[name] = name === 'Y' ? distribution(random, sizes) : random;
    if (name === 'eps') data[name] = [1e-3];
  }
  return data;
}

/** Columns that sum to 1; a single row becomes probabilities. */
function distribution(values: readonly number[], [rows, columns]: readonly number[]): number[] {
  const positive = values.map((v) => Math.exp(v));
  if (rows === 1) return positive.map((v) => v / (1 + v));
  const total = (j: number) =>
    positive.filter((_, i) => i % columns! === j).reduce((p, v) => p + v, 0);
  return positive.map((v, i) => v / total(i % columns!));
}

/** Every step keeps the value, is LaTeX, and is seen; the last is the gradient. */
function expectTrue(steps: readonly DerivationStep[], J: Node, p: Node, formula: object): void {
  const names = new Map(Object.entries(formula).map(([name, node]) => [node as Node, name]));
  const roots = steps.flatMap(({ before, after }) => [before, after]);
  const all = interpretAll(roots, dataFor(roots, names), { m: M, n: M });
  steps.forEach((step, i) => {
    const [before, after] = [all[2 * i]!, all[2 * i + 1]!];
    expect(after.shape, step.text).toEqual(before.shape);
    // Sums in another order; quotients such as 1 / (1 - A) that cancel magnify it.
    for (const [k, v] of before.data.entries())
      expect(after.data[k], step.text).toBeCloseTo(v, 10);
    expectLatex(step.tex);
    if (i > 0) expect(step.tex).not.toBe(steps[i - 1]!.tex);
  });
  expect(steps.at(-1)!.after).toBe(grad(J, p));
  expect(steps.at(-1)!.tex.endsWith(tex(grad(J, p)))).toBe(true);
}

const linesOf = (steps: readonly DerivationStep[]): string =>
  steps.map(({ rule, tex }) => `${rule}: ${tex}`).join('\n');

test('logistic regression: from -y/a + (1-y)/(1-a) to a - y', () => {
  const formula = math({
    X: input('n', 'm'),
    Y: input(1, 'm'),
    w: param('n', 1),
    b: param(1, 1),
  })`
    Z = w' * X + b
    A = sigmoid(Z)
    J = -mean(Y .* log(A) + (1 - Y) .* log(1 - A))`;
  const { J, w, b } = formula;
  const steps = derivation(J!, w);
  expect(linesOf(steps)).toMatchInlineSnapshot(`
    "cost: J = \\frac{1}{m} \\mathcal{L}, \\quad \\mathcal{L} = -\\sum_{i=1}^{m} (Y^{(i)} \\log(A^{(i)}) + (1 - Y^{(i)}) \\log(1 - A^{(i)}))
    chain-rule: dA = \\frac{\\partial \\mathcal{L}}{\\partial A} = \\frac{1 - Y}{1 - A} - \\frac{Y}{A}
    chain-rule: dZ = dA \\frac{\\partial A}{\\partial Z} = dA \\odot A \\odot (1 - A)
    substitute: dZ = \\left(\\frac{1 - Y}{1 - A} - \\frac{Y}{A}\\right) \\odot A \\odot (1 - A)
    collect: dZ = A - Y
    chain-rule: dw = \\frac{1}{m} dZ \\frac{\\partial Z}{\\partial w} = \\frac{1}{m} X dZ^{T}
    substitute: dw = \\frac{1}{m} X (A - Y)^{T}"
  `);
  expect(steps.map(({ reason }) => reason)).toMatchInlineSnapshot(`
    [
      "J = 1/m * L: the lines are derivatives of L, the last has the 1/m",
      "dA = dL/dA",
      "dZ = dA * dA/dZ",
      "dA by its value",
      "equal terms merge, factors cancel",
      "dw = 1/m * dZ * dZ/dw",
      "the rest by its value",
    ]
  `);
  expect(steps.map(({ text }) => text)).toMatchInlineSnapshot(`
    [
      "L = -sum(Y .* log(A) + (1 - Y) .* log(1 - A))",
      "dA = (1 - Y) ./ (1 - A) - Y ./ A",
      "dZ = dA .* A .* (1 - A)",
      "dZ = ((1 - Y) ./ (1 - A) - Y ./ A) .* A .* (1 - A)",
      "dZ = A - Y",
      "dw = 1/m * X * dZ'",
      "dw = 1/m * X * (A - Y)'",
    ]
  `);
  expectTrue(steps, J!, w, formula);
  const bias = derivation(J!, b);
  expect(bias.slice(-2).map(({ tex }) => tex)).toMatchInlineSnapshot(`
    [
      "db = \\frac{1}{m} dZ \\frac{\\partial Z}{\\partial b} = \\frac{1}{m} \\sum_{i=1}^{m} dZ^{(i)}",
      "db = \\frac{1}{m} \\sum_{i=1}^{m} (A^{(i)} - Y^{(i)})",
    ]
  `);
  expectTrue(bias, J!, b, formula);
});

test('a net of two layers', () => {
  const formula = classifier({ sizes: [3, 4, 1], hidden: 'tanh' });
  const steps = derivation(formula['J']!, formula['W1']!);
  expect(linesOf(steps)).toMatchInlineSnapshot(`
    "cost: J = \\frac{1}{m} \\mathcal{L}, \\quad \\mathcal{L} = -\\sum_{i=1}^{m} (Y^{(i)} \\log(A^{[2](i)}) + (1 - Y^{(i)}) \\log(1 - A^{[2](i)}))
    chain-rule: dA^{[2]} = \\frac{\\partial \\mathcal{L}}{\\partial A^{[2]}} = \\frac{1 - Y}{1 - A^{[2]}} - \\frac{Y}{A^{[2]}}
    chain-rule: dZ^{[2]} = dA^{[2]} \\frac{\\partial A^{[2]}}{\\partial Z^{[2]}} = dA^{[2]} \\odot A^{[2]} \\odot (1 - A^{[2]})
    substitute: dZ^{[2]} = \\left(\\frac{1 - Y}{1 - A^{[2]}} - \\frac{Y}{A^{[2]}}\\right) \\odot A^{[2]} \\odot (1 - A^{[2]})
    collect: dZ^{[2]} = A^{[2]} - Y
    chain-rule: dA^{[1]} = dZ^{[2]} \\frac{\\partial Z^{[2]}}{\\partial A^{[1]}} = W^{[2]T} dZ^{[2]}
    chain-rule: dZ^{[1]} = dA^{[1]} \\frac{\\partial A^{[1]}}{\\partial Z^{[1]}} = dA^{[1]} \\odot (1 - (A^{[1]})^{2})
    chain-rule: dW^{[1]} = \\frac{1}{m} dZ^{[1]} \\frac{\\partial Z^{[1]}}{\\partial W^{[1]}} = \\frac{1}{m} dZ^{[1]} X^{T}
    substitute: dW^{[1]} = \\frac{1}{m} (W^{[2]T} (A^{[2]} - Y) \\odot (1 - (A^{[1]})^{2})) X^{T}"
  `);
  expectTrue(steps, formula['J']!, formula['W1']!, formula);
});

test('a computation graph of numbers', () => {
  const formula = math({ a: param(), b: param(), c: param() })`
    u = b * c
    v = a + u
    J = 3 * v`;
  const steps = derivation(formula['J']!, formula.b);
  expect(linesOf(steps)).toMatchInlineSnapshot(`
    "chain-rule: dv = \\frac{\\partial J}{\\partial v} = 3
    chain-rule: du = dv \\frac{\\partial v}{\\partial u} = 3
    chain-rule: db = du \\frac{\\partial u}{\\partial b} = 3 c"
  `);
  expectTrue(steps, formula['J']!, formula.b, formula);
});

test.each(['softmax(Z)', 'exp(Z) ./ sum(exp(Z), 0)'])('softmax cross-entropy of %s', (A) => {
  const formula = math({
    W: param(3, 4),
    b: param(3, 1),
    X: input(4, 'm'),
    Y: input(3, 'm', { distribution: true }),
  })(`
    Z = W * X + b
    A = ${A}
    J = -mean(sum(Y .* log(A), 0))`);
  const { J, W } = formula;
  const steps = derivation(J!, W);
  expect(steps.map(({ text }) => text).filter((text) => !text.includes(' .* A + '))).toEqual([
    'L = -sum(sum(Y .* log(A), 0))',
    'dA = -Y ./ A',
    'dZ = A .* (dA - sum(dA .* A, 0))',
    'dZ = A .* (-Y ./ A - sum(-Y, 0))',
    'dZ = A - Y',
    "dW = 1/m * dZ * X'",
    "dW = 1/m * (A - Y) * X'",
  ]);
  expectTrue(steps, J!, W, formula);
});

describe('other costs', () => {
  const leaves = () => ({
    X: input(3, 'm'),
    Y: input(2, 'm'),
    W: param(2, 3),
    b: param(2, 1),
    gamma: param(2, 1),
    lambda: input(),
    eps: input(),
  });
  test.each([
    ['no names', 'J = sum(sigmoid(W * X + b) .^ 2)'],
    ['mean squared error', 'Z = W * X + b\nJ = mean((Z - Y) .^ 2)'],
    ['a penalty', 'Z = W * X\nJ = mean((Z - Y) .^ 2) + lambda / (2 * m) * sum(W .^ 2)'],
    ['a leaky ReLU', 'Z = W * X + b\nA = max(0.01 * Z, Z)\nJ = mean(A .* Y)'],
    ['a name used twice', 'Z = W * X + b\nA = tanh(Z)\nB = A .* Z\nJ = mean(A .* Y + B)'],
    ['no part of it', 'Z = X .* 2\nJ = mean(Z) + 0 * sum(W)'],
    ['itself', 'J = sum(W .* W)'],
    [
      'batch normalization',
      `Z = W * X
       mu = mean(Z, 1)
       v = mean((Z - mu) .^ 2, 1)
       Zhat = (Z - mu) ./ sqrt(v + eps)
       A = tanh(gamma .* Zhat + b)
       J = mean((A - Y) .^ 2)`,
    ],
  ])('%s', (_, text) => {
    const formula = math(leaves())(text);
    const J = formula['J']!;
    for (const name of ['W', 'gamma', 'b'] as const) {
      if (!reachable([J]).includes(formula[name]!)) continue;
      const steps = derivation(J, formula[name]!);
      expectTrue(steps, J, formula[name]!, formula);
      expect(steps.length).toBeLessThan(60);
    }
  });

  test('with respect to a name inside', () => {
    const formula = math(leaves())`
      Z = W * X + b
      A = sigmoid(Z)
      J = mean((A - 1) .^ 2)`;
    const { J, Z } = formula;
    const steps = derivation(J!, Z!);
    expect(steps.map(({ text }) => text)).toMatchInlineSnapshot(`
      [
        "L = 1/2 * sum((A - 1) .^ 2)",
        "dA = A - 1",
        "dZ = 1/m * dA .* A .* (1 - A)",
        "dZ = 1/m * (A - 1) .* A .* (1 - A)",
      ]
    `);
    expectTrue(steps, J!, Z!, formula);
  });
});

describe(`random formulas, names at random, seed ${seed}`, () => {
  const VALUES = values(5);
  /** Beyond this, cancelled digits are missed. */
  const LARGE = 1e8;
  const expectSame = (before: Tensor64, after: Tensor64, text: string): void => {
    for (const [i, v] of before.data.entries()) {
      if (!(Math.abs(v) < LARGE)) continue;
      expect(Math.abs(after.data[i]! - v), text).toBeLessThan(1e-7 * Math.max(1, Math.abs(v)));
    }
  };

  test('each step keeps the value, and the last is the gradient', () => {
    // Whether x < max(x, y) hangs on the last digit of x where it is the larger: no step keeps that.
    // And on the way, a choice may be multiplied with what the branch not taken makes of its data.
    const smooth = trees(true, ['max', 'min', 'guarded']);
    const property = fc.property(smooth, fc.nat(), fc.nat(), (tree, mask, which) => {
      const J = mean(build(tree, leaves()));
      for (const [i, node] of reachable([J]).entries()) {
        if (!isLeaf(node) && (mask >> (i % 30)) & 1) named(node, `v${i}`);
      }
      const params = paramsOf([J]);
      fc.pre(params.length > 0);
      const p = params[which % params.length]!;
      const steps = derivation(J, p);
      expect(steps.at(-1)!.after).toBe(grad(J, p));
      const sides = steps.flatMap(({ before, after }) => [before, after]);
      const all = interpretAll(sides, VALUES, { m: 2 });
      steps.forEach(({ text }, i) => {
        expectSame(all[2 * i]!, all[2 * i + 1]!, text);
      });
      expectLatex(texProgram(J));
    });
    fc.assert(property, { seed, numRuns });
  });
});

test('a cost that is no number is refused', () => {
  const { Y, W } = math({ W: param(2, 3) })`Y = W .* 2`;
  expect(() => derivation(Y!, W)).toThrow('take its sum or its mean');
});
