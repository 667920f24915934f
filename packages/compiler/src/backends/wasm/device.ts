// Opens WebAssembly as a device: one memory, and the threads that may share it.
import { ChainruleError } from '@chainrule/graph';
import type { Device, Handle } from '../../device.ts';
import type { Plan } from '../../nest.ts';
import { rowMajor } from '../layout.ts';
import { encodeModule } from './binary.ts';
import { stop } from './board.ts';
import { $, floats } from './code.ts';
import { emitWasm, type WasmProgram } from './emit.ts';
import { limits, load } from './loaded.ts';
import { createHeap, type Region } from './memory.ts';
import { whyNoPool } from './pool.ts';
import type { Context } from './runner.ts';
import { WORTH, type Worth } from './team.ts';
import { processors } from './workers.ts';

/** Why WebAssembly with SIMD cannot be used here, or undefined where it can. */
export function whyNoWasm(): string | undefined {
  if (typeof WebAssembly === 'undefined') return 'there is no WebAssembly here';
  const simd = encodeModule(
    [{ name: 'f', params: [], results: ['v128'], locals: [], body: $('f32x4.sqrt', floats(1)) }],
    {},
  );
  if (!WebAssembly.validate(simd)) return 'this WebAssembly has no SIMD';
  try {
    new WebAssembly.Module(simd);
  } catch (error) {
    return `WebAssembly is not allowed here: ${(error as Error).message}`;
  }
  return undefined;
}

/** How many threads there are, and why not more. */
function threadsFor(asked: number | undefined): { threads: number; why?: string } {
  if (asked === 1) return { threads: 1 };
  const why = whyNoPool();
  if (why !== undefined) return { threads: 1, why };
  return { threads: asked ?? processors() };
}

/**
 * Opens WebAssembly as a device.
 * @param asked threads to compute with; as many as there are processors unless given
 * @param worth what threads share
 * @throws ChainruleError where it cannot be used
 */
export async function openWasm(asked?: number, worth: Worth = WORTH): Promise<Device> {
  const why = whyNoWasm();
  if (why) {
    const fix = "choose the device 'js', or allow script-src 'wasm-unsafe-eval'.";
    throw new ChainruleError(`wasm: ${why}.`, fix);
  }
  const { threads, why: one } = threadsFor(asked);
  const heap = createHeap(threads > 1);
  const context: Context = { heap, threads: heap.sharedPages > 0 ? threads : 1, live: true };
  const target = { threads: context.threads, sharedPages: heap.sharedPages, worth };
  const owned = new Set<Handle>();
  const count = context.threads > 1 ? `up to ${context.threads} threads` : 'one thread';
  return {
    kind: 'wasm',
    label: `WebAssembly SIMD, ${count}${one === undefined ? '' : ` (${one})`}`,
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
