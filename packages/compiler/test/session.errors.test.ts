// What compile and feeds refuse, in which words.
import { add, input, matmul, mean, mul, type Node, param, square } from '@chainrule/graph';
import { describe, expect, test } from 'vitest';
import { compile, type Session } from '../src/index.ts';
import { logistic, messageOf, start } from './support/errors.ts';
import { descend, net } from './support/programs.ts';

describe('compile refuses, and says how to go on', () => {
  const X = input('n', 'm', { name: 'X' });
  const w = param(1, 'n', { name: 'w' });
  const J = mean(square(matmul(w, X)));

  test('a size that a parameter needs', async () => {
    expect(await messageOf(() => compile(descend(J, 1)))).toMatchInlineSnapshot(`
      "ChainruleError: compile: w is [1, n], and the size n is not given.
        fix: compile(program, { sizes: { n: ... } })."
    `);
  });
  test('a size that nothing has', async () => {
    const sizes = { n: 2, k: 3 };
    expect(await messageOf(() => compile(descend(J, 1), { sizes }))).toMatchInlineSnapshot(`
      "NameError: compile: no size is called k; sizes: n, m.
        fix: leave k out."
    `);
  });
  test('a size that is no count', async () => {
    const sizes = { n: 2.5 };
    expect(await messageOf(() => compile(descend(J, 1), { sizes }))).toMatchInlineSnapshot(`
      "ChainruleError: compile: the size n is 2.5.
        fix: give a positive whole number."
    `);
  });
  test('an input without a name', async () => {
    const node = mul(input(2), 2);
    expect(await messageOf(() => compile(node))).toMatchInlineSnapshot(`
      "NameError: compile: one input of shape [2] has no name.
        fix: name it: input(2, { name: 'X' }), or bind it in math({ X: ... })."
    `);
  });
  test('two parameters of one name', async () => {
    const node = add(param(2, { name: 'w' }), param(2, { name: 'w' }));
    expect(await messageOf(() => compile(node))).toMatchInlineSnapshot(`
      "NameError: compile: two leaves are called w: param and param of shape [2].
        fix: give them different names."
    `);
  });
  test.each<readonly [string, (run: Session) => unknown, string]>([
    ['updates', () => compile({ updates: [undefined] } as never), 'one of the updates is none'],
    ['options', () => compile(descend(J, 1), null as never), 'null are no options'],
    ['feeds', (run) => run.step(undefined as never), 'the feeds are undefined'],
    ['nodes', (run) => run.run(null as never), 'null are no nodes'],
    ['a state', (run) => run.restore(null as never), 'null is no state'],
  ])('no %s', async (_, call, message) => {
    using run = await start();
    expect(await messageOf(() => call(run))).toContain(message);
  });
  test('a device that there is not', async () => {
    const options = { sizes: { n: 2 }, device: 'tpu' as 'js' };
    expect(await messageOf(() => compile(descend(J, 1), options))).toMatchInlineSnapshot(`
      "ChainruleError: compile: there is no device "tpu".
        fix: choose one of auto, gpu, webgpu, webgl2, webgl, headlessgl, wasm, js."
    `);
  });
});

