// The check of gradients: that it is exact, that it finds what is wrong, and says where.
import { complex, evaluate, type MathJsInstance } from 'mathjs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { complexMeanings } from '../src/complex.ts';
import { elementwise } from '../src/elementwise.ts';
import * as g from '../src/index.ts';
import { assertGradients, gradCheck, input, math, param } from '../src/index.ts';
import { make } from '../src/node.ts';
import { classifier, normal } from './support/nets.ts';

const data = {
  X: normal(1, 8),
  Y: [1, 0],
  W1: normal(2, 20),
  b1: normal(3, 5),
  W2: normal(4, 5),
  b2: [0.3],
};
const netOf = (hidden: string): g.Node => classifier({ sizes: [4, 5, 1], hidden })['J']!;
const orders = [{ order: 1 }, { order: 2 }] as const;

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(orders)('%o', ({ order }) => {
  test.each(['tanh', 'sigmoid', 'softplus', 'sin', 'expm1'])('is exact through %s', (hidden) => {
    const { ratio, method, worst } = gradCheck(netOf(hidden), data, { order });
    expect([method, worst.method]).toEqual(['complex step', 'complex step']);
    // Some hundred roundings in float64.
    expect(ratio).toBeLessThan(1e-14);
  });

  test.each(['relu', 'leakyRelu', 'abs'])('takes differences through %s', (hidden) => {
    const { ratio, method } = gradCheck(netOf(hidden), data, { order });
    expect(method).toBe('central differences');
    expect(ratio).toBeLessThan(1e-9);
  });

  test('takes products, softmax and its sums', () => {
    const { J } = math({ W: param(3, 3), X: input(3, 2), s: param() })`
      Z = s * W * W' * X .^ 3 + sqrt(X .^ 2 + 1)
      J = mean(logsumexp(Z, 0)) + sum(softmax(Z, 1) .* X) + log1p(s ^ 2)`;
    const { ratio, method } = gradCheck(
      J!,
      { W: normal(5, 9), X: normal(6, 6), s: 0.7 },
      { order },
    );
    expect(method).toBe('complex step');
    expect(ratio).toBeLessThan(1e-14);
  });

  test('moves inputs whose data lie column by column', () => {
    const X = input(2, 3, { name: 'X', order: 'columns' });
    const J = g.sum(g.mul(g.iota([2, 3], 1), g.relu(X)));
    const { ratio, method } = gradCheck(J, { X: normal(7, 6) }, { params: [X], order });
    expect(method).toBe('central differences');
    expect(ratio).toBeLessThan(1e-9);
  });

  test('a step asks for plain differences', () => {
    const { ratio, method, worst } = gradCheck(netOf('tanh'), data, { order, epsilon: 1e-5 });
    expect(method).toBe('central differences');
    expect(ratio).toBeLessThan(1e-7);
    expect(Math.abs(worst.numeric - worst.analytic)).toBeGreaterThan(1e-14);
  });
});

test('near a kink short steps agree', () => {
  const w = param({ name: 'w' });
  const J = g.mul(g.relu(w), g.exp(w));
  for (const at of [1e-4, -1e-4, 2e-5]) {
    expect(gradCheck(J, { w: at }).ratio).toBeLessThan(1e-7);
  }
});

/** Rows whose derivative is off by a hundredth; linear ones have no second one to find. */
const analytic = (Object.keys(complexMeanings) as (keyof typeof complexMeanings)[]).filter(
  (op) => op !== 'add',
);

test.each([...analytic, 'leakyRelu', 'abs'] as const)(
  'a wrong derivative of %s is found',
  (op) => {
    const w = param(3, { name: 'w' });
    const at = { w: [0.3, 0.8, 1.7] };
    const attr = { pow: { exponent: 1.5 }, leakyRelu: { slope: 0.1 } }[op as string] ?? {};
    const J = g.sum(make(op, op === 'mul' ? [w, g.sin(w)] : [w], attr as never, w.shape));
    expect(gradCheck(J, at).ratio).toBeLessThan(1e-9);
    const row = elementwise[op] as unknown as {
      grad: (...x: unknown[]) => (g.Node | undefined)[];
    };
    const { grad } = row;
    vi.spyOn(row, 'grad').mockImplementation((...args) =>
      grad(...args).map((d) => d && g.mul(1.01, d)),
    );
    expect(gradCheck(J, at).ratio).toBeGreaterThan(1e-3);
    expect(() => assertGradients(J, at)).toThrow('the gradient of the function is off at w');
  },
);

test('a wrong second derivative is found by the second order only', () => {
  const J = g.sum(g.sin(param(3, { name: 'w' })));
  const at = { w: [0.3, 0.8, 1.7] };
  const { grad } = elementwise.cos;
  const wrong = vi.spyOn(elementwise.cos, 'grad');
  wrong.mockImplementation((y, d) => grad(y, g.mul(1.01, d)) as [g.Node]);
  expect(gradCheck(J, at).ratio).toBeLessThan(1e-14);
  expect(gradCheck(J, at, { order: 2 }).ratio).toBeGreaterThan(1e-3);
  expect(() => assertGradients(J, at, { order: 2 })).toThrow('the second derivative of');
});

