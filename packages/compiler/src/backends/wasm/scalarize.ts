// Functions without vectors, for engines that have none: each vector becomes its lanes, in locals
// of their own. The operations and their order stay, so that results are the same to the bit.
import {
  type Code,
  eachInstruction,
  type Func,
  type Instruction,
  instructions,
  type Local,
  type OpName,
  type Type,
} from './code.ts';
import {
  countOf,
  emit,
  isGet,
  isSame,
  keep,
  type Layout,
  laneOf,
  type Pass,
  scratchFrom,
} from './lanes.ts';
import { each, LANES, type Row, rows, ZERO } from './lowering.ts';

/** Copies what is on the stack and in one of these locals: they are about to change. */
function detach(pass: Pass, changes: (at: Local) => boolean): void {
  const isHit = (lane: Instruction): boolean => isGet(lane) && changes(lane[1] as Local);
  for (const [i, { kind, lanes }] of pass.stack.entries()) {
    const copied = lanes.map((l) => (isHit(l) ? keep(pass, kind ?? 'i32', [l]) : l));
    if (lanes.some(isHit)) pass.stack[i] = { kind, lanes: copied };
  }
}

function getLocal({ stack, layouts }: Pass, at: Local): void {
  const layout = layouts[at];
  // Locals start as zeros.
  if (!layout) stack.push({ lanes: LANES.map(() => ZERO) });
  else stack.push({ kind: layout.kind, lanes: layout.same.map((l) => ['local.get', 4 * at + l]) });
}

/** Sets the lanes of a local all at once: each may be what another one was. */
function setLocal(pass: Pass, at: Local): void {
  const { stack, layouts, func } = pass;
  const vector = stack.pop()!;
  const known = layouts[at];
  const kinds = [known?.kind, vector.kind].filter((k) => k !== undefined);
  const kind = kinds[0] === kinds.at(-1) ? kinds[0] : 'f32';
  const count = countOf(kind ?? 'i32');
  const before = known?.same.length === count ? known.same : undefined;
  const isTwin = (a: number, b: number): boolean =>
    isSame(vector, a, b, count) && (!before || before[a] === before[b]);
  const all = LANES.slice(0, count);
  const same = all.map((l) => all.findIndex((k) => isTwin(l, k)));
  if (known?.kind !== kind || String(known?.same) !== String(same)) {
    // A bug in an emitter: a parameter is one lane.
    if (at < func.params.length) throw new Error(`${func.name} is no function of each lane`);
    layouts[at] = { kind, same };
    pass.changed = true;
  }
  detach(pass, (id) => id >> 2 === at);
  const own = all.filter((l) => same[l] === l);
  emit(pass, [
    own.map((l) => laneOf(vector, l, kind ?? 'i32')),
    [...own].reverse().map((l): Code => ['local.set', 4 * at + l]),
  ]);
}

const isVector = (type: Type | undefined): boolean => type === 'v128';

function leave(pass: Pass): void {
  if (isVector(pass.func.results[0])) emit(pass, laneOf(pass.stack.pop()!, 0, 'f32'));
}

/** Instructions that may have to do with vectors and are not only about them. */
const others: Partial<Record<OpName, Row>> = {
  'local.get': (pass, [, at]) => {
    if (isVector(pass.types[at!])) getLocal(pass, at!);
    else pass.out.push(['local.get', 4 * at!]);
  },
  'local.set': (pass, [, at]) => {
    if (isVector(pass.types[at!])) setLocal(pass, at!);
    else {
      detach(pass, (id) => id === 4 * at!);
      pass.out.push(['local.set', 4 * at!]);
    }
  },
  'local.tee': (pass, [, at]) => {
    others['local.set']!(pass, ['local.set', at!]);
    others['local.get']!(pass, ['local.get', at!]);
  },
  call: (pass, instruction) => {
    const { params } = pass.functions[instruction[1]!]!;
    // A function of vectors is one of lanes, called for each.
    const lanes = each(params.length, 'f32', 'f32', (...of) => [of, instruction]);
    if (isVector(params[0])) lanes(pass, instruction);
    else pass.out.push(instruction);
  },
  return: (pass) => {
    leave(pass);
    pass.out.push(['return']);
  },
};

function step(pass: Pass, instruction: Instruction): void {
  const [name] = instruction;
  const { stack, heights, out, busy } = pass;
  const row = (rows as Partial<Record<OpName, Row>>)[name] ?? others[name];
  const opens = instructions[name].immediates[0] === 'block';
  if (row || opens) {
    busy.length = 0;
    for (const { lanes } of stack) for (const lane of lanes) if (isGet(lane)) busy.push(lane[1]!);
  }
  if (row) {
    row(pass, instruction);
    return;
  }
  // What lies below a block is the same whichever way it is left.
  if (opens) detach(pass, (id) => id < scratchFrom(pass));
  if (name === 'end' || name === 'else') stack.length = heights.pop()!;
  if (opens || name === 'else') heights.push(stack.length);
  out.push(instruction);
}

/** Numbers the locals that are left, parameters first. */
function finished({ func, layouts, out, scratch }: Pass, from: Local): Func {
  const places = new Map<Local, Local>();
  const locals: Type[] = [];
  const place = (id: Local, type: Type): void => {
    places.set(id, func.params.length + locals.push(type) - 1);
  };
  for (const i of func.params.keys()) places.set(4 * i, i);
  for (const [i, type] of func.locals.entries()) {
    const at = func.params.length + i;
    if (type !== 'v128') place(4 * at, type);
    const { same = [], kind = 'i32' } = layouts[at] ?? {};
    for (const l of new Set(same)) place(4 * at + l, kind);
  }
  for (const [i, type] of scratch.entries()) place(from + i, type);
  const body = out.map((instruction): Instruction => {
    const [name, id] = instruction;
    return name.startsWith('local.') ? [name, places.get(id!)!] : instruction;
  });
  const [params, results] = [func.params, func.results].map((types) =>
    types.map((type): Type => (type === 'v128' ? 'f32' : type)),
  );
  return { name: func.name, params: params!, results: results!, locals, body };
}

/**
 * The functions of a module without vectors. What the lanes of a local are is found by going
 * through its function until nothing new is learnt. `select` and `drop` are of scalars.
 */
export const scalarize = (functions: readonly Func[]): Func[] =>
  functions.map((func) => {
    const layouts = func.params.map((type): Layout | undefined =>
      type === 'v128' ? { kind: 'f32', same: [0, 0, 0, 0] } : undefined,
    );
    const types = [...func.params, ...func.locals];
    for (;;) {
      const pass: Pass = {
        ...{ func, types, functions, layouts, out: [], stack: [], heights: [], scratch: [] },
        ...{ busy: [], changed: false },
      };
      eachInstruction(func.body, (instruction) => step(pass, instruction));
      leave(pass);
      if (!pass.changed) return finished(pass, scratchFrom(pass));
    }
  });
