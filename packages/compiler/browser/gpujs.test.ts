// The gpu.js backend in a real browser, in each of its modes.
import { describe } from 'vitest';
import { openGpu } from '../src/backends/gpujs/device.ts';
import { probeGpu } from '../src/backends/gpujs/probe.ts';
import { conformance } from '../test/support/conformance.ts';

const { refused } = await probeGpu();

describe.each(['webgpu', 'webgl2', 'webgl'] as const)('%s', (kind) => {
  const why = refused.find((refusal) => refusal.kind === kind)?.why;
  describe.skipIf(why)(why ?? 'in this browser', () => {
    conformance(() => openGpu(kind));
  });
});
