// The training loop: batches, order, measures, callbacks, and its errors.
import { compile } from '@chainrule/compiler';
import { createRandom, input } from '@chainrule/graph';
import { describe, expect, test, vi } from 'vitest';
import {
  accuracy,
  binaryCrossEntropy,
  dense,
  evaluate,
  examples,
  fit,
  type Progress,
  sgd,
  sliceExamples,
  train,
} from '../src/index.ts';

/** Two clouds of points that a line parts. */
function clouds(count: number, seed = 1) {
  const random = createRandom(seed);
  const labels = Array.from({ length: count }, (_, i) => i % 2);
  const points = labels.flatMap((y) => [random.normal() + 4 * y, random.normal() - 4 * y]);
  return { X: examples(2, points), Y: examples(1, labels) };
}

function model() {
  const X = input(2, 'm', { name: 'X', order: 'columns' });
  const Y = input(1, 'm', { name: 'Y', order: 'columns' });
  const A = dense(X, 1, { activation: 'sigmoid' });
  const J = binaryCrossEntropy(A, Y);
  const metrics = { loss: J, accuracy: accuracy(A, Y) };
  return { J, metrics, start: () => compile(train(J, sgd(0.5)), { device: 'js' }) };
}

describe('fit', () => {
  test('learns, and tells the figures of every epoch', async () => {
    const { metrics, start } = model();
    using run = await start();
    const validation = clouds(31, 2);
    const history = await fit(run, clouds(103), { epochs: 5, batchSize: 10, metrics, validation });
    expect(history.map((h) => h.epoch)).toEqual([1, 2, 3, 4, 5]);
    expect(history[4]!.train['loss']).toBeLessThan(history[0]!.train['loss']!);
    expect(history[4]!.train['accuracy']).toBeGreaterThan(0.97);
    expect(history[4]!.validation!['accuracy']).toBeGreaterThan(0.9);
  });

  test('sees every example once an epoch, in an order that the seed decides', async () => {
    const { start } = model();
    using run = await start();
    const data = clouds(23);
    const order = async (seed: number | false, epochs = 1) => {
      const seen: number[] = [];
      const sizes: number[] = [];
      await fit(run, data, {
        epochs,
        seed,
        batchSize: 5,
        onBatch: (_, batch) => {
          seen.push(...batch['X']!.data);
          sizes.push(batch['X']!.shape[1]);
        },
      });
      return { seen, sizes };
    };
    const first = await order(1);
    expect(first.sizes).toEqual([5, 5, 5, 5, 3]);
    expect([...first.seen].sort()).toEqual([...data.X.data].sort());
    expect((await order(1)).seen).toEqual(first.seen);
    expect((await order(2)).seen).not.toEqual(first.seen);
    expect((await order(false)).seen).toEqual([...data.X.data]);
    const two = (await order(1, 2)).seen;
    expect(two.slice(0, 46)).not.toEqual(two.slice(46));
  });

  test('is the loop that one would write by hand', async () => {
    const { start } = model();
    const data = clouds(20);
    using run = await start();
    using hand = await start();
    await fit(run, data, { epochs: 2, batchSize: 8, seed: false });
    for (let epoch = 0; epoch < 2; epoch++) {
      for (const [from, to] of [
        [0, 8],
        [8, 16],
        [16, 20],
      ]) {
        hand.step({ X: sliceExamples(data.X, from!, to), Y: sliceExamples(data.Y, from!, to) });
      }
    }
    expect(await run.state()).toEqual(await hand.state());
  });

  test('one batch is held, and measured where it is', async () => {
    const { metrics, start } = model();
    using run = await start();
    using other = await start();
    const [hold, release] = [vi.spyOn(run, 'hold'), vi.spyOn(run, 'release')];
    const data = clouds(30);
    const history = await fit(run, data, {
      epochs: 3,
      metrics,
      // Too late: it is copied.
      onBatch: () => void data.X.data.fill(1e3),
    });
    expect(hold).toHaveBeenCalledTimes(1);
    await other.steps(3, clouds(30));
    expect(await run.state()).toEqual(await other.state());
    expect(history[2]!.train).toEqual(await evaluate(other, metrics, clouds(30)));
    await fit(run, clouds(30), { epochs: 2, batchSize: 29 });
    await fit(run, clouds(30), { epochs: 1 });
    expect(hold).toHaveBeenCalledTimes(1);
    expect(release).toHaveBeenCalledTimes(1);
  });

  test('callbacks count, and end the training', async () => {
    const { start } = model();
    using run = await start();
    const seen: Progress[] = [];
    await fit(run, clouds(20), {
      epochs: 3,
      batchSize: 10,
      onBatch: (progress) => {
        seen.push(progress);
        return progress.step < 3;
      },
    });
    expect(seen.map((p) => [p.epoch, p.batch, p.step])).toEqual([
      [1, 1, 1],
      [1, 2, 2],
      [2, 1, 3],
    ]);
    expect(seen[0]).toMatchObject({ batches: 2, steps: 6 });
    const history = await fit(run, clouds(20), { epochs: 3, onEpoch: ({ epoch }) => epoch < 2 });
    expect(history).toHaveLength(2);
  });

  test.each([
    ['data of different lengths', { Y: examples(1, [1]) }, {}],
    ['no epochs', {}, { epochs: 0 }],
    ['half a batch', {}, { batchSize: 2.5 }],
    [
      'a number that is not finite',
      { X: examples(2, [...new Array(39).fill(0), Number.NaN]) },
      {},
    ],
    ['an input that is not there', { Z: examples(1, new Array(20).fill(0)) }, {}],
  ])('refuses %s before it trains', async (_, data, options) => {
    const { start } = model();
    using run = await start();
    const before = await run.state();
    const all = { ...clouds(20), ...data };
    await expect(fit(run, all, { epochs: 1, batchSize: 4, ...options })).rejects.toThrow(/fix: /);
    expect(await run.state()).toEqual(before);
  });

  test('feeds a schedule', async () => {
    const { J } = model();
    const alpha = input({ name: 'alpha' });
    using run = await compile(train(J, sgd(alpha)), { device: 'js' });
    const before = await run.state();
    const feeds = ({ step }: Progress) => ({ alpha: step === 1 ? 0 : 1e-9 });
    await fit(run, clouds(10), { epochs: 1, feeds });
    expect(await run.state()).toEqual(before);
    await fit(run, clouds(10), { epochs: 2, feeds: () => ({ alpha: 0.1 }) });
    expect(await run.state()).not.toEqual(before);
  });

  test('lets others have their turn', async () => {
    const { start } = model();
    using run = await start();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await fit(run, clouds(20_000), { epochs: 20, batchSize: 100 });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  test('arrays that are no examples', async () => {
    const { start } = model();
    using run = await start();
    const data = { X: [[1, 2]], Y: [[1]] } as never;
    await expect(fit(run, data, { epochs: 1 })).rejects.toThrow(/X is no set of examples/);
  });

  test('says so when the training diverges', async () => {
    const X = input(1, 'm', { name: 'X', order: 'columns' });
    const Y = input(1, 'm', { name: 'Y', order: 'columns' });
    const A = dense(X, 1);
    const { meanSquaredError } = await import('../src/index.ts');
    const J = meanSquaredError(A, Y);
    using run = await compile(train(J, sgd(100)), { device: 'js' });
    const data = { X: examples(1, [1, 2, 3]), Y: examples(1, [5, 5, 5]) };
    const options = { epochs: 100, metrics: { loss: J } };
    await expect(fit(run, data, options)).rejects.toThrow(/loss is .* after epoch \d+.*diverged/);
  });
});

test('evaluate weighs its parts by their examples', async () => {
  const { metrics, start } = model();
  using run = await start();
  const data = clouds(2503);
  const whole = await run.value(metrics.loss, data);
  expect((await evaluate(run, metrics, data))['loss']).toBeCloseTo(whole as number, 5);
});
