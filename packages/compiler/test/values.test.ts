// Whatever the graph can say, the compiled program computes: against the float64 interpreter.

import * as g from '@chainrule/graph';
import {
  abs,
  add,
  createRandom,
  grad,
  input,
  interpret,
  matmul,
  mean,
  mul,
  type Node,
  param,
  sigmoid,
  sin,
  softplus,
  sub,
  sum,
  tanh,
  transpose,
} from '@chainrule/graph';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile, type Tensor } from '../src/index.ts';

const data = (length: number, seed: number): Float32Array => {
  const random = createRandom(seed);
  return Float32Array.from({ length }, () => random.normal());
};

/** float32 rounding of sums of a few hundred terms, relative to the largest value. */
const TOLERANCE = 1e-5;

async function agrees(node: Node, feeds: Record<string, Float32Array>, sizes = {}) {
  for (const device of ['js', 'wasm'] as const) await agreesOn(device, node, feeds, sizes);
}

async function agreesOn(
  device: 'js' | 'wasm',
  node: Node,
  feeds: Record<string, Float32Array>,
  sizes: Record<string, number>,
) {
  using run = await compile({ value: node }, { device, sizes, seed: 5 });
  const { value } = (await run.run({ value: node }, feeds)) as { value: Tensor };
  const expected = interpret(node, { ...feeds, ...(await run.state()) }, sizes);
  expect(value.shape).toEqual(expected.shape);
  const scale = Math.max(1e-30, ...expected.data.map(Math.abs));
  const worst = Math.max(0, ...value.data.map((v, i) => Math.abs(v - expected.data[i]!)));
  expect(worst / scale, device).toBeLessThan(TOLERANCE);
}

const X = input(4, 'm', { name: 'X' });

const spike = g.elementwise('spike', 'x > 0', ['x'], {
  derivative: { x: '1 / (1 + abs(x))^2' },
});
const soft = g.elementwise('soft', 'x > t ? log(x / t) : tanh(x - t)', ['x', 't'], {
  derivative: { t: '-sign(x)' },
});

describe('functions', () => {
  const at = input({ name: 'at' });
  const functions: Record<string, (x: Node) => Node> = {
    relu6: g.relu6,
    hardSigmoid: g.hardSigmoid,
    hardSwish: g.hardSwish,
    logSigmoid: g.logSigmoid,
    prelu: (x) => g.prelu(x, 0.25),
    elu: (x) => g.elu(x, 0.7),
    selu: g.selu,
    celu: (x) => g.celu(x, 2),
    gelu: (x) => g.gelu(x, { approximate: 'tanh' }),
    silu: g.silu,
    mish: g.mish,
    softsign: g.softsign,
    xlogx: (x) => g.xlogx(g.abs(x)),
    xlogy: (x) => g.xlogy(x, g.square(x)),
    logit: (x) => g.logit(g.sigmoid(x)),
    power: (x) => g.pow(g.square(x), g.sub(1, x)),
    round: (x) => g.mul(x, g.round(g.mul(3, x))),
    mod: (x) => g.mul(x, g.mod(x, 0.75)),
    clip: (x) => g.clip(x, -1, 0.5),
    logic: (x) => g.mul(x, g.or(g.and(g.lessEqual(x, 1), g.less(0, x)), g.not(g.notEqual(x, x)))),
    finite: (x) => g.where(g.or(g.isNaN(x), g.not(g.isFinite(x))), 0, x),
    spike: (x) => g.mul(x, spike(x)),
    soft: (x) => soft(x, g.sum(g.square(x), 0)),
    stopGradient: (x) => g.mul(x, g.stopGradient(x)),
    noise: (x) => g.mul(x, g.add(g.uniform([], { seed: 3, at }), g.normal([], { seed: 4, at }))),
    dropout: (x) => g.mul(x, g.dropout(g.constant(1), 0.5, { seed: 5, at })),
  };
  test.each(Object.entries(functions))('%s and its derivative', async (name, f) => {
    const step = ['noise', 'dropout'].includes(name) ? { at: Float32Array.of(7) } : {};
    const Y = f(X);
    for (const node of [Y, grad(sum(g.mul(Y, g.exp(X))), X)]) {
      await agrees(node, { X: data(4 * 5, 1), ...step }, { m: 5 });
    }
  });
});

describe('inputs that hold one example after another', () => {
  const C = input(3, 'm', { name: 'C', order: 'columns' });
  const W = param(2, 3, { name: 'W', init: { kind: 'normal', std: 1 } });
  test.each(
    Object.entries({
      itself: C,
      product: matmul(W, C),
      'way back': grad(sum(sigmoid(matmul(W, C))), W),
    }),
  )('%s', async (_, node) => {
    for (const m of [1, 3, 5, 64]) await agrees(node, { C: data(3 * m, 4) }, { m });
  });
});

describe('random formulas', () => {
  const leaf = fc.constantFrom<(x: Node) => Node>(
    (x) => x,
    (x) => mul(x, 0.5),
    (x) => sub(1, x),
  );
  const unary = fc.constantFrom(sigmoid, tanh, softplus, abs, sin);
  const formula = fc.letrec<{ node: (x: Node) => Node }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.tuple(unary, tie('node')).map(
        ([g, f]) =>
          (x: Node) =>
            g(f(x)),
      ),
      fc.tuple(tie('node'), tie('node')).map(
        ([f, g]) =>
          (x: Node) =>
            mul(f(x), g(x)),
      ),
      fc.tuple(tie('node'), tie('node')).map(
        ([f, g]) =>
          (x: Node) =>
            add(f(x), sum(g(x), 0, { keepdims: true })),
      ),
      fc.tuple(tie('node'), tie('node')).map(
        ([f, g]) =>
          (x: Node) =>
            matmul(f(x), mul(matmul(transpose(x), g(x)), 0.1)),
      ),
    ),
  })).node;

  test('values and gradients', async () => {
    const W = param(4, 3, { name: 'W', init: { kind: 'normal', std: 0.5 } });
    await fc.assert(
      fc.asyncProperty(formula, async (f) => {
        const J = mean(f(W));
        await agrees(f(W), {});
        await agrees(grad(J, W), {});
      }),
      { numRuns: 150, seed: 20, endOnFailure: true },
    );
  });
});
