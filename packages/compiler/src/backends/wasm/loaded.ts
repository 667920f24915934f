// A loaded program: its regions of memory, and where parameters are before and after a run.
import { ChainruleError } from '@chainrule/graph';
import { cpu, type Handle, type Limits, type Loaded } from '../../device.ts';
import { type Buffer, outputsOf, type Plan, sizeOf } from '../../nest.ts';
import { BYTES } from './code.ts';
import { scratchSlot, type WasmProgram } from './emit.ts';
import type { Region } from './memory.ts';
import { type Context, createRunner, type Run } from './runner.ts';

export const limits: Limits = { ...cpu, parts: 16 };

/** A page compiles large modules in the background only. */
export function load(context: Context, program: WasmProgram): Loaded | Promise<Loaded> {
  checkInputs(program.plan);
  const { memory } = context.heap;
  const start = (module: WebAssembly.Module): Loaded => {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    (exports['warm'] as () => void)();
    return createLoaded(context, program, module, exports['run'] as Run);
  };
  try {
    return start(new WebAssembly.Module(program.binary));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return WebAssembly.compile(program.binary).then(start);
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

/** The regions of a program. */
interface Regions {
  /** The list of addresses that kernels read. */
  readonly table: Region;
  readonly scratch: Region;
  readonly own: readonly (readonly [id: number, region: Region])[];
  /** Two for each new value that takes turns with the old one. */
  readonly pairs: ReadonlyMap<number, readonly [Region, Region]>;
  readonly all: readonly Region[];
}

function regionsOf(heap: Context['heap'], { plan, scratch }: WasmProgram): Regions {
  const all: Region[] = [];
  const allocate = (length: number): Region => {
    const region = heap.allocate(length);
    all.push(region);
    return region;
  };
  try {
    const table = allocate(scratchSlot(plan) + 1);
    const packed = allocate(scratch / BYTES);
    const arena = allocate(plan.arena);
    const placed = (b: Buffer): Region =>
      b.offset === undefined
        ? allocate(sizeOf(b.shape))
        : { at: arena.at + BYTES * b.offset, length: sizeOf(b.shape) };
    const own = plan.buffers
      .filter((b) => b.role === 'temp' || b.role === 'output')
      .map((b) => [b.id, placed(b)] as const);
    const pairs = new Map(
      plan.buffers
        .filter((b) => b.role === 'next')
        .map((b) => [b.id, [allocate(sizeOf(b.shape)), allocate(sizeOf(b.shape))] as const]),
    );
    return { table, scratch: packed, own, pairs, all };
  } catch (error) {
    for (const region of all) heap.free(region);
    throw error;
  }
}

function createLoaded(
  context: Context,
  program: WasmProgram,
  module: WebAssembly.Module,
  own: Run,
): Loaded {
  const { heap } = context;
  const { plan } = program;
  const regions = regionsOf(heap, program);
  const { table, pairs } = regions;
  // Made anew for each use: when the memory grows, the views of it end.
  const addresses = (): Int32Array => new Int32Array(heap.memory.buffer, table.at, table.length);
  const trade = (): void => {
    const list = addresses();
    for (const { param, next } of plan.swaps) {
      [list[param], list[next]] = [list[next], list[param]];
    }
  };
  const params = new Set(plan.buffers.filter((b) => b.role === 'param').map((b) => b.id));
  const inPlace = plan.kernels.flatMap(outputsOf).some((id) => params.has(id));
  const placement = { program, module, table: table.at, own, trade, inPlace };
  const runner = createRunner(context, placement);
  const given = plan.buffers.filter((b) => b.role === 'input' || b.role === 'param');
  let live = true;
  /** Of a pair, the region where the parameter is not: also after a run that has failed. */
  const placed = plan.swaps.map(({ param, next }) => {
    const [a, b] = pairs.get(next)!;
    return { next, free: (env: readonly Handle[]): Region => (env[param] === a ? b : a) };
  });
  /** Fills the table of addresses, and the handles of what is computed. */
  const place = (env: Handle[]): void => {
    const list = addresses();
    list[scratchSlot(plan)] = regions.scratch.at;
    for (const { id } of given) list[id] = addressOf(plan, env[id], id);
    for (const [id, region] of regions.own) env[id] = region;
    for (const { next, free } of placed) env[next] = free(env);
    for (const [id] of [...regions.own, ...pairs]) list[id] = (env[id] as Region).at;
  };
  const run = (env: Handle[], alone = false): void => {
    place(env);
    runner.run(alone);
  };
  /** Runs often; from the second time on old and new values are both the program's own. */
  const runMany = (env: Handle[], times: number, alone = false): void | Promise<void> => {
    const isOwn = plan.swaps.every(({ param, next }) =>
      pairs.get(next)!.includes(env[param] as Region),
    );
    const left = isOwn ? times : times - 1;
    if (!isOwn) {
      run(env, alone);
      for (const { param, next } of plan.swaps) env[param] = env[next];
    }
    if (left === 0) return;
    place(env);
    // After an even number of turns the newest values are where the old ones were.
    if (left % 2 === 0) for (const { param, next } of plan.swaps) env[next] = env[param];
    return runner.runMany(left, alone);
  };
  const dispose = (): void => {
    if (!live) return;
    live = false;
    runner.dispose();
    for (const region of regions.all) heap.free(region);
  };
  const { isAtRisk, whyAlone } = runner;
  return { run, runMany, isAtRisk, whyAlone, dispose };
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
