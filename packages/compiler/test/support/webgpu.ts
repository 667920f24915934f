// Gives Node a WebGPU: Dawn from the npm package webgpu, on the software Vulkan that Debian's
// chromium brings unless the machine names another one. Tests only.
import { existsSync } from 'node:fs';

const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Defines navigator.gpu. Returns why not, or undefined when it is there. */
export async function installWebGpu(): Promise<string | undefined> {
  if ((globalThis.navigator as { gpu?: unknown } | undefined)?.gpu) return undefined;
  if (!process.env['VK_ICD_FILENAMES'] && existsSync(SWIFTSHADER)) {
    process.env['VK_ICD_FILENAMES'] = SWIFTSHADER;
  }
  try {
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals);
    const gpu = create([]);
    Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
    const adapter = await gpu.requestAdapter();
    return adapter ? undefined : 'no Vulkan adapter: install chromium and libvulkan1';
  } catch (error) {
    return `the package webgpu does not load here: ${error}`;
  }
}
