// Optimizers against the papers' formulas in NumPy, in float64: see fixtures/optimizers.py.
import { readFileSync } from 'node:fs';
import { compile } from '@chainrule/compiler';
import { input, mul, nameOf, param, print, sum, texProgram } from '@chainrule/graph';
import { describe, expect, test } from 'vitest';
import {
  adam,
  binaryCrossEntropy,
  dense,
  momentum,
  type Optimizer,
  rmsprop,
  train,
} from '../src/index.ts';

type Values = Record<string, number[]>;
interface Fixture {
  readonly X: number[];
  readonly Y: number[];
  readonly first: Values;
}
const fixture = JSON.parse(
  readFileSync(new URL('./fixtures/optimizers.json', import.meta.url), 'utf8'),
) as Fixture & Record<string, Record<number, Values>>;
const feeds = { X: fixture.X, Y: fixture.Y };

function net() {
  const A1 = dense(input(2, 'm', { name: 'X' }), 3, { activation: 'tanh' });
  return binaryCrossEntropy(dense(A1, 1, { activation: 'sigmoid' }), input(1, 'm', { name: 'Y' }));
}

/** 'm_d' of m_dW1, nothing of W1. */
const kindOf = (name: string) => name.slice(0, -2);

async function started(optimizer: Optimizer, device: 'js' | 'wasm') {
  const run = await compile(train(net(), optimizer), { sizes: { m: 7 }, device });
  for (const [name, data] of Object.entries(fixture.first)) run.write(name, data);
  return run;
}

describe.each(['js', 'wasm'] as const)('on %s', (device) => {
  test.each<[string, Optimizer]>([
    ['momentum', momentum({ rate: 0.5, beta: 0.8 })],
    ['rmsprop', rmsprop({ rate: 0.02, beta: 0.95, epsilon: 1e-6 })],
    ['adam', adam()],
    ['adam, other options', adam({ rate: 0.05, beta1: 0.5, beta2: 0.99, epsilon: 0.01 })],
    ['adam without averages', adam({ rate: 0.01, beta1: 0, beta2: 0 })],
  ])('%s takes the steps of NumPy', async (name, optimizer) => {
    using run = await started(optimizer, device);
    let done = 0;
    for (const [t, values] of Object.entries(fixture[name]!)) {
      await run.steps(Number(t) - done, feeds);
      done = Number(t);
      for (const [what, wanted] of Object.entries(values)) {
        const { data } = await run.read(what);
        // A bias' gradient is a small sum of what cancels: it is as exact as its neighbours are.
        const alike = Object.keys(values).filter((name) => kindOf(name) === kindOf(what));
        expect(alike).toHaveLength(4);
        const scale = Math.max(...alike.flatMap((name) => values[name]!.map(Math.abs)));
        // Float32 against float64: roundings of 1e-7 each add up over hundreds of steps.
        const tolerance = (done > 10 ? 2e-5 : 2e-6) * scale;
        wanted.forEach((v, i) => {
          expect(Math.abs(data[i]! - v), `${what} after ${t}`).toBeLessThanOrEqual(tolerance);
        });
      }
    }
  });

  test('the corrections of Adam are 1 - beta^t from the first step on', async () => {
    using run = await started(adam(), device);
    for (const [steps, t] of [
      [1, 1],
      [1, 2],
      [8, 10],
      [990, 1000],
    ] as const) {
      await run.steps(steps, feeds);
      for (const [name, beta] of [
        ['c_m', 0.9],
        ['c_v', 0.999],
      ] as const) {
        const [found] = (await run.read(name)).data;
        const wanted = 1 - beta ** t;
        // A rounding per step at most; the difference in float32 is off by 1.7e-5 at once.
        expect(Math.abs(found! / wanted - 1)).toBeLessThan(t < 100 ? 5e-7 : 2e-5);
      }
    }
  });

  test('the first step of Adam is the learning rate, however small the gradient', async () => {
    const J = sum(mul(input(3, { name: 'c' }), param(3, { name: 'w' })));
    using run = await compile(train(J, adam({ rate: 0.01, epsilon: 1e-30 })), { device });
    run.step({ c: [1e-6, -1, 1e6] });
    const { data } = await run.read('w');
    for (const [i, sign] of [-1, 1, -1].entries()) expect(data[i]).toBeCloseTo(0.01 * sign, 8);
  });

  test('state and restore hold all of it', async () => {
    using run = await started(adam(), device);
    await run.steps(5, feeds);
    const saved = await run.state();
    expect(Object.keys(saved).sort()).toEqual(
      ['W1', 'b1', 'W2', 'b2']
        .flatMap((w) => [w, `m_d${w}`, `v_d${w}`])
        .concat('c_m', 'c_v')
        .sort(),
    );
    await run.steps(5, feeds);
    const wanted = await run.state();
    using other = await started(adam(), device);
    await other.steps(2, feeds);
    other.restore(saved);
    await other.steps(5, feeds);
    expect(await other.state()).toEqual(wanted);
  });
});

