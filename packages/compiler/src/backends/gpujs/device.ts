// A GPU as a Device: opens a mode of gpu.js once, shares it, and tests that it computes.
// It must not know what is inside a plan.
import type { Device, Handle, Loaded } from '../../device.ts';
import { toRows } from '../layout.ts';
import { emit } from './emit.ts';
import { openGl } from './gl.ts';
import { type GpuKind, layoutOf } from './layout.ts';
import { type GpuLibrary, loadGpujs } from './load.ts';
import { flat, type Mode } from './mode.ts';
import { loadProgram } from './program.ts';
import { openWebGpu } from './webgpu.ts';

/** Some 10 ms of small kernels: a page stays responsive, and waiting costs little of it. */
const QUEUE = 32;

interface Shared {
  users: number;
  readonly mode: Promise<Mode>;
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
  const { mode } = shared;

  const upload: Device['upload'] = (data, shape, order) => {
    mode.alive();
    const layout = layoutOf({ name: 'this tensor', shape, order }, kind);
    const handle = mode.upload(data, layout);
    uploads.add(handle);
    return handle;
  };
  const free = (handle: Handle) => {
    // What a program owns goes with the program.
    if (uploads.delete(handle)) mode.free(handle);
  };
  return {
    kind,
    label: mode.label,
    limits: { inputs: mode.inputs, inPlace: false, arena: false, queue: QUEUE },
    emit: (plan) => emit(plan, kind),
    load: (program) => loadProgram(program, kind, mode, programs),
    upload,
    read: async (handle, shape, order) => {
      mode.alive();
      const size = shape.reduce((n, d) => n * d, 1);
      return toRows(flat(await mode.read(handle), size), shape, order);
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
async function share(kind: GpuKind): Promise<{ mode: Mode; release(): void }> {
  const known = open.get(kind);
  const shared = known ?? { users: 0, mode: start(kind) };
  open.set(kind, shared);
  shared.users++;
  const forget = () => {
    if (open.get(kind) === shared) open.delete(kind);
  };
  let held = true;
  try {
    const mode = await shared.mode;
    mode.alive();
    const release = () => {
      if (!held) return;
      held = false;
      if (--shared.users > 0) return;
      forget();
      void mode.close();
    };
    return { mode, release };
  } catch (cause) {
    forget();
    // What was open has been lost since: there may be a new one.
    if (known) return share(kind);
    throw cause;
  }
}

async function start(kind: GpuKind): Promise<Mode> {
  const library = await loadGpujs();
  const mode = await begin(library, kind).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`gpu.js cannot start ${kind} here: ${why}`, { cause });
  });
  try {
    await selfTest(mode, kind);
  } catch (cause) {
    void mode.close();
    throw cause;
  }
  return mode;
}

const begin = async (library: GpuLibrary, kind: GpuKind): Promise<Mode> =>
  kind === 'webgpu' ? openWebGpu(library) : openGl(library, kind);

/** Five numbers there, doubled and back: catches drivers that draw nothing or in half floats. */
async function selfTest(mode: Mode, kind: GpuKind): Promise<void> {
  const layout = layoutOf({ name: 'self test', shape: [5], order: 'rows' }, kind);
  const numbers = new Float32Array([0.1, -2, 0, 1e30, 16777215]);
  const handle = mode.upload(numbers, layout);
  const source = 'function (b0) { return b0[this.thread.x] * 2.0; }';
  const kernel = mode.build(source, layout, [{ layout }]);
  await kernel.ready;
  kernel.run([handle]);
  const found = flat(await mode.read(kernel.output), 5);
  mode.destroy([kernel]);
  mode.free(handle);
  if (numbers.every((value, i) => found[i] === Math.fround(2 * value))) return;
  throw new Error(
    `${mode.label} computes wrongly on ${kind}: twice ${numbers} came back as ${found}`,
  );
}
