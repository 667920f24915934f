// A GPU as a Device: opens a mode of gpu.js once, shares it, and tests that it computes.
// It must not know what is inside a plan.
import { type Device, type Handle, type Loaded, reasonOf } from '../../device.ts';
import type { Buffer, Expr, Nest } from '../../nest.ts';
import { reordered } from '../../reordered.ts';
import { emit } from './emit.ts';
import { openGl } from './gl.ts';
import { createKernels, type Kernels } from './kernels.ts';
import { type GpuKind, layoutOf } from './layout.ts';
import { type GpuLibrary, loadGpujs } from './load.ts';
import type { Mode } from './mode.ts';
import { loadProgram } from './program.ts';
import { threadsOf } from './threads.ts';
import { openWebGpu } from './webgpu.ts';

/** Some 10 ms of small kernels: a page stays responsive, and waiting costs little of it. */
const QUEUE = 32;

/** An open mode, and the kernels compiled on it. */
interface Opened {
  readonly mode: Mode;
  readonly kernels: Kernels;
}

/** Four numbers for each of some thousand threads: what a GPU of any size needs to be busy. */
const THREADS = 8192;
/** The classes of a usual softmax: that each thread computes all of them saves two launches. */
const LINE = 16;

interface Shared {
  users: number;
  readonly opened: Promise<Opened>;
}

/** The open modes: all sessions of a page or process share one, since contexts are few. */
const open = new Map<GpuKind, Shared>();

/**
 * Opens a GPU. Throws, with the reason, if gpu.js is not installed, this kind of GPU is not there,
 * it computes wrongly, or gpu.js would silently run on the CPU instead.
 */
export async function openGpu(kind: GpuKind): Promise<Device> {
  const shared = await share(kind);
  const uploads = new Set<Handle>();
  const programs = new Set<Loaded>();
  const { opened } = shared;
  const { mode, kernels } = opened;
  const { space, inputs, outputs } = mode;

  const upload: Device['upload'] = (data, shape, order) => {
    mode.alive();
    const handle = mode.upload(data, layoutOf({ name: 'this tensor', shape, order }, space));
    uploads.add(handle);
    return handle;
  };
  const free = (handle: Handle) => {
    // What a program owns goes with the program.
    if (uploads.delete(handle)) mode.free([handle]);
  };
  return {
    kind,
    label: mode.label,
    limits: {
      inputs,
      outputs,
      threads: THREADS,
      line: LINE,
      inPlace: false,
      arena: false,
      queue: QUEUE,
    },
    emit: (plan) => emit(plan, space),
    load: (program) => loadProgram(program, mode, kernels, programs),
    upload,
    read: async (handle, shape, order) => {
      mode.alive();
      const layout = layoutOf({ name: 'this tensor', shape, order }, space);
      return reordered(await mode.read(handle, layout), shape, order, 'rows');
    },
    free,
    fault: mode.fault,
    dispose: () => {
      for (const handle of uploads) free(handle);
      for (const program of programs) program.dispose();
      shared.release();
    },
  };
}

/** One more user of an open mode, or the first. `release` gives it up, once. */
async function share(kind: GpuKind): Promise<{ opened: Opened; release(): void }> {
  const known = open.get(kind);
  const shared = known ?? { users: 0, opened: start(kind) };
  open.set(kind, shared);
  shared.users++;
  const forget = () => {
    if (open.get(kind) === shared) open.delete(kind);
  };
  let held = true;
  try {
    const opened = await shared.opened;
    opened.mode.alive();
    const release = () => {
      if (!held) return;
      held = false;
      if (--shared.users > 0) return;
      forget();
      void opened.mode.close();
    };
    return { opened, release };
  } catch (cause) {
    forget();
    // What was open has been lost since: there may be a new one.
    if (known) return share(kind);
    throw cause;
  }
}

async function start(kind: GpuKind): Promise<Opened> {
  const library = await loadGpujs();
  const mode = await begin(library, kind).catch((cause: unknown) => {
    throw new Error(`gpu.js cannot start ${kind} here: ${reasonOf(cause)}`, { cause });
  });
  try {
    // WebGPU leaves no choice: every device has float32 that is read back as it was written.
    if (kind !== 'webgpu') await selfTest(mode, kind);
  } catch (cause) {
    void mode.close();
    throw cause;
  }
  return { mode, kernels: createKernels(mode) };
}

const begin = async (library: GpuLibrary, kind: GpuKind): Promise<Mode> =>
  kind === 'webgpu' ? openWebGpu(library) : openGl(library, kind);

/** Twice what it reads. */
const DOUBLE: Expr = {
  op: 'mul',
  args: [
    { op: 'const', value: 2 },
    { op: 'load', input: 0, index: [{ at: 0, of: [{ axis: 0, step: 1 }] }] },
  ],
};

/** Five numbers there, doubled and back: catches drivers that draw nothing or in half floats. */
async function selfTest(mode: Mode, kind: GpuKind): Promise<void> {
  const layout = layoutOf({ name: 'self test', shape: [5], order: 'rows' }, mode.space);
  const numbers = new Float32Array([0.1, -2, 0, 1e30, 16777215]);
  const nest: Nest = { name: 'self test', axes: [5], result: DOUBLE, inputs: [0], output: 1 };
  const buffers = [0, 1].map((id): Buffer => {
    return { id, name: nest.name, shape: [5], order: 'rows', role: id === 0 ? 'input' : 'output' };
  });
  const plan = { kernels: [nest], buffers, arena: 0, swaps: [] };
  const [source] = emit(plan, mode.space).sources;
  const threads = threadsOf(nest, layout, mode.space);
  const kernel = mode.compile({ source: source!, threads, inputs: 1, outputs: 1 });
  const args = [mode.upload(numbers, layout)];
  const results = mode.allocate(layout, 1);
  mode.run([{ kernel, args, results }]);
  const found = await mode.read(results[0], layout);
  mode.destroy([kernel]);
  mode.free([...args, ...results]);
  if (numbers.every((value, i) => found[i] === Math.fround(2 * value))) return;
  throw new Error(
    `${mode.label} computes wrongly on ${kind}: twice ${numbers} came back as ${found}`,
  );
}
