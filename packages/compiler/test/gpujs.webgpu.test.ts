// The gpu.js backend in Node, on its WebGPU mode.
import { describe, expect, test } from 'vitest';
import { openGpu } from '../src/backends/gpujs/device.ts';
import { conformance, gpuConformance } from './support/conformance.ts';
import { special } from './support/special.ts';
import { training } from './support/training.ts';
import { installWebGpu } from './support/webgpu.ts';

const missing = await installWebGpu();

describe.skipIf(missing)(`webgpu in Node${missing ? ` (${missing})` : ''}`, () => {
  conformance(() => openGpu('webgpu'));
  gpuConformance(() => openGpu('webgpu'));
  training(() => openGpu('webgpu'));
  special(() => openGpu('webgpu'));

  test('says what it runs on', async () => {
    const device = await openGpu('webgpu');
    expect(device.kind).toBe('webgpu');
    expect(device.label).toMatch(/\w/);
    device.dispose();
  });
});
