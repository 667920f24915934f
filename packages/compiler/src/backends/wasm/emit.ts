// A plan as one WebAssembly module: pure, without a device.
import type { Plan } from '../../nest.ts';
import { encodeModule } from './binary.ts';
import { $, type Code, type Func, get, type Local, show } from './code.ts';
import { formOf } from './form.ts';
import { loopsOf } from './loops.ts';
import { mathFunctions } from './math.ts';

const BYTES = 4;
const TABLE: Local = 0;
const TURNS: Local = 1;

/** A module, and the text of each kernel. */
export interface Emitted {
  readonly binary: Uint8Array<ArrayBuffer>;
  readonly sources: readonly string[];
}

/** The module of a plan. It exports `run(table)`, all kernels once, and `loop(table, n)`. */
export function emitWasm(plan: Plan): Emitted {
  const buffers = new Map(plan.buffers.map((b) => [b.id, b]));
  const kernels = plan.kernels.map((nest) => loopsOf(formOf(nest, buffers)));
  const shared = mathFunctions();
  const run: Func = {
    ...{ name: 'run', params: ['i32'], results: [], locals: [] },
    body: kernels.flatMap((_, i) => $('call', shared.length + i, get(TABLE))),
  };
  const first = shared.length + kernels.length;
  const functions = [...shared, ...kernels, run, loopOf(plan, first)];
  return {
    binary: encodeModule(functions, { run: first, loop: first + 1 }),
    sources: kernels.map((kernel) => show(kernel)),
  };
}

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
