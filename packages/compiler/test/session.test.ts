// What a session promises apart from numbers: its errors, its memory, its end.
import {
  add,
  expand,
  FeedError,
  grad,
  input,
  matmul,
  mean,
  mul,
  NameError,
  type Node,
  named,
  param,
  sigmoid,
  sub,
  sum,
  transpose,
} from '@chainrule/graph';
import { describe, expect, test } from 'vitest';
import { compile } from '../src/index.ts';
import { logistic, messageOf, start } from './support/errors.ts';
import { net } from './support/programs.ts';

describe('the life of a session', () => {
  test('a call after dispose names the parameters', async () => {
    const c = logistic();
    const run = await start();
    run.dispose();
    run.dispose();
    expect(await messageOf(() => run.step(c.feeds))).toMatchInlineSnapshot(`
      "ChainruleError: step: the session of W1, b1 is disposed.
        fix: compile again, or dispose later."
    `);
    for (const call of [
      () => run.value(c.J, c.feeds),
      () => run.read('W1'),
      () => run.state(),
      () => run.steps(1, c.feeds),
    ]) {
      await expect(call()).rejects.toThrow(/is disposed/);
    }
    for (const call of [
      () => run.report(),
      () => run.source('W1'),
      () => run.write('b1', [0]),
      () => run.restore({}),
    ]) {
      expect(call).toThrow(/is disposed/);
    }
  });
  test('an unknown parameter, an unknown kernel, a node of another program', async () => {
    using run = await start();
    expect(await messageOf(() => run.read('w'))).toMatchInlineSnapshot(`
      "NameError: w is not a parameter; parameters: W1, b1.
        fix: name one of these."
    `);
    expect(await messageOf(() => run.source('Z9'))).toMatchInlineSnapshot(`
      "NameError: source: there is no kernel Z9; kernels: dZ1, W1, b1.
        fix: name one of these."
    `);
    const other = net({ layers: [5, 1], m: 33 });
    expect(await messageOf(() => run.value(other.J, other.feeds))).toMatchInlineSnapshot(`
      "NameError: W1 is not a parameter of this session.
        fix: ask for nodes of the program that was compiled."
    `);
  });
  test('restore changes nothing unless all fits', async () => {
    using run = await start();
    const before = await run.state();
    expect(() => run.restore({ b1: [7], W1: [1, 2] })).toThrow(FeedError);
    expect(() => run.restore({ b1: [7], V: [1] })).toThrow(NameError);
    expect(() => run.write('b1', [Number.NaN])).toThrow(/index 0 is NaN/);
    expect(await run.state()).toEqual(before);
    run.write('b1', [7]);
    expect((await run.read('b1')).data).toEqual(Float32Array.of(7));
  });
  test('nothing to train', async () => {
    const X = input(2, 'm', { name: 'X' });
    using run = await compile(sigmoid(X), { device: 'js' });
    expect(await messageOf(() => run.step({ X: [1, 2] }))).toMatchInlineSnapshot(`
      "ChainruleError: step: this session has nothing to train.
        fix: compile train(J, sgd(0.1))."
    `);
  });
  test('nothing compiled yet', async () => {
    const c = logistic();
    using run = await compile(c.program, { device: 'js' });
    expect(await messageOf(() => run.report())).toMatchInlineSnapshot(`
      "ChainruleError: report: nothing is compiled yet, because a size is open.
        fix: give all sizes to compile, or run a step first."
    `);
    run.step(c.feeds);
    expect(run.report().kernels).toHaveLength(3);
  });
  test('an input that cancels may still be fed', async () => {
    const X = input(2, 'm', { name: 'X' });
    using run = await compile(add(sub(X, X), 1), { sizes: { m: 2 }, device: 'js' });
    const value = await run.value(add(mul(X, 0), 1), { X: [1, 2, 3, 4] });
    expect(value).toMatchObject({ shape: [2, 2], data: new Float32Array(4).fill(1) });
  });
  test('the seed decides the first values', async () => {
    const { program, sizes } = net({ layers: [5, 3, 1], m: 4 });
    const first = async (seed: number) => {
      using run = await compile(program, { sizes, device: 'js', seed });
      return run.state();
    };
    expect(await first(1)).toEqual(await first(1));
    expect(await first(1)).not.toEqual(await first(2));
  });
  test.each([0, -0, 2])('are %o where they are to be, with its sign', async (value) => {
    const w = param(2, { name: 'w', init: { kind: 'constant', value } });
    using run = await compile({ updates: [{ param: w, value: mul(2, w) }] }, { device: 'js' });
    expect([...(await run.read('w')).data]).toEqual([value, value]);
  });
});

