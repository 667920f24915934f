// What platforms say of their threads: Node, and such as have a part of it or none.
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => void vi.unstubAllGlobals());

/** The module as it is where nothing has been asked yet, and `process` is this. */
async function on(process: unknown) {
  vi.resetModules();
  const found = await import('../src/backends/wasm/workers.ts');
  vi.stubGlobal('Worker', undefined);
  vi.stubGlobal('navigator', { hardwareConcurrency: 5 });
  vi.stubGlobal('process', process);
  const { processors, whyNoThreads } = found;
  const answers = [processors(), whyNoThreads()];
  vi.unstubAllGlobals();
  return answers;
}

test.each([undefined, null, {}, { env: {} }])('process is %j: there are no threads', async (p) => {
  expect(await on(p)).toEqual([5, 'there are no worker threads here']);
});

test('a process that gives modules as a method is asked as one', async () => {
  const process = {
    modules: { 'node:os': { availableParallelism: () => 3 } } as Record<string, unknown>,
    getBuiltinModule(name: string) {
      return this.modules[name];
    },
  };
  expect(await on(process)).toEqual([3, undefined]);
});
