// Contenders may differ in time only: all of them must take the same steps.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Contender } from '../src/peers/contender.ts';
import { agree } from '../src/peers/measure.ts';
import { inProcess } from '../src/peers/peers.ts';
import { CHECKED, net, planar } from '../src/peers/works.ts';

let contenders: readonly Contender[];
beforeAll(async () => {
  contenders = await inProcess();
});
afterAll(() => {
  for (const { close } of contenders) close?.();
});

test.each([
  ['the planar net', planar],
  ['a net that tells ten digits apart', () => net([784, 8, 10], 16, 'relu')],
])('all contenders take the same first steps of %s', async (_, work) => {
  const found: Record<string, readonly number[]> = {};
  for (const { name, layouts, net } of contenders) {
    for (const layout of layouts) {
      const runner = await net(work(), layout);
      found[`${name}, ${layout}`] = await runner.check();
      runner.close();
    }
  }
  expect(Object.keys(found)).toHaveLength(8);
  const wanted = found['chainrule js, columns']!;
  expect(wanted).toHaveLength(CHECKED);
  expect(wanted.at(-1)).toBeLessThan(wanted[0]!);
  for (const costs of Object.values(found)) expect(() => agree(costs, wanted)).not.toThrow();
});

test('other costs are told apart', () => {
  expect(() => agree([0.7, 0.6], [0.7, 0.601])).toThrow('computes 0.7, 0.6 and not 0.7, 0.601');
  expect(() => agree([0.7, Number.NaN], [0.7, 0.6])).toThrow();
  expect(() => agree([0.7], [0.7, 0.6])).toThrow();
});