describe('parameters change in place only where nobody reads the old value later', () => {
  test('two that learn from each other', async () => {
    const a = param(3, { name: 'a', init: { kind: 'constant', value: 1 } });
    const b = param(3, { name: 'b', init: { kind: 'constant', value: 2 } });
    const updates = [
      { param: a, value: add(a, b) },
      { param: b, value: sub(a, b) },
    ];
    using run = await compile({ updates }, { device: 'js' });
    for (let i = 0; i < 3; i++) run.step({});
    // (1, 2) -> (3, -1) -> (2, 4) -> (6, -2)
    expect((await run.read('a')).data[0]).toBe(6);
    expect((await run.read('b')).data[0]).toBe(-2);
  });
  test('one that is the copy of another, one that is a constant, one that stays', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name, i) =>
      param(2, { name, init: { kind: 'constant', value: i + 1 } }),
    ) as [Node, Node, Node];
    const updates = [
      { param: a, value: b },
      { param: b, value: mul(b, 0) },
      { param: c, value: c },
    ];
    using run = await compile({ updates }, { device: 'js' });
    run.step({});
    const state = await run.state();
    expect(['a', 'b', 'c'].map((n) => state[n]!.data[0])).toEqual([2, 0, 3]);
  });
  test('one that reads itself across a product', async () => {
    const a = param(2, 2, { name: 'a' });
    using run = await compile({ updates: [{ param: a, value: matmul(a, a) }] }, { device: 'js' });
    run.write('a', [1, 1, 1, 0]);
    for (let i = 0; i < 3; i++) run.step({});
    // Fibonacci: the eighth power.
    expect([...(await run.read('a')).data]).toEqual([34, 21, 21, 13]);
  });
  test('a thousand steps of each nets keep one arena', async () => {
    const c = net({ layers: [3, 4, 1], m: 5 });
    using run = await compile(c.program, { sizes: c.sizes, device: 'js' });
    const before = run.report().memory;
    await run.steps(1000, c.feeds);
    expect(run.report().memory).toEqual(before);
  });
});

describe('updates are checked', () => {
  const w = param(2, 1, { name: 'w' });
  const b = param(1, 1, { name: 'b' });
  const X = input(1, 1, { name: 'X' });
  test.each([
    ['another shape', [{ param: b, value: add(b, w) }]],
    ['a number for a matrix', [{ param: w, value: mul(sum(w), 2) }]],
    ['two updates of one parameter', [b, b].map((p) => ({ param: p, value: add(p, 1) }))],
    ['an update of an input', [{ param: X, value: mul(X, 2) }]],
  ])('%s', async (_, updates) => {
    await expect(compile({ updates }, { device: 'js' })).rejects.toThrow(/fix: /);
  });
});

describe('sizes', () => {
  test('come from all that is fed, also where rewriting needs less of it', async () => {
    const X = input(2, 'm', { name: 'X' });
    const w = param(2, 1, { name: 'w' });
    const b = param(1, 1, { name: 'b' });
    const J = sum(add(matmul(transpose(w), X), b));
    const updates = [{ param: b, value: sub(b, grad(J, b)) }];
    using run = await compile({ loss: J, updates }, { sizes: { m: 4 }, device: 'js' });
    run.step({ X: new Float32Array(18) });
    expect((await run.read('b')).data[0]).toBe(-9);
  });
  test('a size that only a cancelled node has may be given', async () => {
    const b = param(1, 1, { name: 'b' });
    using run = await compile(mean(expand(b, [1, 'm'])), { sizes: { m: 3 }, device: 'js' });
    expect(await run.value(b)).toMatchObject({ shape: [1, 1] });
  });
  test('a tensor whose shape and data disagree', async () => {
    using run = await start();
    const { Y } = logistic().feeds;
    const X = { shape: [5, 33], data: new Float32Array(3) };
    expect(() => run.step({ X, Y: Y! })).toThrow('X has the shape [5, 33] and 3 values');
  });
});

test('restore wants everything, write takes one in either order', async () => {
  const a = param(2, 3, { name: 'a' });
  using run = await compile({ updates: [{ param: a, value: mul(a, 2) }] }, { device: 'js' });
  expect(() => run.restore({})).toThrow('the state has no a');
  run.write('a', { shape: [2, 3], data: [1, 4, 2, 5, 3, 6], order: 'columns' });
  expect([...(await run.read('a')).data]).toEqual([1, 2, 3, 4, 5, 6]);
});

test('many values, and still the first step and its parameters', async () => {
  const c = logistic();
  using run = await compile(c.program, { sizes: c.sizes, device: 'js' });
  for (let i = 0; i < 300; i++) await run.value(mul(c.J, i), c.feeds);
  run.step(c.feeds);
  expect(run.report().kernels).toHaveLength(3);
});

test('kernel names are unique whatever the nodes are called', async () => {
  // Of three shapes: results of one shape would be one kernel.
  const [X, Y, Z] = ['X', 'Y', 'Z'].map((name, i) => input(2 + i, { name }));
  const nodes = { a: mul(X!, 2), b: mul(Y!, 3), c: mul(Z!, 4) };
  named(nodes.a, 'A');
  named(nodes.b, 'A');
  named(nodes.c, 'A_2');
  using run = await compile(nodes, { device: 'js' });
  const names = run.report().kernels.map((k) => k.name);
  expect(new Set(names).size).toBe(3);
});

test('values asked for before a step are those before it', async () => {
  const c = logistic();
  using run = await compile(c.program, { sizes: c.sizes, device: 'js' });
  const before = await run.value(c.J, c.feeds);
  const asked = run.value(c.J, c.feeds);
  run.step(c.feeds);
  expect(await asked).toBe(before);
  expect(await run.value(sum(c.A), { X: c.feeds['X']! })).not.toBe(before);
});