test('the updates say it all', () => {
  const { updates, names } = train(net(), adam());
  const lines = updates.map(({ param, value }) => `${nameOf(param)} := ${print(value, names)}`);
  expect(lines.slice(0, 3).concat(lines.slice(-2))).toEqual([
    'W1 := W1 - 0.001/(0.9 * c_m + 0.1) * (0.9 * m_dW1 + 0.1 * dW1) ./ ' +
      '(sqrt(1/(0.999 * c_v + 0.001) * (0.999 * v_dW1 + 0.001 * dW1 .^ 2)) + 1e-8)',
    'm_dW1 := 0.9 * m_dW1 + 0.1 * dW1',
    'v_dW1 := 0.999 * v_dW1 + 0.001 * dW1 .^ 2',
    'c_m := 0.9 * c_m + 0.1',
    'c_v := 0.999 * c_v + 0.001',
  ]);
});

test('the same as LaTeX', () => {
  const J = net();
  const { updates } = train(J, momentum({ rate: input({ name: 'alpha' }) }));
  const lines = texProgram(J, { updates, shapes: false }).split(' \\\\\n');
  expect(lines.slice(-8, -6)).toEqual([
    'W^{[1]} &:= W^{[1]} - \\alpha (0.9 v_{dW^{[1]}} + 0.1 dW^{[1]})',
    'v_{dW^{[1]}} &:= 0.9 v_{dW^{[1]}} + 0.1 dW^{[1]}',
  ]);
});

test.each<[string, () => unknown]>([
  ['no rate', () => adam({ rate: 0 })],
  ['a rate that is text', () => momentum({ rate: '0.1' as never })],
  ['an infinite rate', () => rmsprop({ rate: Number.POSITIVE_INFINITY })],
  ['a beta of 1', () => momentum({ beta: 1 })],
  ['a beta below 0', () => adam({ beta1: -0.1 })],
  ['a beta that is NaN', () => adam({ beta2: Number.NaN })],
  ['no epsilon', () => adam({ epsilon: 0 })],
  ['a rate in the place of options', () => adam(0.01 as never)],
  ['an input in the place of options', () => momentum(input({ name: 'alpha' }) as never)],
  ['an option that there is not', () => adam({ alpha: 0.01 } as never)],
  ['a parameter without a name', () => train(sum(param(3)), adam())],
])('refuses %s, and says how to go on', (_, make) => {
  expect(make).toThrow(/fix: /);
});

test('an input may be the learning rate', async () => {
  const optimizer = adam({ rate: input({ name: 'alpha' }) });
  const sizes = { m: 7 };
  using fed = await compile(train(net(), optimizer), { sizes, device: 'js' });
  using fixed = await compile(train(net(), adam({ rate: 0.02 })), { sizes, device: 'js' });
  await fed.steps(3, { ...feeds, alpha: 0.02 });
  await fixed.steps(3, feeds);
  const [a, b] = await Promise.all([fed.read('W1'), fixed.read('W1')]);
  a.data.forEach((v, i) => {
    expect(v).toBeCloseTo(b.data[i]!, 6);
  });
});
