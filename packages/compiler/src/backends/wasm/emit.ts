// A plan as one WebAssembly module: pure, without a device.
import type { Program } from '../../device.ts';
import type { Nest, Plan } from '../../nest.ts';
import { encodeModule } from './binary.ts';
import { $, type Code, type Func, get, int, type Local, type Simd, set, show } from './code.ts';
import { formOf, ordered } from './form.ts';
import { tileFunctions } from './gemm.ts';
import { type Method, methodOf } from './kernel.ts';
import { mathFunctions } from './math.ts';
import { barrierFunction, load, SYNC, store } from './meet.ts';
import { scalarize } from './scalarize.ts';
import { TABLE } from './share.ts';
import { estimate, type Turn, turnsOf, type Worth } from './team.ts';

const BYTES = 4;

/** Where the list of addresses has that of the scratch memory: after those of all buffers. */
export const scratchSlot = ({ buffers }: Plan): number =>
  1 + buffers.reduce((most, { id }) => Math.max(most, id), -1);

/** What a module is made for. */
export interface Target {
  /** The most threads that may run it. */
  readonly threads: number;
  /** Pages that a memory shared with other threads may have; 0: it is not shared. */
  readonly sharedPages: number;
  /** Which instructions the engine knows. */
  readonly simd: Simd;
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

/** One kernel, how it is computed and by whom. */
interface Part extends Turn {
  readonly method: Method;
}

/** The kernels of a plan, and what they may take on one thread. */
function partsOf(plan: Plan, { threads, worth, simd }: Target) {
  const buffers = new Map(plan.buffers.map((b) => [b.id, b]));
  const methods = plan.kernels.map((nest) => methodOf(formOf(nest, buffers), simd));
  const nanoseconds = plan.kernels.map((nest, i) => estimate(nest, methods[i].isProduct, buffers));
  const may = methods.map(({ canShare }) => threads > 1 && canShare);
  const turns = turnsOf(plan.kernels, buffers, nanoseconds, may, worth);
  const parts = methods.map((method, i): Part => ({ method, ...turns[i] }));
  return { parts, nanoseconds: nanoseconds.reduce((sum, ns) => sum + ns, 0) };
}

/**
 * The module of a plan. It exports `run(table, times, thread, threads)`: all kernels, so many
 * times, by all threads that call it at once.
 */
export function emitWasm(plan: Plan, target: Target): WasmProgram {
  const { simd, sharedPages } = target;
  const { parts, nanoseconds } = partsOf(plan, target);
  const isTeam = parts.some(({ shared }) => shared);
  const threads = isTeam ? target.threads : 1;
  const scratch = parts.reduce((n, { method }) => Math.max(n, method.scratch), 0);
  const functions = [...mathFunctions(usedIn(plan)), ...tileFunctions(simd)];
  const barrier = isTeam ? functions.push(barrierFunction()) - 1 : 0;
  const slot = scratchSlot(plan);
  const own = functions.length;
  const calls = parts.map(({ method, shared }) => {
    const place = { first: functions.length, scratchSlot: slot, scratch, simd };
    functions.push(...method.functions({ ...place, threads: shared ? threads : 1 }));
    // The last one runs the others.
    return functions.length - 1;
  });
  const run = isTeam
    ? teamRun(plan, parts, calls, barrier)
    : soloRun(plan, calls, sharedPages > 0);
  functions.push(run);
  const all = simd === 'scalar' ? scalarize(functions) : functions;
  const sourceOf = (last: number, i: number): string =>
    all
      .slice(i > 0 ? calls[i - 1]! + 1 : own, last + 1)
      .map(show)
      .join('\n');
  return {
    plan,
    binary: encodeModule(all, { run: functions.length - 1 }, sharedPages),
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
  const used = new Set<string>(kernels.flatMap((nest) => opsIn(nest)));
  // The fold adds powers of e up, and ends with a logarithm.
  if (kernels.some(({ fold }) => fold?.kind === 'logsumexp')) used.add('exp').add('log');
  return used;
}

const opsIn = ({ fold, result }: Nest): string[] =>
  ordered(fold ? [fold.body, result] : [result]).map(({ op }) => op);

// Parameters and locals of `run`.
const TIMES: Local = 1;
const THREAD: Local = 2;
const THREADS: Local = 3;
const OTHER: Local = 4;

const runOf = (body: Code): Func => ({
  ...{ name: 'run', params: ['i32', 'i32', 'i32', 'i32'], results: [], locals: ['i32'], body },
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
function teamRun(plan: Plan, parts: readonly Part[], calls: readonly number[], barrier: number) {
  const meet = call(barrier, get(THREAD), get(THREADS));
  const kernels = parts.map(
    ({ shared, meet: first }, i): Code => [
      first ? meet : [],
      shared
        ? call(calls[i], get(TABLE), get(THREAD), get(THREADS))
        : [$('if', isFirst), call(calls[i], get(TABLE)), $('end')],
    ],
  );
  const between = [
    $('if', isFirst),
    trade(plan),
    store(SYNC.more, $('i32.eqz', load(SYNC.stop))),
    $('end'),
    meet,
    $('br_if', 1, $('i32.eqz', load(SYNC.more))),
  ];
  return runOf(repeat([kernels, meet], between));
}

/** Parameters and their new values trade places. */
const trade = ({ swaps }: Plan): Code =>
  swaps.map(({ param, next }): Code => {
    const at = (id: number): Code => $('i32.load', BYTES * id, get(TABLE));
    const put = (id: number, value: Code): Code => $('i32.store', BYTES * id, get(TABLE), value);
    return [set(OTHER, at(param)), put(param, at(next)), put(next, get(OTHER))];
  });
