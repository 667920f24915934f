// The WebGPU mode of gpu.js: storage buffers, compiled in the background. The kernels of a step
// are recorded and submitted as one. It must not know plans.

import { type Layout, lengthOf, padded, unpadded } from './layout.ts';
import type {
  GpuInstance,
  GpuKernel,
  GpuLibrary,
  WebGpuBuffer,
  WebGpuContext,
  WebGpuErrors,
} from './load.ts';
import {
  argumentNames,
  assertMode,
  type Call,
  type Compiled,
  type Mode,
  type Request,
  SETTINGS,
} from './mode.ts';
import { adapterLabel } from './probe.ts';
import { dispatchOf, lengthOfAll, sectionOf } from './threads.ts';

/** Numbers in a part of a buffer; `id` is its own. */
interface Part {
  readonly id: number;
  readonly buffer: WebGpuBuffer;
  /** Bytes. */
  readonly offset: number;
  readonly size: number;
  /** The parts of a buffer go together, with its first. */
  readonly first: boolean;
}

interface WebGpuKernel extends Compiled {
  readonly kernel: GpuKernel;
  /** What was bound before, by the ids of the parts. */
  readonly bound: Map<string, unknown>;
  readonly groups: readonly [number, number];
}

/** GPUBufferUsage: STORAGE, COPY_DST and COPY_SRC; MAP_READ and COPY_DST. */
const USAGE = 0x80 | 0x08 | 0x04;
const STAGING = 0x01 | 0x08;
/** GPUMapMode.READ. */
const READ = 1;

const BYTES = 4;

/** Sets of buffers that a kernel remembers: parameters trade places, data change now and then. */
const MOST_BOUND = 16;

/** Opens gpu.js on the WebGPU device of this page or process. */
export async function openWebGpu(library: GpuLibrary): Promise<Mode> {
  const context = await library.WebGPUContext.acquire();
  const gpu = new library.GPU({ mode: 'webgpu' });
  const { device } = context;
  const parts = createParts(context);
  // What fails later than its call: out of memory, or a command that is not valid.
  let failed: string | undefined;
  const hear: WebGpuErrors = ({ error }) => {
    failed ??= `the WebGPU device failed: ${error.message}`;
  };
  device.addEventListener?.('uncapturederror', hear);
  const fault = () => (context.isLost ? 'the WebGPU device was lost' : failed);
  const alive = () => {
    const why = fault();
    if (why !== undefined) throw new Error(why);
  };
  return {
    label: adapterLabel(context.adapter),
    space: { kind: 'webgpu', side: 2 ** 31 },
    // A stage is sure of 8 storage buffers, and gpu.js asks for no more; one is the output.
    inputs: 7,
    outputs: 4,
    compile: (request) => {
      const compiled = compile(gpu, library, request);
      // A source that is wrong is no fault of the device, which was told of it too.
      const before = failed;
      compiled.ready?.catch(() => {
        failed = before;
      });
      return compiled;
    },
    destroy: (kernels) => {
      for (const { kernel } of kernels as readonly WebGpuKernel[]) kernel.destroy();
    },
    allocate: parts.allocate,
    run: (calls) => submit(context, calls),
    upload: (data, layout) => {
      const [part] = parts.allocate(layout, 1);
      device.queue.writeBuffer(part!.buffer, 0, padded(data, layout));
      return part;
    },
    read: async (handle, layout) => {
      const texels = await read(context, handle as Part);
      alive();
      return unpadded(texels, layout);
    },
    free: (handles) => {
      for (const { buffer, first } of handles as readonly Part[]) if (first) buffer.destroy();
    },
    fault,
    alive,
    close: () => {
      device.removeEventListener?.('uncapturederror', hear);
      return gpu.destroy();
    },
  };
}

/**
 * Begins to compile. gpu.js has no vectors in what a kernel of WebGPU reads and writes, so it gets
 * our module in the place of its own; it keeps the bindings of the arguments and of the result.
 */
function compile(gpu: GpuInstance, library: GpuLibrary, request: Request): WebGpuKernel {
  const { source, inputs, threads } = request;
  const types = Array.from({ length: inputs }, () => 'WebGPUBuffer');
  const settings = { ...SETTINGS, output: [1], returnType: 'Number', argumentTypes: types };
  const kernel = gpu.createKernel(`function (${argumentNames(inputs)}) { return 0.0; }`, settings);
  const { size, groups } = dispatchOf(threads);
  kernel.kernel.assembleWGSL = () => {
    kernel.kernel.workgroupSize = [...size, 1];
    return source;
  };
  try {
    const built = kernel.build(...types) as Promise<void>;
    const ready = built.then(() => assertMode(kernel, 'webgpu', library));
    return { kernel, bound: new Map(), groups, ready };
  } catch (cause) {
    kernel.destroy();
    throw cause;
  }
}

/** Records the calls, and hands them to the device as one piece of work. */
function submit({ device }: WebGpuContext, calls: readonly Call[]): void {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const call of calls) {
    const { kernel, groups } = call.kernel as WebGpuKernel;
    pass.setPipeline(kernel.kernel.computePipeline);
    pass.setBindGroup(0, bind(device, call));
    pass.dispatchWorkgroups(...groups);
  }
  pass.end();
  device.queue.submit([encoder.finish()]);
}

function bind(device: WebGpuContext['device'], { kernel, args, results }: Call): unknown {
  const { bound, kernel: run } = kernel as WebGpuKernel;
  const parts = [...args, results[0]] as readonly Part[];
  const key = parts.map(({ id }) => id).join();
  const known = bound.get(key);
  if (known) return known;
  const buffers = parts.map(({ buffer, offset, size }, i) =>
    i < args.length ? { buffer, offset, size } : { buffer },
  );
  const group = device.createBindGroup({
    layout: run.kernel.bindGroupLayout,
    entries: [{ buffer: run.kernel.paramsBuffer! }, ...buffers].map((resource, binding) => {
      return { binding, resource };
    }),
  });
  if (bound.size >= MOST_BOUND) bound.clear();
  bound.set(key, group);
  return group;
}

function createParts({ device }: WebGpuContext) {
  let count = 0;
  const most = Math.min(
    device.limits['maxStorageBufferBindingSize']!,
    device.limits['maxBufferSize']!,
  );
  const allocate = (layout: Layout, results: number): Part[] => {
    const section = BYTES * sectionOf(layout);
    const bytes = BYTES * lengthOf(layout);
    const total = BYTES * lengthOfAll(layout, results);
    if (total > most) {
      throw new RangeError(`${total} bytes exceed the ${most} of a WebGPU buffer here`);
    }
    const buffer = device.createBuffer({ size: total, usage: USAGE });
    return Array.from({ length: results }, (_, i) => {
      return { id: count++, buffer, offset: i * section, size: bytes, first: i === 0 };
    });
  };
  return { allocate };
}

async function read({ device }: WebGpuContext, { buffer, offset, size }: Part) {
  const staging = device.createBuffer({ size, usage: STAGING });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(READ);
    return new Float32Array(staging.getMappedRange().slice(0));
  } finally {
    staging.destroy();
  }
}
