// Gives Node what a browser has by itself: `navigator.gpu`, from the npm package `webgpu` (Dawn).
import { existsSync } from 'node:fs';
import { ChainruleError } from '@chainrule/graph';

/** Chromium's software Vulkan driver, for machines without a GPU of their own. */
const softwareDriver = '/usr/lib/chromium/vk_swiftshader_icd.json';

/**
 * Defines `navigator.gpu` unless it is there, and proves that it has an adapter.
 * @throws ChainruleError if the package is not installed or no driver is found
 */
export async function provideWebGpu(): Promise<void> {
  const existing = (globalThis.navigator as { gpu?: GpuLike } | undefined)?.gpu;
  const gpu = existing ?? (await loadDawn());
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter !== null) return;
  throw new ChainruleError(
    'webgpu: there is no graphics driver that WebGPU can use.\n' +
      '  fix: install a Vulkan driver (on Debian: apt-get install chromium libvulkan1 brings a ' +
      'software one), set VK_ICD_FILENAMES to its .json file, or choose --device js.',
  );
}

interface GpuLike {
  requestAdapter(): Promise<unknown>;
}

async function loadDawn(): Promise<GpuLike> {
  // Read by the Vulkan loader when the package starts it, so it must be set before.
  if (!process.env['VK_ICD_FILENAMES'] && existsSync(softwareDriver)) {
    process.env['VK_ICD_FILENAMES'] = softwareDriver;
  }
  const { create, globals } = await import('webgpu').catch((error: unknown) => {
    throw new ChainruleError(
      `webgpu: the npm package "webgpu" cannot be loaded: ${firstLine(error)}\n` +
        '  fix: npm install webgpu@0.6.2 (built for Linux, macOS and Windows), or choose ' +
        '--device js.',
    );
  });
  Object.assign(globalThis, globals);
  const gpu = create([]) as unknown as GpuLike;
  // Node 20 has no navigator; later ones have one without gpu.
  const navigator = globalThis.navigator ?? {};
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  return gpu;
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
