// A plan as one WebAssembly module: pure, without a device.
import type { Program } from '../../device.ts';
import { expressions, type Plan } from '../../nest.ts';
import { encodeModule } from './binary.ts';
import { $, BYTES, type Code, type Func, get, int, type Local, set, showAll } from './code.ts';
import { formOf } from './form.ts';
import { type Method, methodOf } from './kernel.ts';
import { mathFunctions } from './math.ts';
import { barrierFunction, load, MOST_THREADS, SYNC, store } from './meet.ts';
import { partsOfEach, takeFunction, takeParts } from './parts.ts';
import { scalarize } from './scalarize.ts';
import { TABLE } from './share.ts';
import { estimate, type Turn, turnsOf, type Worth } from './team.ts';
import { type Engine, tileFunctions } from './tile.ts';
import { warmed } from './warm.ts';

/** Where the list of addresses has that of the scratch memory: after those of all buffers. */
export const scratchSlot = ({ buffers }: Plan): number =>
  1 + buffers.reduce((most, { id }) => Math.max(most, id), -1);

/** What a module is made for. */
export interface Target extends Engine {
  /** The most threads that may run it. */
  readonly threads: number;
  /** Pages that a memory shared with other threads may have; 0: it is not shared. */
  readonly sharedPages: number;
  /** What is worth sharing. */
  readonly worth: Worth;
}

/** A program as a module. */
export interface WasmProgram extends Program {
  readonly binary: Uint8Array<ArrayBuffer>;
  readonly scratch: number;
  readonly threads: number;
  /** What one run may take on one thread: a guess. */
  readonly nanoseconds: number;
}

/** Nanoseconds from which products are worth being compiled for speed before they run. */
const LONG = 100_000;
/** The most functions that are: each takes half a millisecond. */
const MOST_HOT = 8;

/** One kernel, how it is computed and by whom. */
interface Kernel extends Turn {
  readonly method: Method;
  /** Does each thread prepare its scratch memory first? */
  readonly prepares: boolean;
  /** Into how many parts each thread's share is cut. */
  readonly parts: number;
  /** Is its first function worth being compiled for speed before it runs? */
  readonly isHot: boolean;
}

/** The kernels of a plan, the scratch memory of a thread, and what all may take on one. */
function kernelsOf(plan: Plan, target: Target, threads: number) {
  const { worth } = target;
  const buffers = new Map(plan.buffers.map((b) => [b.id, b]));
  const methods = plan.kernels.map((nest) => methodOf(formOf(nest, buffers), target));
  const nanoseconds = plan.kernels.map((nest, i) => estimate(nest, methods[i].isProduct, buffers));
  const may = methods.map(({ canShare }) => threads > 1 && canShare);
  const turns = turnsOf(plan.kernels, buffers, nanoseconds, may, worth);
  const sharings = methods.map((m, i) => m.sharing(turns[i].shared ? threads : 1));
  const kernels = methods.map((method, i): Kernel => {
    const { most, prepares } = sharings[i]!;
    const parts = partsOfEach(Math.min(most, nanoseconds[i]! / worth.part), threads);
    const isHot = method.isDot && nanoseconds[i]! >= LONG;
    return { method, prepares, ...turns[i], parts, isHot };
  });
  return {
    kernels,
    nanoseconds: nanoseconds.reduce((sum, ns) => sum + ns, 0),
    scratch: sharings.reduce((n, { scratch }) => Math.max(n, scratch), 0),
  };
}

/**
 * The module of a plan. It exports `run(table, times, thread, threads)`: all kernels, so many
 * times, by all threads that call it at once; and `warm()`, which prepares that.
 */
