// The suite of every device, in a real browser: the CPU and each of gpu.js's modes.
import { describe, expect, test } from 'vitest';
import { probeGpu } from '../src/backends/gpujs/probe.ts';
import { openWasm } from '../src/backends/wasm/device.ts';
import { conformance } from '../test/support/conformance.ts';
import { longRun } from '../test/support/long-run.ts';
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
describe('wasm without SIMD', () => {
  conformance(() => openWasm({ simd: 'scalar', threads: 1 }));
});
const counts = await countThreads();
describe('wasm, two threads', () => {
  test('in a page that is isolated', () => expect(crossOriginIsolated).toBe(true));
  conformance(() => openTeam(2));
  test('took part', () => tookPart(counts, 2));
});
for (const { kind } of usable) {
  describe(kind, () => {
    sessions(kind);
    longRun(kind);
  });
}
// headlessgl is a mode of Node.
for (const { kind, why } of refused.filter((r) => r.kind !== 'headlessgl')) {
  describe.skip(`${kind} (${why})`, () => sessions(kind));
}
