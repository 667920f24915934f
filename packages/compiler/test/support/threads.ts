// Devices whose threads share every kernel that they can, and a count of those that took part.
import { openWasm } from '../../src/backends/wasm/device.ts';
import { sharedPool } from '../../src/backends/wasm/pool.ts';

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

/** WebAssembly with so many threads, which share kernels of any size. */
export async function openTeam(threads: number) {
  await pool().started;
  return openWasm({ threads, worth: { kernel: 0, step: 0 } });
}