export function emitWasm(plan: Plan, target: Target): WasmProgram {
  const { simd, sharedPages } = target;
  const most = Math.min(target.threads, MOST_THREADS);
  const { kernels, scratch, nanoseconds } = kernelsOf(plan, target, most);
  const isTeam = kernels.some(({ shared }) => shared);
  const threads = isTeam ? most : 1;
  const tiles = new Set(kernels.flatMap(({ method }) => method.tiles));
  const functions = [...mathFunctions(usedIn(plan)), ...tileFunctions(target, tiles)];
  /** The functions that most of the time is spent in. */
  const hot = [...tiles];
  const barrier = functions.length;
  if (isTeam) functions.push(barrierFunction(), takeFunction());
  const slot = scratchSlot(plan);
  const own = functions.length;
  const packs = new Map<string, number>();
  const calls = kernels.map(({ method, shared, isHot }) => {
    const place = { first: functions.length, scratchSlot: slot, scratch, simd, packs };
    if (isHot) hot.push(place.first);
    functions.push(...method.functions({ ...place, threads: shared ? threads : 1 }));
    // The last one runs the others.
    return functions.length - 1;
  });
  const run = isTeam
    ? teamRun(plan, kernels, calls, barrier)
    : soloRun(plan, calls, sharedPages > 0);
  const ready = warmed([...functions, run], hot.slice(0, MOST_HOT));
  const all = simd === 'scalar' ? scalarize(ready) : ready;
  const sourceOf = (last: number, i: number): string =>
    showAll(all, own, i > 0 ? calls[i - 1]! + 1 : own, last);
  return {
    plan,
    binary: encodeModule(all, { run: all.length - 2, warm: all.length - 1 }, sharedPages),
    scratch: BYTES * scratch * threads,
    threads,
    nanoseconds,
    // Written when somebody asks: it takes as long as all the rest.
    get sources() {
      return calls.map(sourceOf);
    },
  };
}

/** The machine ops of a plan, those inside of folds included. */
function usedIn({ kernels }: Plan): Set<string> {
  const used = new Set<string>(kernels.flatMap(expressions).map(({ op }) => op));
  // The fold adds powers of e up, and ends with a logarithm.
  if (kernels.some(({ fold }) => fold?.kind === 'logsumexp')) used.add('exp').add('log');
  return used;
}

// Parameters and locals of `run`.
const TIMES: Local = 1;
const THREAD: Local = 2;
const THREADS: Local = 3;
const OTHER: Local = 4;
const CALLER = { thread: THREAD, threads: THREADS, kernel: 5, owner: 6, from: 7, to: 8 };

const runOf = (body: Code): Func => ({
  ...{ name: 'run', params: ['i32', 'i32', 'i32', 'i32'], results: [], body },
  locals: ['i32', 'i32', 'i32', 'i32', 'i32'],
});

const call = (at: number, ...args: Code[]): Code => $('call', at, ...args);
const isFirst = $('i32.eqz', get(THREAD));

/** Runs `kernels` so many times, and `between` before each time but the first. */
const repeat = (kernels: Code, between: Code): Code => [
  $('block'),
  $('loop'),
  kernels,
  set(TIMES, $('i32.sub', get(TIMES), int(1))),
  $('br_if', 1, $('i32.eqz', get(TIMES))),
  between,
  $('br', 0),
  $('end'),
  $('end'),
];

/** All kernels by the one thread that calls. */
const soloRun = (plan: Plan, calls: readonly number[], isShared: boolean): Func =>
  runOf(
    repeat(
      calls.map((at) => call(at, get(TABLE))),
      [trade(plan), isShared ? $('br_if', 1, load(SYNC.stop)) : []],
    ),
  );

/** All kernels by all threads; they meet where a kernel needs what another has computed. */
function teamRun(
  plan: Plan,
  kernels: readonly Kernel[],
  calls: readonly number[],
  barrier: number,
): Func {
  const meet = call(barrier, get(THREAD), get(THREADS));
  const together = (at: number, parts: number): Code =>
    takeParts(CALLER, barrier + 1, parts, (...which) => call(at, get(TABLE), ...which));
  const all = kernels.map(({ shared, meet: meets, prepares, parts }, i): Code => {
    const at = calls[i]!;
    return [
      meets ? meet : [],
      prepares ? call(at - 1, get(TABLE), int(0), int(1), int(1), get(THREAD)) : [],
      shared ? together(at, parts) : [$('if', isFirst), call(at, get(TABLE)), $('end')],
    ];
  });
  const between = [
    $('if', isFirst),
    trade(plan),
    store(SYNC.more, $('i32.eqz', load(SYNC.stop))),
    $('end'),
    meet,
    $('br_if', 1, $('i32.eqz', load(SYNC.more))),
  ];
  return runOf(repeat([all, meet], between));
}

/** Parameters and their new values trade places. */
const trade = ({ swaps }: Plan): Code =>
  swaps.map(({ param, next }): Code => {
    const at = (id: number): Code => $('i32.load', BYTES * id, get(TABLE));
    const put = (id: number, value: Code): Code => $('i32.store', BYTES * id, get(TABLE), value);
    return [set(OTHER, at(param)), put(param, at(next)), put(next, get(OTHER))];
  });
