// What has to be seen after garbage was collected, in Node.
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { vi } from 'vitest';

/** Collects until an expectation holds. What is told that something has gone hears of it later. */
export async function afterCollecting(expectation: () => void): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  await vi.waitFor(
    async () => {
      collect();
      await setTimeout(10);
      expectation();
    },
    { timeout: 60_000 },
  );
}
