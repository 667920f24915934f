// Ten thousand steps through a session on a device: nothing may grow. It knows sessions only.
import { expect, test } from 'vitest';
import { compile, type DeviceRequest } from '../../src/index.ts';
import { countLive } from './live.ts';
import { net } from './programs.ts';

const STEPS = 10_000;
/** Steps by which everything is there: a parameter's places, bindings of both. */
const WARM = 100;

/** Registers the test: textures, buffers, programs, and the heap where the engine tells. */
export function longRun(device: DeviceRequest): void {
  test('10,000 steps with changing data let nothing grow', { timeout: 120_000 }, async () => {
    const counter = countLive();
    const c = net({ layers: [4, 3, 1], m: 7, alpha: 0.01 });
    using run = await compile(c.program, { sizes: c.sizes, device, seed: 3 });
    expect(run.device.kind).toBe(device);
    const steps = async (n: number) => {
      for (let done = 0; done < n; done += 50) {
        await run.steps(49, c.feeds);
        run.step(c.feeds);
      }
      return (await run.value(c.J, c.feeds)) as number;
    };
    const first = await steps(WARM);
    const live = counter.live();
    const heap = heapOf();
    const last = await steps(STEPS);
    expect(counter.live()).toBe(live);
    // An object kept at each step would be 10,000 times some 100 bytes; collectors are not exact.
    if (heap !== undefined) expect(heapOf()! - heap).toBeLessThan(5e6);
    expect(live > 2).toBe(counter.sees);
    expect(last).toBeLessThan(first);
    counter.stop();
  });
}

/** Bytes in use, after collecting what can be; undefined where nobody can be told to collect. */
function heapOf(): number | undefined {
  const module = globalThis.process?.getBuiltinModule;
  if (!module) return undefined;
  module('node:v8').setFlagsFromString('--expose-gc');
  (module('node:vm').runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
