// The suite of every device, in a real browser: the CPU and each of gpu.js's modes.
import { describe, expect, test, vi } from 'vitest';
import { probeGpu } from '../src/backends/gpujs/probe.ts';
import { openWasm } from '../src/backends/wasm/device.ts';
import { conformance } from '../test/support/conformance.ts';
import { interruptedBy } from '../test/support/faults.ts';
import { sessions } from '../test/support/sessions.ts';
import { countThreads, openTeam, tookPart } from '../test/support/threads.ts';

const { usable, refused } = await probeGpu();

describe('js', () => sessions('js'));
describe('wasm', () => {
  sessions('wasm');
  // Chromium has relaxed SIMD.
  conformance(() => openWasm({ simd: 'relaxed' }));
});
describe('wasm without relaxed SIMD', () => {
  conformance(() => openWasm({ simd: 'simd' }));
});
const counts = await countThreads();
describe('wasm, two threads', () => {
  test('in a page that is isolated', () => expect(crossOriginIsolated).toBe(true));
  conformance(() => openTeam(2));
  test('took part', () => tookPart(counts, 2));
  // A page is not told that a worker has ended, and its main thread may not sleep.
  test('a worker that ends in the middle of a step leaves parameters as they were', async () => {
    const { postMessage } = Worker.prototype;
    const workers = new Set<Worker>();
    const post = vi.spyOn(Worker.prototype, 'postMessage');
    post.mockImplementation(function (this: Worker, message: unknown) {
      workers.add(this);
      postMessage.call(this, message);
    });
    const end = () => {
      for (const worker of workers) worker.terminate();
    };
    await interruptedBy(end, 1, (run, feeds) => run.step(feeds));
    post.mockRestore();
  });
});
for (const { kind } of usable) describe(kind, () => sessions(kind));
// headlessgl is a mode of Node.
for (const { kind, why } of refused.filter((r) => r.kind !== 'headlessgl')) {
  describe.skip(`${kind} (${why})`, () => sessions(kind));
}
