// Runs compiled modules over one memory: a step is one call.
import { ChainruleError } from '@chainrule/graph';
import type { Device, Handle, Limits, Loaded, Program } from '../../device.ts';
import type { Buffer, Plan } from '../../nest.ts';
import { rowMajor } from '../layout.ts';
import { encodeModule } from './binary.ts';
import { $, type Code, floats, multiplyAdd, type Simd } from './code.ts';
import { emitWasm, scratchSlot } from './emit.ts';
import { createHeap, type Heap, type Region } from './memory.ts';

const BYTES = 4;
const limits: Limits = { inputs: 64, inPlace: true, arena: true, queue: Infinity };

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

/** A module of one function that leaves a vector. */
const moduleOf = (body: Code): Uint8Array<ArrayBuffer> =>
  encodeModule([{ name: 'f', params: [], results: ['v128'], locals: [], body }], {});

/** Why products and sums cannot be one instruction here, or undefined where they can. */
export function whyNotRelaxed(): string | undefined {
  const relaxed = moduleOf(multiplyAdd('relaxed', floats(1), floats(1), floats(1)));
  return WebAssembly.validate(relaxed) ? undefined : 'this WebAssembly has no relaxed SIMD';
}

/**
 * Opens WebAssembly as a device.
 * @param simd which instructions to use; the fastest that there are, unless given
 * @throws ChainruleError where it cannot be used */
export async function openWasm(simd?: Simd): Promise<Device> {
  const why = whyNoWasm();
  if (why) {
    const fix = "choose the device 'js', or allow script-src 'wasm-unsafe-eval'.";
    throw new ChainruleError(`wasm: ${why}.`, fix);
  }
  const chosen = simd ?? (whyNotRelaxed() ? 'simd' : 'relaxed');
  const heap = createHeap();
  const owned = new Set<Handle>();
  return {
    kind: 'wasm',
    label: `WebAssembly ${chosen === 'relaxed' ? 'relaxed SIMD' : 'SIMD'}, one thread`,
    limits,
    emit: (plan) => emitWasm(plan, { simd: chosen }),
    load: (program) => load(heap, program),
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
    dispose: () => owned.clear(),
  };
}

interface Exports {
  run(table: number): void;
  loop(table: number, times: number): void;
}

/** A page compiles large modules in the background only. */
function load(heap: Heap, program: Program): Loaded | Promise<Loaded> {
  checkInputs(program.plan);
  const binary = program.binary!;
  const start = (module: WebAssembly.Module): Loaded => {
    const { exports } = new WebAssembly.Instance(module, { env: { memory: heap.memory } });
    return createLoaded(heap, program, exports as unknown as Exports);
  };
  try {
    return start(new WebAssembly.Module(binary));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return WebAssembly.compile(binary).then(start);
  }
}

function checkInputs({ kernels }: Plan): void {
  const big = kernels.find((k) => k.inputs.length > limits.inputs);
  if (!big) return;
  throw new ChainruleError(
    `wasm cannot compile the kernel of ${big.name}: it reads ${big.inputs.length} arrays ` +
      `of ${limits.inputs} allowed.`,
    'choose another device, or split the formula.',
  );
}

const sizeOf = (b: Buffer): number => b.shape.reduce((p, d) => p * d, 1);

/** The regions of a program. */
interface Regions {
  /** The list of addresses that kernels read. */
  readonly table: Region;
  readonly scratch: Region;
  readonly own: readonly (readonly [id: number, region: Region])[];
  /** Two for each new value that takes turns with the old one. */
  readonly pairs: readonly (readonly [id: number, pair: readonly [Region, Region]])[];
  readonly all: readonly Region[];
}

function regionsOf(heap: Heap, { plan, scratch }: Program): Regions {
  const all: Region[] = [];
  const allocate = (length: number): Region => {
    const region = heap.allocate(length);
    all.push(region);
    return region;
  };
  try {
    const table = allocate(scratchSlot(plan) + 1);
    const packed = allocate(scratch ?? 0);
    const arena = allocate(plan.arena);
    const placed = (b: Buffer): Region =>
      b.offset === undefined
        ? allocate(sizeOf(b))
        : { at: arena.at + BYTES * b.offset, length: sizeOf(b) };
    const own = plan.buffers
      .filter((b) => b.role === 'temp' || b.role === 'output')
      .map((b) => [b.id, placed(b)] as const);
    const pairs = plan.buffers
      .filter((b) => b.role === 'next')
      .map((b) => [b.id, [allocate(sizeOf(b)), allocate(sizeOf(b))]] as const);
    return { table, scratch: packed, own, pairs, all };
  } catch (error) {
    for (const region of all) heap.free(region);
    throw error;
  }
}

function createLoaded(heap: Heap, program: Program, exports: Exports): Loaded {
  const { plan } = program;
  const regions = regionsOf(heap, program);
  const { table, own, pairs } = regions;
  const given = plan.buffers.filter((b) => b.role === 'input' || b.role === 'param');
  let turn = 0;
  let live = true;
  // Made anew for each run: when the memory grows, the views of it end.
  const addresses = (): Int32Array => new Int32Array(heap.memory.buffer, table.at, table.length);
  const run = (env: Handle[]): void => {
    const list = addresses();
    list[scratchSlot(plan)] = regions.scratch.at;
    for (const { id } of given) list[id] = addressOf(plan, env[id], id);
    for (const [id, region] of own) env[id] = region;
    for (const [id, pair] of pairs) env[id] = pair[turn];
    for (const [id] of [...own, ...pairs]) list[id] = (env[id] as Region).at;
    turn = 1 - turn;
    exports.run(table.at);
  };
  const runMany = (env: Handle[], times: number): void => {
    run(env);
    if (times < 2) return;
    // After the first run old and new values are both the program's own, and trade places.
    const list = addresses();
    const odd = times % 2 === 1;
    for (const { param, next } of plan.swaps) {
      const [a, b] = pairs.find(([id]) => id === next)![1];
      const other = env[next] === a ? b : a;
      list[param] = other.at;
      if (!odd) env[next] = other;
    }
    if (!odd) turn = 1 - turn;
    exports.loop(table.at, times - 1);
  };
  const dispose = (): void => {
    if (live) for (const region of regions.all) heap.free(region);
    live = false;
  };
  return { run, runMany, dispose };
}

function addressOf({ kernels }: Plan, handle: Handle, id: number): number {
  if (handle) return (handle as Region).at;
  const kernel = kernels.find((k) => k.inputs.includes(id));
  if (!kernel) return 0;
  throw new ChainruleError(
    `wasm: the kernel of ${kernel.name} lacks an input.`,
    'give a handle for every input and parameter.',
  );
}
