// Opens WebAssembly as a device: one memory, and the threads that may share it.
import { ChainruleError } from '@chainrule/graph';
import type { Device, Handle } from '../../device.ts';
import type { Plan } from '../../nest.ts';
import { rowMajor } from '../layout.ts';
import { encodeModule } from './binary.ts';
import { stop } from './board.ts';
import { $, type Code, floats, multiplyAdd, type Simd } from './code.ts';
import { emitWasm, type WasmProgram } from './emit.ts';
import { limits, load } from './loaded.ts';
import { createHeap, type Region } from './memory.ts';
import { whyNoPool } from './pool.ts';
import type { Context } from './runner.ts';
import { WORTH, type Worth } from './team.ts';
import { processors } from './workers.ts';

/** A module of one function that leaves a vector. */
const moduleOf = (body: Code): Uint8Array<ArrayBuffer> =>
  encodeModule([{ name: 'f', params: [], results: ['v128'], locals: [], body }], {});

/** Why WebAssembly with SIMD cannot be used here, or undefined where it can. */
export function whyNoWasm(): string | undefined {
  if (typeof WebAssembly === 'undefined') return 'there is no WebAssembly here';
  const simd = moduleOf($('f32x4.sqrt', floats(1)));
  if (!WebAssembly.validate(simd)) return 'this WebAssembly has no SIMD';
  try {
    new WebAssembly.Module(simd);
  } catch (error) {
    return `WebAssembly is not allowed here: ${(error as Error).message}`;
  }
  return undefined;
}

/** Why products and sums cannot be one instruction here, or undefined where they can. */
export function whyNotRelaxed(): string | undefined {
  const relaxed = moduleOf(multiplyAdd('relaxed', floats(1), floats(1), floats(1)));
  return WebAssembly.validate(relaxed) ? undefined : 'this WebAssembly has no relaxed SIMD';
}

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
  const { simd = whyNotRelaxed() ? 'simd' : 'relaxed', worth = WORTH } = options;
  const { threads, why: one } = threadsFor(options.threads);
  const heap = createHeap(threads > 1);
  const context: Context = { heap, threads: heap.sharedPages > 0 ? threads : 1, live: true };
  const target = { threads: context.threads, sharedPages: heap.sharedPages, worth, simd };
  const owned = new Set<Handle>();
  const words = simd === 'relaxed' ? 'relaxed SIMD' : 'SIMD';
  const count = context.threads > 1 ? `up to ${context.threads} threads` : 'one thread';
  return {
    kind: 'wasm',
    label: `WebAssembly ${words}, ${count}${one === undefined ? '' : ` (${one})`}`,
    limits,
    emit: (plan: Plan) => emitWasm(plan, target),
    load: (program) => load(context, program as WasmProgram),
    upload: (data) => {
      const region = heap.allocate(data.length);
      heap.view(region).set(data);
      owned.add(region);
      return region;
    },
    read: async (handle, shape, order) => rowMajor(heap.view(handle as Region), shape, order),
    view: (handle) => heap.view(handle as Region),
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
