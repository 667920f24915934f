// What the probe says of platforms that we can only imitate here.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openGpu } from '../src/backends/gpujs/device.ts';
import { probeGpu } from '../src/backends/gpujs/probe.ts';

const why = async (kind: string) =>
  (await probeGpu()).refused.find((refusal) => refusal.kind === kind)?.why;

const withAdapter = (adapter: unknown) =>
  vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => adapter } });

/** A canvas whose context answers like this; notes whether the context is given back. */
function withCanvas(renderer: string | null, extensions: readonly string[]) {
  const lost = { count: 0 };
  const known: Record<string, unknown> = {
    WEBGL_debug_renderer_info: { UNMASKED_RENDERER_WEBGL: 1 },
    WEBGL_lose_context: { loseContext: () => lost.count++ },
  };
  const getExtension = (name: string) => known[name] ?? (extensions.includes(name) ? {} : null);
  const context = renderer && { getExtension, getParameter: () => renderer };
  vi.stubGlobal(
    'OffscreenCanvas',
    class {
      getContext = () => context;
    },
  );
  return lost;
}

afterEach(() => vi.unstubAllGlobals());

describe('in a Node without any GPU interface', () => {
  test('every mode is refused in words', async () => {
    vi.stubGlobal('navigator', undefined);
    const { usable, refused } = await probeGpu();
    expect(usable).toEqual([]);
    expect(refused.map(({ kind }) => kind)).toEqual(['webgpu', 'webgl2', 'webgl', 'headlessgl']);
    expect(refused[0]!.why).toContain('Node has no WebGPU');
    expect(refused[1]!.why).toBe('Node has no canvas to draw on');
    expect(refused[3]!.why).toContain('the native package gl');
  });

  test('opening one throws what gpu.js says', async () => {
    vi.stubGlobal('navigator', undefined);
    await expect(openGpu('webgpu')).rejects.toThrow(
      'gpu.js cannot start webgpu here: WebGPU is not supported',
    );
    await expect(openGpu('webgl2')).rejects.toThrow('gpu.js cannot start webgl2 here');
  });
});

describe('WebGPU', () => {
  test('without an adapter', async () => {
    withAdapter(null);
    expect(await why('webgpu')).toContain('it has no adapter');
  });

  test('that fails when asked', async () => {
    vi.stubGlobal('navigator', { gpu: { requestAdapter: () => Promise.reject(new Error('no')) } });
    expect(await why('webgpu')).toBe('asking failed: Error: no');
  });

  test.each([
    [{ info: { vendor: 'nvidia', architecture: 'ampere' } }, 'nvidia ampere', false],
    [{ info: { vendor: 'google', architecture: 'swiftshader' } }, 'google swiftshader', true],
    [{ info: { vendor: 'x', isFallbackAdapter: true } }, 'x', true],
    [{ isFallbackAdapter: true }, 'an adapter that does not say', true],
  ])('%j', async (adapter, label, software) => {
    withAdapter(adapter);
    expect((await probeGpu()).usable[0]).toEqual({ kind: 'webgpu', label, software });
  });
});

describe('WebGL', () => {
  test('without contexts', async () => {
    withCanvas(null, []);
    expect(await why('webgl2')).toContain('gives no webgl2 context');
  });

  test('without float textures, or with those of WebGL 1 only', async () => {
    withCanvas('Old GPU', ['OES_texture_float']);
    const { usable } = await probeGpu();
    expect(usable).toEqual([{ kind: 'webgl', label: 'Old GPU', software: false }]);
    expect(await why('webgl2')).toBe('Old GPU has no float textures');
  });

  test.each([
    ['Apple M2', false],
    ['ANGLE (Google, SwiftShader driver)', true],
    ['llvmpipe (LLVM 15.0.6, 256 bits)', true],
    ['Microsoft Basic Render Driver', true],
  ])('%s', async (renderer, software) => {
    const lost = withCanvas(renderer, ['EXT_color_buffer_float']);
    const found = (await probeGpu()).usable.find(({ kind }) => kind === 'webgl2');
    expect(found).toEqual({ kind: 'webgl2', label: renderer, software });
    // Contexts are few: each that was asked for is given back.
    expect(lost.count).toBe(2);
  });
});
