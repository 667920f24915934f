// The gpu.js backend in a real browser, in each of its modes.
import { describe, expect, test } from 'vitest';
import { openGpu } from '../src/backends/gpujs/device.ts';
import { probeGpu } from '../src/backends/gpujs/probe.ts';
import { conformance, gpuConformance } from '../test/support/conformance.ts';
import { captureFaults, failing } from '../test/support/failing.ts';
import { captureContexts, losing } from '../test/support/losing.ts';
import { special } from '../test/support/special.ts';
import { training } from '../test/support/training.ts';

const nativeGpu = Object.getOwnPropertyDescriptor(globalThis, 'GPU');
const { usable, refused } = await probeGpu();
const loseAll = captureContexts();
const faults = captureFaults();

describe.each(['webgpu', 'webgl2', 'webgl'] as const)('%s', (kind) => {
  const why = refused.find((refusal) => refusal.kind === kind)?.why;
  describe.skipIf(why)(why ?? 'in this browser', () => {
    conformance(() => openGpu(kind));
    gpuConformance(() => openGpu(kind));
    training(() => openGpu(kind));
    special(() => openGpu(kind));

    test('is what was asked for, on what the probe named', async () => {
      const device = await openGpu(kind);
      expect(device.kind).toBe(kind);
      const probed = usable.find((mode) => mode.kind === kind)!;
      // The adapter of gpu.js may describe itself at greater length.
      expect(device.label).toContain(probed.label);
      device.dispose();
    });

    test('can be opened and closed more often than a page has contexts', async () => {
      const data = new Float32Array([1, 2, 3]);
      for (let i = 0; i < 24; i++) {
        const device = await openGpu(kind);
        const handle = device.upload(data, [3], 'rows');
        expect(await device.read(handle, [3], 'rows')).toEqual(data);
        device.dispose();
      }
    });
  });
});

test('WebGPU keeps its own global GPU although gpu.js takes it', () => {
  expect(Object.getOwnPropertyDescriptor(globalThis, 'GPU')).toEqual(nativeGpu);
});

test('headless-gl is for Node', () => {
  expect(refused.find(({ kind }) => kind === 'headlessgl')?.why).toContain('it is for Node');
});

describe.each(usable)('$kind, when its device is lost', ({ kind }) => {
  test('says so, and can be opened again', async () => {
    const device = await openGpu(kind);
    const handle = device.upload(new Float32Array(3), [3], 'rows');
    await loseAll();
    expect(() => device.upload(new Float32Array(3), [3], 'rows')).toThrow('was lost');
    await expect(device.read(handle, [3], 'rows')).rejects.toThrow('was lost');
    const again = await openGpu(kind);
    const data = new Float32Array([1, 2, 3]);
    expect(await again.read(again.upload(data, [3], 'rows'), [3], 'rows')).toEqual(data);
    again.dispose();
    device.dispose();
  });
  losing(kind, loseAll);
});

describe.each(usable)('$kind, when it fails', ({ kind }) => failing(kind, faults));
