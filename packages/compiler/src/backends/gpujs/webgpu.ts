// WebGPU, on the device that gpu.js opens and its own kernels use: storage buffers, compiled in
// the background. The kernels of a step are recorded and submitted as one. It must not know plans.

import { reasonOf } from '../../device.ts';
import { type Layout, lengthOf, spread, unpadded } from './layout.ts';
import type {
  GpuLibrary,
  WebGpuBuffer,
  WebGpuContext,
  WebGpuErrors,
  WebGpuModule,
} from './load.ts';
import type { Call, Compiled, Mode, Request } from './mode.ts';
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
  /** What it binds: the arrays that it reads, and the one that it writes. */
  readonly layout: unknown;
  /** Once it is ready. */
  pipeline?: unknown;
  /** What was bound before, by the ids of the parts. */
  readonly bound: Map<string, unknown>;
  readonly groups: readonly [number, number];
}

/** GPUBufferUsage: STORAGE and COPY_SRC; MAP_READ and COPY_DST. */
const USAGE = 0x80 | 0x04;
const STAGING = 0x01 | 0x08;
/** GPUMapMode.READ. */
const READ = 1;
/** GPUShaderStage.COMPUTE. */
const COMPUTE = 4;

const BYTES = 4;

/** Sets of buffers that a kernel remembers: parameters trade places, data change now and then. */
const MOST_BOUND = 16;

/** Opens the WebGPU device of this page or process. */
export async function openWebGpu(library: GpuLibrary): Promise<Mode> {
  const context = await library.WebGPUContext.acquire();
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
    compile: (request) => compile(device, request),
    // A pipeline goes when nobody has it.
    destroy: () => {},
    allocate: (layout, count) => parts.allocate(layout, count),
    run: (calls) => submit(context, calls),
    upload: (data, layout) => {
      const [part] = parts.allocate(layout, 1, true);
      spread(data, layout, new Float32Array(part!.buffer.getMappedRange()));
      part!.buffer.unmap();
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
    // The device is shared with everything else that uses gpu.js.
    close: async () => device.removeEventListener?.('uncapturederror', hear),
  };
}

/**
 * Begins to compile. gpu.js has no vectors in what a kernel of WebGPU reads and writes, and
 * compiles one kernel after another; this is our module, and pipelines are made beside each other.
 */
function compile(
  device: WebGpuContext['device'],
  { source, inputs, threads }: Request,
): WebGpuKernel {
  // A text that is wrong is no fault of the device: the promise says what is wrong.
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ code: source });
  device.popErrorScope().catch(() => {});
  const entries = Array.from({ length: inputs + 1 }, (_, binding) => {
    const type = binding < inputs ? 'read-only-storage' : 'storage';
    return { binding, visibility: COMPUTE, buffer: { type } };
  });
  const layout = device.createBindGroupLayout({ entries });
  const making = device.createComputePipelineAsync({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: 'main' },
  });
  const { groups } = dispatchOf(threads);
  const ready = making.then(
    (pipeline) => {
      kernel.pipeline = pipeline;
    },
    async (cause) => {
      throw new Error(await complaint(module, source, cause), { cause });
    },
  );
  const kernel: WebGpuKernel = { layout, bound: new Map(), groups, ready };
  return kernel;
}

/** What is wrong with a module, line by line; or else why there is no pipeline. */
async function complaint(module: WebGpuModule, source: string, cause: unknown): Promise<string> {
  const { messages } = await module.getCompilationInfo();
  const errors = messages.filter(({ type }) => type === 'error');
  if (errors.length === 0) return reasonOf(cause);
  const lines = errors.map(({ lineNum, message }) => `line ${lineNum}: ${message}`);
  return [...lines, 'in', source].join('\n');
}

/** Records the calls, and hands them to the device as one piece of work. */
function submit({ device }: WebGpuContext, calls: readonly Call[]): void {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const call of calls) {
    const { pipeline, groups } = call.kernel as WebGpuKernel;
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bind(device, call));
    pass.dispatchWorkgroups(...groups);
  }
  pass.end();
  device.queue.submit([encoder.finish()]);
}

function bind(device: WebGpuContext['device'], { kernel, args, results }: Call): unknown {
  const { bound, layout } = kernel as WebGpuKernel;
  const parts = [...args, results[0]] as readonly Part[];
  const key = parts.map(({ id }) => id).join();
  const known = bound.get(key);
  if (known) return known;
  const entries = parts.map(({ buffer, offset, size }, binding) => ({
    binding,
    // All results are in one buffer, the first of them at its start.
    resource: binding < args.length ? { buffer, offset, size } : { buffer },
  }));
  const group = device.createBindGroup({ layout, entries });
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
  const allocate = (layout: Layout, results: number, mappedAtCreation = false): Part[] => {
    const section = BYTES * sectionOf(layout);
    const bytes = BYTES * lengthOf(layout);
    const total = BYTES * lengthOfAll(layout, results);
    if (total > most) {
      throw new RangeError(`${total} bytes exceed the ${most} of a WebGPU buffer here`);
    }
    const buffer = device.createBuffer({ size: total, usage: USAGE, mappedAtCreation });
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
