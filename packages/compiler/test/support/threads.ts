// Devices whose threads share every kernel that they can, and a count of those that took part.
import { expect, vi } from 'vitest';
import { openWasm } from '../../src/backends/wasm/device.ts';
import { sharedPool } from '../../src/backends/wasm/pool.ts';
import { runCase } from './conformance.ts';
import { apply, load, nestCase } from './nests.ts';
import type { Engine } from './simd.ts';

/** Workers as many as any test here asks for: a larger pool would take the place of a smaller. */
const MOST = 4;
export const pool = () => sharedPool(MOST);

/** Waits until workers have started, and collects the threads of each call from then on. */
export async function countThreads(): Promise<Set<number>> {
  const counts = new Set<number>();
  const workers = pool();
  await workers.started;
  const { run } = workers;
  workers.run = (job, own) =>
    run(job, (threads) => {
      counts.add(threads);
      own(threads);
    });
  return counts;
}

/** WebAssembly with so many threads, which share kernels of any size, in parts of any size. */
export async function openTeam(threads: number, engine: Engine = {}) {
  await pool().started;
  return openWasm({ threads, worth: { kernel: 0, step: 0, part: 1 }, ...engine });
}

/** Waits until so many threads have run a program: on a busy machine they may be late. */
export async function tookPart(counts: ReadonlySet<number>, threads: number): Promise<void> {
  const device = await openTeam(threads);
  const square = apply('mul', load(0, 0), load(0, 0));
  const nest = nestCase('square', { axes: [64], result: square }, [{ shape: [64] }]);
  const again = async (): Promise<void> => {
    await runCase(device, nest);
    expect(counts).toContain(threads);
  };
  await vi.waitFor(again, { timeout: 60_000, interval: 5 });
}
