// Training as the course has it: published costs, exact steps, symmetry, and what goes wrong.
import { readFileSync } from 'node:fs';
import { compile } from '@chainrule/compiler';
import { input, interpret, type Node, nameOf, paramsOf, tex, texProgram } from '@chainrule/graph';
import { describe, expect, test } from 'vitest';
import {
  accuracy,
  activationNames,
  binaryCrossEntropy,
  dense,
  examples,
  meanSquaredError,
  normal,
  sgd,
  softmaxCrossEntropy,
  train,
  zeros,
} from '../src/index.ts';

const planar = JSON.parse(
  readFileSync(new URL('./fixtures/planar.json', import.meta.url), 'utf8'),
) as Record<'X' | 'W1' | 'W2', number[]>;
const feeds = {
  X: examples(2, planar.X),
  Y: Float32Array.from({ length: 400 }, (_, i) => Math.floor(i / 200)),
};

function planarNet(init = normal(0.01)) {
  const X = input(2, 'm', { name: 'X', order: 'columns' });
  const Y = input(1, 'm', { name: 'Y' });
  const A1 = dense(X, 4, { activation: 'tanh', init });
  const A2 = dense(A1, 1, { activation: 'sigmoid', init });
  return { J: binaryCrossEntropy(A2, Y), A: A2, Y };
}

describe('the planar data, 2-4-1', () => {
  test('the published costs', async () => {
    const { J, A, Y } = planarNet();
    using run = await compile(train(J, sgd(1.2)), { sizes: { m: 400 }, device: 'js' });
    run.write('W1', planar.W1);
    run.write('W2', planar.W2);
    // After 0, 1000, ... 7000 iterations; published runs diverge after that.
    const published = [
      0.693048, 0.288083, 0.254385, 0.233864, 0.226792, 0.222644, 0.219731, 0.217504,
    ];
    for (const [i, cost] of published.entries()) {
      if (i > 0) await run.steps(1000, feeds);
      // float64 gives six digits; float32 keeps about three after thousands of steps.
      expect(Math.abs(((await run.value(J, feeds)) as number) - cost)).toBeLessThan(1e-3);
    }
    expect(await run.value(accuracy(A, Y), feeds)).toBeGreaterThan(0.9);
  });

  test('with zero weights the rows stay identical and the cost at log 2', async () => {
    const { J } = planarNet(zeros());
    using run = await compile(train(J, sgd(1.2)), { sizes: { m: 400 }, device: 'js' });
    await run.steps(500, feeds);
    expect(await run.value(J, feeds)).toBeCloseTo(Math.LN2, 6);
    const { data } = await run.read('W1');
    for (let i = 2; i < 8; i++) expect(data[i]).toBe(data[i % 2]);
  });
});

describe('one step of gradient descent', () => {
  test('moves each parameter by -alpha times its gradient', async () => {
    const { J } = planarNet(normal(0.5));
    const program = train(J, sgd(0.25));
    using run = await compile(program, { sizes: { m: 400 }, device: 'js', seed: 4 });
    const before = await run.state();
    run.step(feeds);
    for (const { param, value } of program.updates) {
      const expected = interpret(value, { ...feeds, ...before });
      const found = await run.read(nameOf(param)!);
      found.data.forEach((v, i) => {
        expect(v).toBeCloseTo(expected.data[i]!, 6);
      });
    }
  });
  test('the learning rate may be fed', async () => {
    const { J } = planarNet(normal(0.5));
    const alpha = input({ name: 'alpha' });
    const sizes = { m: 400 };
    using fed = await compile(train(J, sgd(alpha)), { sizes, device: 'js' });
    using fixed = await compile(train(J, sgd(0.5)), { sizes, device: 'js' });
    fed.step({ ...feeds, alpha: 0.5 });
    fixed.step(feeds);
    const [a, b] = await Promise.all([fed.read('W1'), fixed.read('W1')]);
    a.data.forEach((v, i) => {
      expect(v).toBeCloseTo(b.data[i]!, 6);
    });
  });
  test('only the parameters asked for learn', async () => {
    const { J } = planarNet(normal(0.5));
    const params = paramsOf([J]).filter((p) => nameOf(p)!.endsWith('2'));
    using run = await compile(train(J, sgd(1), { params }), { sizes: { m: 400 }, device: 'js' });
    const before = await run.read('W2');
    run.step(feeds);
    expect((await run.read('W2')).data).not.toEqual(before.data);
  });
});

test('the updates of a program are the last lines of its LaTeX', () => {
  const X = input(2, 'm', { name: 'X' });
  const A1 = dense(X, 4, { activation: 'relu' });
  const A2 = dense(A1, 3, { activation: 'softmax' });
  const J = softmaxCrossEntropy(A2, input(3, 'm', { name: 'Y', distribution: true }));
  const { updates } = train(J, sgd(input({ name: 'alpha' })));
  const lines = texProgram(J, { updates, shapes: false }).split(' \\\\\n');
  expect(lines.slice(-5)).toEqual([
    '&\\textbf{update}',
    'W^{[1]} &:= W^{[1]} - \\alpha dW^{[1]}',
    'b^{[1]} &:= b^{[1]} - \\alpha db^{[1]}',
    'W^{[2]} &:= W^{[2]} - \\alpha dW^{[2]}',
    'b^{[2]} &:= b^{[2]} - \\alpha db^{[2]}\n\\end{aligned}',
  ]);
  expect(lines).toContain('dZ^{[2]} &= A^{[2]} - Y');
});

