// A plan as one WebAssembly module: pure, without a device.
import type { Program } from '../../device.ts';
import type { Nest, Plan } from '../../nest.ts';
import { encodeModule } from './binary.ts';
import { $, type Code, type Func, get, type Local, type Simd, show } from './code.ts';
import { type Form, formOf, ordered } from './form.ts';
import { gemmOf, tileFunctions } from './gemm.ts';
import { loopsOf } from './loops.ts';
import { mathFunctions } from './math.ts';
import { productOf, scratchOf } from './product.ts';
import { joinsOutputs, scheduleOf } from './schedule.ts';
import { sumsOf, sweepFunctions, sweepOf } from './sweep.ts';

const BYTES = 4;
const TABLE: Local = 0;
const TURNS: Local = 1;

/** Where the list of addresses has that of the scratch memory: after those of all buffers. */
export const scratchSlot = ({ buffers }: Plan): number =>
  1 + buffers.reduce((most, { id }) => Math.max(most, id), -1);

/** What the engine that is to run it knows. */
export interface EmitOptions {
  readonly simd: Simd;
}

/** The module of a plan. It exports `run(table)`, all kernels once, and `loop(table, n)`. */
export function emitWasm(plan: Plan, { simd }: EmitOptions = { simd: 'simd' }): Program {
  const buffers = new Map(plan.buffers.map((b) => [b.id, b]));
  const functions = [...mathFunctions(usedIn(plan)), ...tileFunctions(simd)];
  const calls: number[] = [];
  const kernels: Func[][] = [];
  let scratch = 0;
  for (const nest of plan.kernels) {
    const form = formOf(nest, buffers);
    const { made, needs } = kernelOf(form, functions.length, scratchSlot(plan), simd);
    scratch = Math.max(scratch, needs);
    functions.push(...made);
    // The last one runs the others.
    calls.push(functions.length - 1);
    kernels.push(made);
  }
  const run: Func = {
    ...{ name: 'run', params: ['i32'], results: [], locals: [] },
    body: calls.flatMap((at) => $('call', at, get(TABLE))),
  };
  const at = functions.push(run) - 1;
  functions.push(loopOf(plan, at));
  return {
    plan,
    binary: encodeModule(functions, { run: at, loop: at + 1 }),
    scratch,
    // Written when somebody asks: it takes as long as all the rest.
    get sources() {
      return kernels.map((made) => made.map(show).join('\n'));
    },
  };
}

/** The functions of a kernel, the last of which runs it, and the scratch memory that they need. */
function kernelOf(
  form: Form,
  first: number,
  slot: number,
  simd: Simd,
): { made: Func[]; needs: number } {
  const schedule = scheduleOf(form);
  const product = productOf(form);
  if (product && !joinsOutputs(form, schedule, product)) {
    return { made: gemmOf(form, product, first, slot), needs: scratchOf(form, product).total };
  }
  const sweep = sweepOf(form, schedule);
  if (!sweep) return { made: [loopsOf(form, schedule, simd)], needs: 0 };
  return { made: sweepFunctions(form, sweep, first, slot, simd), needs: sumsOf(form, sweep) };
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

/** Runs everything n times; parameters and their new values trade places before each. */
function loopOf({ swaps }: Plan, run: number): Func {
  const trade = swaps.flatMap(({ param, next }): Code => {
    const load = (id: number): Code => $('i32.load', BYTES * id, get(TABLE));
    const store = (id: number, value: Code): Code => $('i32.store', BYTES * id, get(TABLE), value);
    return [
      ...$('local.set', 2, load(param)),
      ...store(param, load(next)),
      ...store(next, get(2)),
    ];
  });
  return {
    ...{ name: 'loop', params: ['i32', 'i32'], results: [], locals: ['i32'] },
    body: [
      ...$('loop'),
      ...trade,
      ...$('call', run, get(TABLE)),
      ...$('local.tee', TURNS, $('i32.sub', get(TURNS), $('i32.const', 1))),
      ...$('br_if', 0),
      ...$('end'),
    ],
  };
}
