// The WebGPU mode of gpu.js: storage buffers, compiled in the background, run by submitting.
// It must not know plans.

import type { Layout } from './layout.ts';
import type {
  GpuInstance,
  GpuKernel,
  GpuLibrary,
  WebGpuBuffer,
  WebGpuContext,
  WebGpuErrors,
} from './load.ts';
import { assertMode, type Built, type Mode, settings } from './mode.ts';
import { adapterLabel } from './probe.ts';

type Handle = InstanceType<GpuLibrary['WebGPUBufferResult']>;

interface WebGpuBuilt extends Built {
  readonly kernel: GpuKernel;
}

/** STORAGE, COPY_DST and COPY_SRC of GPUBufferUsage. */
const USAGE = 0x80 | 0x08 | 0x04;

/** Opens gpu.js on the WebGPU device of this page or process. */
export async function openWebGpu(library: GpuLibrary): Promise<Mode> {
  const context = await library.WebGPUContext.acquire();
  const gpu = new library.GPU({ mode: 'webgpu' });
  const reader = createKernel(gpu, library, 'function () { return 1.0; }', scalar, 0);
  await reader.ready;
  const handle = (buffer: WebGpuBuffer, { output }: Layout) =>
    new library.WebGPUBufferResult({ buffer, output, context, kernel: reader.kernel.kernel });

  // What fails later than its call: out of memory, or a command that is not valid.
  let failed: string | undefined;
  const hear: WebGpuErrors = ({ error }) => {
    failed ??= `the WebGPU device failed: ${error.message}`;
  };
  context.device.addEventListener?.('uncapturederror', hear);
  const fault = () => (context.isLost ? 'the WebGPU device was lost' : failed);

  return {
    label: adapterLabel(context.adapter),
    // A stage is sure of 8 storage buffers, and gpu.js asks for no more; one is the output.
    inputs: 7,
    build: (source, output, inputs): WebGpuBuilt => {
      const { kernel, ready } = createKernel(gpu, library, source, output, inputs.length);
      let result: Handle | undefined;
      return {
        kernel,
        ready: ready.then(() => {
          result = handle(kernel.kernel.outputBuffer!, output);
        }),
        get output() {
          return result;
        },
        // The compiled kernel itself, not gpu.js's wrapper: that one always defers its errors.
        run: (args) => void kernel.kernel.run(...args),
      };
    },
    destroy: (kernels) => {
      for (const { kernel, output } of kernels as readonly WebGpuBuilt[]) {
        kernel.destroy();
        (output as Handle | undefined)?.buffer.destroy();
      }
    },
    upload: (data, layout) => handle(uploaded(context, data), layout),
    read: async (found) => (found as Handle).toArray(),
    free: (found) => (found as Handle).delete(),
    fault,
    alive: () => {
      const why = fault();
      if (why !== undefined) throw new Error(why);
    },
    close: () => {
      context.device.removeEventListener?.('uncapturederror', hear);
      return gpu.destroy();
    },
  };
}

const scalar: Layout = { memory: [], groups: [], output: [1], threads: [] };

/** Translates at once, which may throw; `ready` when the device has compiled it too. */
function createKernel(
  gpu: GpuInstance,
  library: GpuLibrary,
  source: string,
  output: Layout,
  inputs: number,
) {
  const types = Array.from({ length: inputs }, () => 'WebGPUBuffer');
  const kernel = gpu.createKernel(source, { ...settings(output), argumentTypes: types });
  try {
    const compiled = kernel.build(...types) as Promise<void>;
    return { kernel, ready: compiled.then(() => assertMode(kernel, 'webgpu', library)) };
  } catch (cause) {
    kernel.destroy();
    throw cause;
  }
}

function uploaded({ device }: WebGpuContext, data: Float32Array): WebGpuBuffer {
  const most = Math.min(
    device.limits['maxStorageBufferBindingSize']!,
    device.limits['maxBufferSize']!,
  );
  if (data.byteLength > most) {
    throw new RangeError(`${data.byteLength} bytes exceed the ${most} of a WebGPU buffer here`);
  }
  const buffer = device.createBuffer({ size: data.byteLength, usage: USAGE });
  device.queue.writeBuffer(buffer, 0, data);
  return buffer;
}
