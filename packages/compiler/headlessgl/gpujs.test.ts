// The gpu.js backend on real WebGL in Node. Needs the native part of `gl` and a display, which
// scripts/headlessgl.sh provides: `npm run test:headlessgl`, not part of `npm test`.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openGpu } from '../src/backends/gpujs/device.ts';
import type { Device } from '../src/device.ts';
import { conformance, gpuConformance } from '../test/support/conformance.ts';
import { training } from '../test/support/training.ts';

describe('headlessgl', () => {
  conformance(() => openGpu('headlessgl'));
  gpuConformance(() => openGpu('headlessgl'));
  training(() => openGpu('headlessgl'));
});

describe('the device', () => {
  let device: Device;
  beforeAll(async () => {
    device = await openGpu('headlessgl');
  });
  afterAll(() => device?.dispose());

  test('is what was asked for, not a silent replacement', () => {
    expect(device.kind).toBe('headlessgl');
    expect(device.label).toMatch(/\w/);
  });
});
