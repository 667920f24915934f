// Loaded programs are shared and kept, and a failed one is tried again.
import { input, mul } from '@chainrule/graph';
import { expect, test } from 'vitest';
import { openJs } from '../src/backends/js/device.ts';
import type { Device, Loaded } from '../src/device.ts';
import { createTask } from '../src/executable.ts';
import { createPrograms } from '../src/programs.ts';

const doubled = createTask('double', new Map([['y', mul(2, input('n', { name: 'x' }))]]));

/** A device that loads when a test says so, or fails to. */
async function lateDevice() {
  const js = await openJs();
  const loads: ((error?: Error) => void)[] = [];
  const load: Device['load'] = (program) =>
    new Promise<Loaded>((resolve, reject) => {
      loads.push((error) => (error ? reject(error) : resolve(js.load(program))));
    });
  return { device: { ...js, load }, loads };
}

test('whoever waits for a program that fails leaves the one alone that is loaded anew', async () => {
  const { device, loads } = await lateDevice();
  const programs = createPrograms(device);
  const sizes = { n: 3 };
  const lease = () => Promise.resolve(programs.lease(doubled, sizes));
  // The first of two that wait tries again as soon as it hears.
  const first = lease().catch(lease);
  const second = lease();
  expect(loads).toHaveLength(1);
  loads[0]!(new Error('out of memory'));
  await expect(second).rejects.toThrow('out of memory');
  expect(loads).toHaveLength(2);
  expect(programs.known(doubled)).toEqual([sizes]);
  loads[1]!();
  // It is loaded no third time.
  expect((await lease()).program).toBe((await first).program);
  expect(loads).toHaveLength(2);
  programs.dispose();
});
