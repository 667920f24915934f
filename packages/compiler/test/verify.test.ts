// verifyDevice on every device that Node has: small errors where all is well, and large ones where
// a kernel lies.
import { exp, input, log, mul, param, sub, sum } from '@chainrule/graph';
import { describe, expect, test } from 'vitest';
import { compileOn } from '../src/compile.ts';
import { compile, verifyDevice } from '../src/index.ts';
import { fakePlatform } from './support/fakes.ts';
import { cases, net } from './support/programs.ts';
import { installWebGpu } from './support/webgpu.ts';

const missing = await installWebGpu();
const devices = [
  ['js', undefined],
  ['wasm', undefined],
  ['webgpu', missing],
] as const;

describe.each(devices)('on %s', (device, why) => {
  test.skipIf(why)('programs are within rounding, and every value is told', async () => {
    for (const make of [cases['three layers of ReLU']!, cases['softmax over four classes']!]) {
      const c = make();
      const { error, outputs, text, ...found } = await verifyDevice(c.program, {
        device,
        seed: 4,
      });
      expect(found.device.kind).toBe(device);
      const params = c.program.updates.map(({ param: p }) => p);
      expect(Object.keys(outputs)).toHaveLength(params.length + 1);
      expect(error).toBeLessThan(1e-5);
      expect(error).toBe(Math.max(...Object.values(outputs).map((o) => o.error)));
      expect(text).toMatch(new RegExp(`^${device} .*(that is rounding|every digit)`));
    }
  });

  test.skipIf(why)('a session is checked where it is, and stays as it is', async () => {
    const c = net({ layers: [4, 3, 1], m: 10 });
    using run = await compile(c.program, { sizes: c.sizes, device, seed: 3 });
    await run.steps(5, c.feeds);
    const before = await run.state();
    const { outputs } = await verifyDevice(run, { feeds: c.feeds });
    expect(Object.keys(outputs).sort()).toEqual(['J', 'W1', 'W2', 'b1', 'b2']);
    expect(outputs['J']!.error).toBeLessThan(1e-5);
    expect(outputs['J']!.expected).toBeCloseTo((await run.value(c.J, c.feeds)) as number, 5);
    expect(await run.state()).toEqual(before);
  });
});

test('nodes, alone or by name, with data or with random ones that a seed decides', async () => {
  const x = input('n', { name: 'x' });
  const one = await verifyDevice(log(x), { device: 'js', seed: 1 });
  expect(Object.keys(one.outputs)).toEqual(['value']);
  expect(await verifyDevice(log(x), { device: 'js', seed: 1 })).toEqual(one);
  const other = await verifyDevice(log(x), { device: 'js', seed: 2 });
  expect(other.outputs['value']!.expected).not.toBe(one.outputs['value']!.expected);
  const two = await verifyDevice({ a: exp(x), b: sum(x) }, { device: 'js', sizes: { n: 3 } });
  expect(Object.keys(two.outputs).sort()).toEqual(['a', 'b']);
});

test('cancellation shows as more than rounding', async () => {
  const w = param(3, { name: 'w', init: { kind: 'constant', value: 1 } });
  // Added to 4096 and taken away again in another order of sums, 0.3 keeps four digits.
  const x = input(3, { name: 'x' });
  const node = sub(sum(mul(x, w)), 4096);
  const feeds = { x: [4000.1, 90.1, 6.1] };
  const { error, text } = await verifyDevice(node, { device: 'js', feeds });
  expect(error).toBeGreaterThan(1e-7);
  expect(text).toContain('differs from float64');
});

test('a device that computes wrongly is found out, in words', async () => {
  const c = net({ layers: [3, 4, 1], m: 7 });
  const machine = fakePlatform();
  machine.behaviours.webgpu = [{ lies: true }];
  using run = await compileOn(machine.platform, c.program, { sizes: c.sizes, device: 'webgpu' });
  const { error, text } = await verifyDevice(run, { feeds: c.feeds });
  expect(error).toBeGreaterThan(0.01);
  expect(text).toMatch(
    /^webgpu differs .* instead of .*: that is no rounding, do not trust it here/,
  );
});
