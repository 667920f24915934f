// What is compared must be the same: the step by hand and the compiled one change w alike.
import { compile } from '@chainrule/compiler';
import { sgd, train } from '@chainrule/nn';
import { expect, test } from 'vitest';
import { byHand } from '../src/by-hand.ts';
import { logistic, net } from '../src/programs.ts';

test('the step by hand is the compiled step', async () => {
  const item = logistic(30, 57);
  const hand = byHand(item, 0.1);
  using run = await compile(train(item.J, sgd(0.1)), { sizes: item.sizes, device: 'js' });
  run.write('w', new Float32Array(30));
  await run.steps(10, item.feeds);
  for (let i = 0; i < 10; i++) hand.step();
  const { data } = await run.read('w');
  // Ten steps of float32 sums in another order; weights are below 1.
  for (const [i, want] of hand.w.entries()) expect(data[i]).toBeCloseTo(want, 5);
  expect(Math.max(...hand.w)).toBeGreaterThan(0.01);
});

test('the net learns', async () => {
  const { J, sizes, feeds } = net([784, 16, 10], 20, 'relu');
  using run = await compile(train(J, sgd(0.1)), { sizes, device: 'js', seed: 1 });
  const before = await run.value(J, feeds);
  await run.steps(20, feeds);
  expect(await run.value(J, feeds)).toBeLessThan(0.5 * (before as number));
});