describe('dense', () => {
  const X = input(3, 'm', { name: 'X' });
  test('numbers its layers and names what is in them', () => {
    const A3 = dense(dense(dense(X, 5), 4, { activation: 'relu' }), 2, { activation: 'softmax' });
    expect(nameOf(A3)).toBe('A3');
    expect(A3.shape).toEqual([2, 'm']);
    const params = paramsOf([A3]).map((p) => [nameOf(p), p.shape]);
    expect(params).toEqual([
      ['W1', [5, 3]],
      ['b1', [5, 1]],
      ['W2', [4, 5]],
      ['b2', [4, 1]],
      ['W3', [2, 4]],
      ['b3', [2, 1]],
    ]);
  });
  test.each(activationNames)('with %s trains', async (activation) => {
    const Y = input(2, 'm', { name: 'Y' });
    const J = meanSquaredError(dense(X, 2, { activation }), Y);
    using run = await compile(train(J, sgd(0.1)), { sizes: { m: 5 }, device: 'js' });
    const data = {
      X: Array.from({ length: 15 }, (_, i) => Math.sin(i)),
      Y: new Array(10).fill(0.4),
    };
    const before = (await run.value(J, data)) as number;
    await run.steps(20, data);
    expect(await run.value(J, data)).toBeLessThan(before);
  });
  test('takes any function as activation', () => {
    const A = dense(X, 2, { activation: (Z: Node) => Z });
    expect(nameOf(A)).toBe('Z1');
  });
  test.each([
    ['an unknown activation', () => dense(X, 2, { activation: 'relú' as 'relu' })],
    ['no units', () => dense(X, 0)],
    ['no matrix below', () => dense(input(3, { name: 'v' }), 2)],
    ['a learning rate below 0', () => sgd(-1)],
    ['nothing to learn', () => train(meanSquaredError(X, X), sgd(1))],
    ['no scalar', () => train(dense(X, 2), sgd(1))],
    ['an activation that makes no node', () => dense(X, 2, { activation: () => 3 as never })],
    ['an initializer that was not called', () => dense(X, 2, { init: normal as never })],
    ['an activation in the place of options', () => dense(X, 2, 'relu' as never)],
    ['a learning rate that is text', () => sgd('0.1' as never)],
    ['labels of another shape', () => softmaxCrossEntropy(X, input(1, 'm', { name: 'Y' }))],
  ])('refuses %s, and says how to go on', (_, make) => {
    expect(make).toThrow(/fix: /);
  });
});

describe('losses and accuracy', () => {
  const A = input(1, 'm', { name: 'A' });
  const Y = input(1, 'm', { name: 'Y' });
  const A3 = input(3, 'm', { name: 'A' });
  const Y3 = input(3, 'm', { name: 'Y' });
  const value = (node: Node, a: number[][], y: number[][]) =>
    interpret(node, { A: a, Y: y }).data[0]!;

  test('binary cross-entropy', () => {
    // -(log 0.9 + log 0.8) / 2
    expect(value(binaryCrossEntropy(A, Y), [[0.9, 0.2]], [[1, 0]])).toBeCloseTo(0.164252033486018);
  });
  test('softmax cross-entropy', () => {
    const a = [
      [0.7, 0.1],
      [0.2, 0.3],
      [0.1, 0.6],
    ];
    const y = [
      [1, 0],
      [0, 0],
      [0, 1],
    ];
    // -(log 0.7 + log 0.6) / 2
    expect(value(softmaxCrossEntropy(A3, Y3), a, y)).toBeCloseTo(0.43375028385);
    expect(value(accuracy(A3, Y3), a, y)).toBe(1);
    expect(value(accuracy(A3, Y3), a, [...y].reverse())).toBe(0);
  });
  test('mean squared error', () => {
    expect(value(meanSquaredError(A, Y), [[1, 3]], [[0, 1]])).toBe(2.5);
  });
  test('binary accuracy', () => {
    expect(value(accuracy(A, Y), [[0.9, 0.2, 0.4, 0.6]], [[1, 0, 1, 1]])).toBe(0.75);
  });
  test('neither NaN nor a tie is right', () => {
    const nan = [[Number.NaN, Number.NaN]];
    expect(value(accuracy(A, Y), nan, [[0, 1]])).toBe(0);
    const same = [
      [0, Number.NaN],
      [0, Number.NaN],
      [0, Number.NaN],
    ];
    const y = [
      [1, 0],
      [0, 0],
      [0, 1],
    ];
    expect(value(accuracy(A3, Y3), same, y)).toBe(0);
  });
  test('the gradient of the literal softmax cross-entropy is A - Y', () => {
    const X = input(2, 'm', { name: 'X' });
    const labels = input(3, 'm', { name: 'Y', distribution: true });
    const prediction = dense(X, 3, { activation: 'softmax' });
    const program = train(softmaxCrossEntropy(prediction, labels), sgd(1));
    const dZ = [...program.names!].find(([, name]) => name === 'dZ1')![0];
    expect(tex(dZ)).toBe('A^{[1]} - Y');
  });
});
