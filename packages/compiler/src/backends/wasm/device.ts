// Opens WebAssembly as a device: one memory, and the threads that may share it.
import { ChainruleError } from '@chainrule/graph';
import type { Device, Handle } from '../../device.ts';
import type { Plan } from '../../nest.ts';
import { rowMajor } from '../../reordered.ts';
import { encodeModule } from './binary.ts';
import { stop } from './board.ts';
import { $, type Code, floats, int, multiplyAdd, type Simd, type Type } from './code.ts';
import { emitWasm, type WasmProgram } from './emit.ts';
import { createLook } from './finite.ts';
import { columnStep, layColumns } from './lines.ts';
import { limits, load } from './loaded.ts';
import { createHeap, type Region } from './memory.ts';
import { whyNoPool } from './pool.ts';
import type { Context } from './runner.ts';
import { WORTH, type Worth } from './team.ts';
import { shapesFor } from './tile.ts';
import { processors } from './workers.ts';

/** A module of one function that leaves a value. */
const moduleOf = (result: Type, body: Code): Uint8Array<ArrayBuffer> =>
  encodeModule([{ name: 'f', params: [], results: [result], locals: [], body }], {});

/** Why WebAssembly cannot be used here, or undefined where it can. */
export function whyNoWasm(): string | undefined {
  if (typeof WebAssembly === 'undefined') return 'there is no WebAssembly here';
  // The youngest of the instructions over scalars.
  const scalar = moduleOf('i32', $('i32.trunc_sat_f32_s', $('f32.convert_i32_s', int(1))));
  if (!WebAssembly.validate(scalar)) return 'this WebAssembly is too old';
  try {
    new WebAssembly.Module(scalar);
  } catch (error) {
    return `WebAssembly is not allowed here: ${(error as Error).message}`;
  }
  return undefined;
}

/** Why products and sums cannot be one instruction here, or undefined where they can. */
export function whyNotRelaxed(): string | undefined {
  const relaxed = moduleOf('v128', multiplyAdd('relaxed', floats(1), floats(1), floats(1)));
  return WebAssembly.validate(relaxed) ? undefined : 'this WebAssembly has no relaxed SIMD';
}

/** A module with a table of 64-bit addresses. */
const LARGE_TABLE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 4, 4, 1, 0x70, 4, 1);

/**
 * Does the engine compile instructions in the order in which they are written? V8 13.6 (Node 24)
 * does and 12.4 (Node 22) does not; such a table is what one has and the other lacks.
 */
const isInOrder = (): boolean => WebAssembly.validate(LARGE_TABLE);

/** The fastest instructions that there are. */
function fastest(): Simd {
  if (!whyNotRelaxed()) return 'relaxed';
  const simd = moduleOf('v128', $('f32x4.sqrt', floats(1)));
  return WebAssembly.validate(simd) ? 'simd' : 'scalar';
}

const labels: Record<Simd, string> = {
  ...{ relaxed: 'relaxed SIMD', simd: 'SIMD', scalar: 'without SIMD' },
};

/** How many threads there are, and why not more. */
function threadsFor(asked: number | undefined): { threads: number; why?: string } {
  if (asked === 1) return { threads: 1 };
  const why = whyNoPool();
  if (why !== undefined) return { threads: 1, why };
  return { threads: asked ?? processors() };
}

/** How a device is opened. */
export interface WasmOptions {
  /** Threads to compute with; as many as there are processors unless given. */
  readonly threads?: number;
  /** Which instructions to use; the fastest that there are unless given. */
  readonly simd?: Simd;
  /** Are they compiled in order? Found out unless given. */
  readonly inOrder?: boolean;
  /** What threads share. */
  readonly worth?: Worth;
}

/** Opens WebAssembly as a device. @throws ChainruleError where it cannot be used */
export async function openWasm(options: WasmOptions = {}): Promise<Device> {
  const why = whyNoWasm();
  if (why) {
    const fix = "choose the device 'js', or allow script-src 'wasm-unsafe-eval'.";
    throw new ChainruleError(`wasm: ${why}.`, fix);
  }
  const { simd = fastest(), inOrder = isInOrder(), worth = WORTH } = options;
  const { threads, why: one } = threadsFor(options.threads);
  const heap = createHeap(threads > 1);
  const context: Context = { heap, threads: heap.sharedPages > 0 ? threads : 1, live: true };
  const engine = { simd, shapes: shapesFor(simd, inOrder) };
  const target = { threads: context.threads, sharedPages: heap.sharedPages, worth, ...engine };
  const owned = new Set<Handle>();
  const own = (region: Region): Region => {
    owned.add(region);
    return region;
  };
  const look = createLook(heap);
  const count = context.threads > 1 ? `up to ${context.threads} threads` : 'one thread';
  return {
    kind: 'wasm',
    label: `WebAssembly ${labels[simd]}, ${count}${one === undefined ? '' : ` (${one})`}`,
    limits,
    emit: (plan: Plan) => emitWasm(plan, target),
    load: (program) => load(context, program as WasmProgram),
    upload: (data, shape, order) => {
      const step = columnStep({ shape, order });
      const region = own(heap.allocate(step ? step * shape.at(-1)! : data.length));
      if (step) layColumns(data, step, heap.view(region));
      else heap.view(region).set(data);
      return region;
    },
    zeros: (length) => own(heap.zeros(length)),
    read: async (handle, shape, order) => rowMajor(heap.view(handle as Region), shape, order),
    view: (handle) => heap.view(handle as Region),
    ...(simd !== 'scalar' && { isFinite: (handle) => look(handle as Region) }),
    // New values of parameters belong to their program, which gives them back itself.
    free: (handle) => {
      if (owned.delete(handle)) heap.free(handle as Region);
    },
    dispose: () => {
      context.live = false;
      stop(heap.memory);
      owned.clear();
    },
  };
}