describe('large parameters', () => {
  const W = param(60, 70, { name: 'W' });
  const off = input(60, 70, { name: 'off' });
  const values = { W: normal(1, 4200), off: normal(2, 4200, 1e-3) };

  test('are checked along directions', () => {
    const J = g.mean(g.sigmoid(g.matmul(W, g.transpose(W))));
    const { ratio, method } = gradCheck(J, values);
    expect(method).toBe('complex step');
    expect(ratio).toBeLessThan(1e-13);
    expect(gradCheck(J, values, { order: 2, directions: 1 }).ratio).toBeLessThan(1e-13);
  });

  test('the entry that is off is found among them', () => {
    // A jump that lies at one entry.
    const at = 2 * 70 + 33;
    const jump = { ...values, off: values.W.map((w, i) => (i === at ? w : w - 9)) };
    const J = g.named(g.sum(g.add(g.square(W), g.less(off, W))), 'J');
    const { worst, ratio } = gradCheck(J, jump);
    expect(worst).toMatchObject({ param: 'W', index: at, method: 'central differences' });
    expect(worst.analytic).toBeCloseTo(2 * values.W[at]!, 12);
    expect(ratio).toBeGreaterThan(0.1);
    const message = new RegExp(`^the gradient of J is off at W, entry ${at}: it is `);
    expect(() => assertGradients(J, jump)).toThrow(message);
  });

  test('which the seed tells', () => {
    const J = g.mean(g.mul(W, g.relu(W)));
    const numeric = (seed: number) =>
      gradCheck(J, values, { order: 2, seed, directions: 1, epsilon: 1e-4 }).worst.numeric;
    expect(numeric(3)).toBe(numeric(3));
    expect(numeric(4)).not.toBe(numeric(3));
  });
});

describe('assertGradients', () => {
  const { J } = math({ w: param(3), v: param(2) })`J = sum(w > 0) + sum(v .^ 2)`;

  test('says parameter, entry, both numbers and the ratio', () => {
    const { numeric } = gradCheck(J!, { w: [1, 0, -2], v: [1, 2] }).worst;
    expect(() => assertGradients(J!, { w: [1, 0, -2], v: [1, 2] })).toThrow(
      `the gradient of J is off at w, entry 1: it is 0, by central differences ${numeric}; ` +
        'the ratio of w is 1, above 0.000001.\n' +
        '  fix: check the derivatives of the ops that use w; at a kink or a jump there is none, ' +
        'so take other data.',
    );
  });

  test('is silent where all is well, or not asked for', () => {
    assertGradients(J!, { w: [1, 3, -2], v: [1, 2] });
    const options = { params: g.paramsOf([J!]).filter((p) => g.nameOf(p) === 'v') };
    assertGradients(J!, { w: [1, 0, -2], v: [1, 2] }, options);
  });

  test('finds what is not a number', () => {
    const w = param(2, { name: 'w' });
    const roots = g.sum(g.sqrt(w));
    expect(() => assertGradients(roots, { w: [1, 0] })).toThrow('entry 1: it is Infinity');
    // 0 times Infinity, where the numbers know of a finite slope.
    const cusps = g.sum(g.pow(g.square(w), 0.75));
    const message = /entry 1: it is NaN, by .* 0; the ratio of w is NaN/;
    expect(() => assertGradients(cusps, { w: [1, 0] })).toThrow(message);
  });

  test('knows what can be moved', () => {
    const Z = g.named(g.mul(2, param({ name: 'w' })), 'Z');
    expect(() => gradCheck(Z, { w: 1 }, { params: [Z] })).toThrow(
      'gradCheck: Z has no data to move',
    );
  });
});

/** What mathjs computes with complex numbers. */
const definitions: Readonly<Record<keyof typeof complexMeanings, string>> = {
  add: 'p + q',
  mul: 'p * q',
  pow: 'p ^ k',
  exp: 'exp(p)',
  log: 'log(p)',
  log1p: 'log(1 + p)',
  expm1: 'exp(p) - 1',
  sin: 'sin(p)',
  cos: 'cos(p)',
  sigmoid: '1 / (1 + exp(-p))',
  tanh: 'tanh(p)',
  softplus: 'log(1 + exp(p))',
};

test.each(Object.entries(definitions))(
  '%s on complex numbers is that of mathjs',
  (op, formula) => {
    type Any = (attr: unknown, ...z: (readonly [number, number])[]) => readonly [number, number];
    const meaning = complexMeanings[op as 'add'] as unknown as Any;
    const [q, exponents] = [[0.7, -0.4] as const, [-3, -0.5, 0.5, 2, 2.3, 5]];
    const real = op === 'log' || op === 'pow' ? [0.2, 1, 2.5] : [-2.5, -0.7, 0.2, 1, 2.5];
    for (const k of op === 'pow' ? exponents : [1]) {
      for (const re of real) {
        for (const im of [-0.6, 0, 0.3]) {
          const scope = { p: complex(re, im), q: complex(...q), k };
          const want = complex(evaluate(formula, scope) as MathJsInstance['i']);
          if (op === 'log1p' && re < -1) continue;
          const got = meaning({ exponent: k }, [re, im], q);
          expect(Math.hypot(got[0] - want.re, got[1] - want.im)).toBeLessThan(
            1e-14 * Math.max(1, Math.hypot(want.re, want.im)),
          );
        }
      }
    }
  },
);
