// Training as the page does it: on the JavaScript device, from the first step to the boundary.
import { expect, test } from 'vitest';
import { type Config, defaults, firstRates, keys, optimizers } from '../src/logic/config.ts';
import { makeData } from '../src/logic/examples.ts';
import { GRID } from '../src/logic/grid.ts';
import { buildModel } from '../src/logic/model.ts';
import { createTrainer, queues, smallerRate, sound } from '../src/logic/trainer.ts';

const start = (choice: Partial<Config>) => {
  const config = { ...defaults, device: 'js' as const, ...choice };
  return createTrainer(buildModel(config), makeData(config), config);
};
const steps = (n: number, rate: number = defaults.rate) => ({
  steps: n,
  rate,
  deadline: 1,
  now: () => 0,
});

// Steps that are enough by far for these seeds; the results are the same on every platform.
test.each([
  [{ data: 'circles' as const }, 2000],
  [{ data: 'circles' as const, activation: 'relu' as const }, 2000],
  [{ data: 'xor' as const }, 2000],
  [{ data: 'gaussians' as const, hidden: [] }, 500],
  [{ data: 'circles' as const, hidden: [], features: ['x1x1', 'x2x2'] as const }, 1000],
  [{ data: 'spirals' as const, hidden: [8, 8] }, 5000],
])('%o is learned', async (choice, n) => {
  const trainer = await start(choice);
  const before = await trainer.figures();
  await trainer.train(steps(n));
  const { train, test: held } = await trainer.figures();
  expect(trainer.progress.step).toBe(n);
  expect(train.loss).toBeLessThan(before.train.loss / 2);
  expect(held.accuracy).toBeGreaterThanOrEqual(0.95);
  trainer.dispose();
});

test.each(keys(optimizers))('%s learns at the rate it begins with', async (optimizer) => {
  const trainer = await start({ optimizer });
  await trainer.train(steps(2000, firstRates[optimizer]));
  expect((await trainer.figures()).test.accuracy).toBeGreaterThanOrEqual(0.95);
  // What the optimizer remembers goes along to another device.
  const carried = Object.keys((await trainer.carry()).state);
  const letters = { sgd: [], momentum: ['v'], rmsprop: ['s'], adam: ['m', 'v'] }[optimizer];
  expect(carried).toEqual(expect.arrayContaining(letters.map((letter) => `${letter}_dW1`)));
  trainer.dispose();
});

test('zero weights leave the cost at log 2 and the rows of W1 equal', async () => {
  const trainer = await start({ init: 'zeros', data: 'xor', batch: 0 });
  await trainer.train(steps(200));
  const { train } = await trainer.figures();
  const { params } = await trainer.view();
  expect(train.loss).toBeCloseTo(Math.LN2, 3);
  const [a, b, c, d] = params['W1']!.data;
  expect([c, d]).toEqual([a, b]);
});

test('the view has a map for every unit, in -1 ... 1', async () => {
  const trainer = await start({ hidden: [3, 2], activation: 'relu' });
  const { maps, params } = await trainer.view();
  expect(maps.map((units) => units.length)).toEqual([3, 2, 1]);
  for (const map of maps.flat()) {
    expect(map).toHaveLength(GRID * GRID);
    expect(map.every((v) => v >= -1 && v <= 1)).toBe(true);
  }
  expect(Object.keys(params)).toEqual(['W1', 'b1', 'W2', 'b2', 'W3', 'b3']);
  const gradients = await trainer.gradients();
  expect(gradients['W2']!.shape).toEqual([2, 3]);
});

test('a new session goes on with the parameters and counters of the old one', async () => {
  const first = await start({ batch: 20 });
  await first.train(steps(50));
  const config = { ...defaults, batch: 0, device: 'js' as const };
  const next = await createTrainer(
    buildModel(config),
    makeData(config),
    config,
    await first.carry(),
  );
  expect(next.progress).toEqual(first.progress);
  expect(await next.figures()).toEqual(await first.figures());
});

test('a slice ends at its deadline, after one step at least', async () => {
  const trainer = await start({});
  let time = 0;
  const now = () => time++;
  await trainer.train({ steps: Number.POSITIVE_INFINITY, rate: 0.1, deadline: 5, now });
  expect(trainer.progress.step).toBe(6);
  await trainer.train({ steps: 10, rate: 0.1, deadline: 0, now });
  expect(trainer.progress.step).toBe(7);
});

test('a device that is refused leaves a reason and a session that runs', async () => {
  // Node has no WebGL.
  const trainer = await start({ device: 'webgl' });
  expect(trainer.session.device.kind).toMatch(/^(js|wasm)$/);
  expect(trainer.notice).toContain('webgl');
  expect(queues(trainer.session.device)).toBe(false);
  await trainer.train(steps(1));
});

test('too high a learning rate is noticed', () => {
  expect(sound({ loss: Number.NaN, accuracy: 0.5 })).toBe(false);
  expect(smallerRate(3)).toBe(1.2);
  expect(smallerRate(0.001)).toBe(0.001);
});
