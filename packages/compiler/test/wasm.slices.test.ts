// Work in slices: others have their turn between them, at the price of next to nothing.
import { afterEach, expect, test, vi } from 'vitest';
import { inSlices, SLICE_MS } from '../src/backends/wasm/slices.ts';

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** Takes longer than a slice, however many turns it is asked for. */
function slow(): void {
  const start = performance.now();
  while (performance.now() - start < SLICE_MS);
}

test('timers run between slices, and after the last', async () => {
  let left = 5;
  const seen: number[] = [];
  const timer = setInterval(() => seen.push(left), 1);
  const turns = (n: number) => {
    left -= n;
    slow();
  };
  expect(await inSlices(left, turns, () => false)).toBe(0);
  clearInterval(timer);
  // Between the first two it may be that immediates come before timers.
  expect(seen).toEqual(expect.arrayContaining([3, 2, 1, 0]));
});

test('what is stopped says how many turns are left', async () => {
  let done = 0;
  const turns = (n: number) => {
    done += n;
    slow();
  };
  expect(await inSlices(9, turns, () => done >= 3)).toBe(6);
});

test('Node need not load its channels of messages', async () => {
  vi.stubGlobal('MessageChannel', undefined);
  expect(await inSlices(2, slow, () => false)).toBe(0);
});

test('a clock that stands still does not stop it', async () => {
  vi.useFakeTimers({ toFake: ['setImmediate', 'setTimeout'] });
  expect(await inSlices(2, slow, () => false)).toBe(0);
});

test('where there is nothing of Node, a channel of messages wakes it', async () => {
  vi.stubGlobal('setImmediate', undefined);
  vi.resetModules();
  const anew = await import('../src/backends/wasm/slices.ts');
  const channels = vi.spyOn(globalThis, 'MessageChannel');
  expect(await anew.inSlices(2, slow, () => false)).toBe(0);
  expect(channels).toHaveBeenCalledTimes(2);
});