describe('feeds', () => {
  test('one is missing', async () => {
    using run = await start();
    const { X } = logistic().feeds;
    expect(await messageOf(() => run.step({ X: X! }))).toMatchInlineSnapshot(`
      "FeedError: Y [1, m] is not fed; fed: X.
        fix: pass { Y: data } as well."
    `);
  });
  test('one is unknown', async () => {
    using run = await start();
    const { feeds } = logistic();
    expect(await messageOf(() => run.step({ ...feeds, Z: [1] }))).toMatchInlineSnapshot(`
      "NameError: Z is not an input; inputs: X, Y.
        fix: feed one of these."
    `);
  });
  test('one is too short', async () => {
    using run = await start();
    const { X, Y } = logistic().feeds;
    const message = await messageOf(() => run.step({ X: X!, Y: Y!.subarray(1) }));
    expect(message).toMatchInlineSnapshot(`
      "FeedError: Y has 32 values; its shape [1, m] needs 33.
        m is 33 (from X)
        fix: feed Y as [1, 33]."
    `);
  });
  test('no whole number of examples', async () => {
    using run = await start();
    const { X, Y } = logistic().feeds;
    const message = await messageOf(() => run.step({ X: X!.subarray(1), Y: Y! }));
    expect(message).toMatchInlineSnapshot(`
      "FeedError: X has 164 values; its shape [5, m] needs a multiple of 5.
        fix: feed X as [5, m]."
    `);
  });
  test('not a number', async () => {
    using run = await start();
    const { X, Y } = logistic().feeds;
    const broken = X!.slice();
    broken[7] = Number.NaN;
    expect(await messageOf(() => run.step({ X: broken, Y: Y! }))).toMatchInlineSnapshot(`
      "FeedError: X holds NaN in row 0, column 7; its shape is [5, 33].
        fix: clean the data of X: leave that example out, or fill the value in."
    `);
    const infinite = X!.slice();
    run.step({ X: infinite, Y: Y! });
    infinite[164] = Infinity;
    expect(() => run.step({ X: infinite, Y: Y! })).toThrow('X holds Infinity in row 4, column 32');
  });
  test('not data at all', async () => {
    using run = await start();
    const { Y } = logistic().feeds;
    const X = 'five' as unknown as number[];
    expect(await messageOf(() => run.step({ X, Y: Y! }))).toMatchInlineSnapshot(`
      "FeedError: X is five, not data.
        fix: pass a Float32Array, an array of numbers, rows of numbers, or { shape, data }."
    `);
  });
  test('labels that are no distribution', async () => {
    const c = net({ layers: [3, 2], m: 4, classes: true });
    using run = await compile(c.program, { sizes: c.sizes, device: 'js' });
    const Y = [1, 0, 1, 1, 0, 0, 0, 0];
    expect(await messageOf(() => run.step({ ...c.feeds, Y }))).toMatchInlineSnapshot(`
      "FeedError: Y is declared a distribution, but its column 1 sums to 0.
        fix: feed one-hot columns or probabilities, or declare Y without distribution."
    `);
  });
  test('labels and mistakes are where they belong in either order', async () => {
    const c = net({ layers: [3, 2], m: 4, classes: true });
    using run = await compile(c.program, { sizes: c.sizes, device: 'js' });
    const step = (...data: number[]): void =>
      run.step({ ...c.feeds, Y: { shape: [2, 4], order: 'columns', data } });
    const labels = (...data: number[]) => messageOf(() => step(...data));
    step(1, 0, 1, 0, 1, 0, 1, 0);
    expect(await labels(1, 0, 1, 0, 1, 1, 1, 0)).toMatch('its column 2 sums to 2');
    expect(await labels(1, 0, 1, Number.NaN, 1, 1, 1, 0)).toMatch(
      'Y holds NaN in row 1, column 1;',
    );
    expect(await labels(1, 0, 1, 0, 1, 0, Infinity, 0)).toMatch('Infinity in row 0, column 3;');
    const X = c.feeds['X']!.slice().fill(Number.NaN, 4, 5);
    const Y = [1, 1, 1, 1, 1, 1, 1, 1];
    expect(await messageOf(() => run.step({ X, Y }))).toMatch('X holds NaN in row 1, column 0;');
    const upright = { shape: [2, 4], order: 'column' as never, data: Y };
    expect(await messageOf(() => run.step({ ...c.feeds, Y: upright }))).toMatchInlineSnapshot(`
      "FeedError: Y: there is no order "column".
        fix: say 'rows' or 'columns'."
    `);
  });
  test('after any of these the parameters are as before', async () => {
    using run = await start();
    const { X } = logistic().feeds;
    const before = await run.state();
    for (const feeds of [{}, { X: X! }, { X: X!, Y: [1] }]) {
      expect(() => run.step(feeds)).toThrow(/fix:/);
    }
    expect(await run.state()).toEqual(before);
  });
  test('rows, nested arrays, tensors and either order are the same data', async () => {
    const X = input(2, 'm', { name: 'X' });
    const C = input(2, 'm', { name: 'X', order: 'columns' });
    const rows = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    const examples = [1, 4, 2, 5, 3, 6];
    const shape = [2, 3];
    const value = async (x: Node, data: never) => {
      using run = await compile(x, { device: 'js' });
      return [...((await run.value(mul(x, 1), { X: data })) as { data: Float32Array }).data];
    };
    const expected = [1, 2, 3, 4, 5, 6];
    for (const data of [
      rows,
      rows.flat(),
      { shape, data: rows.flat() },
      { shape, data: examples, order: 'columns' },
    ]) {
      if (!Array.isArray(data) || Array.isArray(data[0])) {
        expect(await value(X, data as never)).toEqual(expected);
      }
    }
    expect(await value(C, { shape, data: examples } as never)).toEqual(expected);
    expect(await value(C, { shape, data: rows.flat(), order: 'rows' } as never)).toEqual(expected);
    const nested = [
      [1, 4],
      [2, 5],
      [3, 6],
    ];
    expect(await value(C, nested as never)).toEqual(expected);
  });
});
