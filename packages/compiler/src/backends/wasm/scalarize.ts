// Functions without vectors, for engines that have none: each vector becomes its lanes, in locals
// of their own. The operations and their order stay, so that results are the same to the bit.
import {
  $,
  type Code,
  eachInstruction,
  type Func,
  type Instruction,
  instructions,
  int,
  type Local,
  type OpName,
  type Type,
} from './code.ts';

/** What the lanes of a vector are at the moment: four words, four floats, or two doubles. */
type Kind = 'i32' | 'f32' | 'f64';
const countOf = (kind: Kind): number => (kind === 'f64' ? 2 : 4);

/** A vector on the stack: nothing is there, its lanes wait in locals or are constants. */
interface Vector {
  /** Undefined where it does not matter: constants, given as words. */
  readonly kind?: Kind | undefined;
  readonly lanes: readonly Instruction[];
}

/** What a local vector became: for each lane, the first one that always has the same value. */
interface Layout {
  readonly kind?: Kind | undefined;
  readonly same: readonly number[];
}

/** Once through a function. Lane l of its local i is 4 i + l, and scratch locals come behind. */
interface Pass {
  readonly func: Func;
  readonly functions: readonly Func[];
  readonly layouts: (Layout | undefined)[];
  readonly out: Instruction[];
  readonly stack: Vector[];
  /** Vectors on the stack where the blocks around began. */
  readonly heights: number[];
  readonly scratch: Kind[];
  /** Locals that hold what is still on the stack. */
  busy: Set<Local>;
  changed: boolean;
}

const emit = ({ out }: Pass, code: Code): void => eachInstruction(code, (i) => out.push(i));
const isGet = ([name]: Instruction): boolean => name === 'local.get';
const scratchFrom = ({ func }: Pass): Local => 4 * (func.params.length + func.locals.length);

/** Puts what `code` leaves into a scratch local. */
function keep(pass: Pass, kind: Kind, code: Code): Instruction {
  const { scratch, busy } = pass;
  const from = scratchFrom(pass);
  let at = scratch.findIndex((is, i) => is === kind && !busy.has(from + i));
  if (at < 0) at = scratch.push(kind) - 1;
  busy.add(from + at);
  emit(pass, [code, ['local.set', from + at]]);
  return ['local.get', from + at];
}

/** The number on top of the stack, where it can be read more than once. */
function scalar(pass: Pass, kind: Kind): Instruction {
  const last = pass.out.at(-1);
  if (!last || !(isGet(last) || last[0] === 'i32.const')) return keep(pass, kind, []);
  pass.out.pop();
  return last;
}

const isConst = ([name]: Instruction): boolean => name === 'i32.const';
const bits = (lane: Instruction): number => (lane[1] as number) >>> 0;

/** The bits of lane `at` of what would have lanes of a kind. */
function laneOf({ kind = 'i32', lanes }: Vector, at: number, wanted: Kind): Code {
  const lane = lanes[kind === 'f64' ? at >> 1 : at]!;
  if (wanted === 'f64') {
    if (kind === 'f64') return [lanes[at]!];
    const [low, high] = [lanes[2 * at]!, lanes[2 * at + 1]!];
    if (isConst(low) && isConst(high)) return [['f64.const', bits(low), bits(high)]];
    const [l, h] = [0, 1].map((i) =>
      $('i64.extend_i32_u', laneOf({ kind, lanes }, 2 * at + i, 'i32')),
    );
    return $('f64.reinterpret_i64', $('i64.or', l!, $('i64.shl', h!, $('i64.const', 32))));
  }
  if (kind === 'f64') {
    const both = $('i64.reinterpret_f64', [lane]);
    const word = $('i32.wrap_i64', at % 2 ? $('i64.shr_u', both, $('i64.const', 32)) : both);
    return wanted === 'i32' ? word : $('f32.reinterpret_i32', word);
  }
  if (wanted === 'f32' && isConst(lane)) return [['f32.const', bits(lane)]];
  if (wanted === kind || isConst(lane)) return [lane];
  return wanted === 'i32' ? $('i32.reinterpret_f32', [lane]) : $('f32.reinterpret_i32', [lane]);
}

/** Are two of so many lanes the same, whatever their values? */
function isSame({ lanes }: Vector, a: number, b: number, count: number): boolean {
  const size = lanes.length / count;
  if (size < 1) return a === b;
  for (let i = 0; i < size; i++) {
    const [x, y] = [lanes[size * a + i]!, lanes[size * b + i]!];
    if (x[0] !== y[0] || x[1] !== y[1]) return false;
  }
  return true;
}

type Make = (...lanes: Code[]) => Code;

/** Takes vectors off the stack, and computes the first lanes of a new one; equal ones once. */
function computed(
  pass: Pass,
  [arity, from, to]: readonly [number, Kind, Kind],
  make: Make,
  count = countOf(from),
): Instruction[] {
  const operands = pass.stack.splice(pass.stack.length - arity);
  const lanes: Instruction[] = [];
  for (let l = 0; l < count; l++) {
    const twin = lanes.findIndex((_, k) => operands.every((v) => isSame(v, l, k, countOf(from))));
    const value = () => make(...operands.map((v) => laneOf(v, l, from)));
    lanes.push(lanes[twin] ?? keep(pass, to, value()));
  }
  return lanes;
}

/** How an instruction changes the stack, and what it writes. */
type Row = (pass: Pass, immediates: readonly number[]) => void;

/** Lane by lane. */
const each =
  (arity: number, from: Kind, to: Kind, make: Make): Row =>
  (pass) =>
    pass.stack.push({ kind: to, lanes: computed(pass, [arity, from, to], make) });
const one = (kind: Kind, op: OpName, to = kind): Row => each(1, kind, to, (a) => $(op, a!));
const two = (kind: Kind, op: OpName): Row => each(2, kind, kind, (a, b) => $(op, a!, b!));
/** All bits of a lane, or none. */
const compare = (kind: Kind, op: OpName): Row =>
  each(2, kind, 'i32', (a, b) => $('i32.sub', int(0), $(op, a!, b!)));
const choose = (test: (a: Code, b: Code) => Code): Row =>
  each(2, 'f32', 'f32', (a, b) => $('select', b!, a!, test(a!, b!)));

const ZERO: Instruction = ['i32.const', 0];
const LANES = [0, 1, 2, 3];

/** Two lanes of floats or words from two doubles, and zeros. */
const narrow =
  (kind: Kind, op: OpName): Row =>
  (pass) => {
    const lanes = computed(pass, [1, 'f64', kind], (a) => $(op, a!));
    pass.stack.push({ kind, lanes: [...lanes, ZERO, ZERO] });
  };

const shift =
  (op: OpName): Row =>
  (pass) => {
    const by = scalar(pass, 'i32');
    each(1, 'i32', 'i32', (a) => $(op, a!, [by]))(pass, []);
  };

const splat =
  (kind: Kind): Row =>
  (pass) => {
    const lane = scalar(pass, kind);
    pass.stack.push({ kind, lanes: LANES.map(() => lane) });
  };

/** Takes a vector off the stack, as lanes of a kind. */
function taken(pass: Pass, wanted: Kind): readonly Instruction[] {
  const { kind = 'i32', lanes } = pass.stack.at(-1)!;
  const fits = kind === wanted || (wanted === 'f32' && lanes.every(isConst));
  if (!fits) return computed(pass, [1, wanted, wanted], (a) => a!);
  pass.stack.pop();
  return lanes;
}

const replaced = (lanes: readonly Instruction[], at: number, lane: Instruction) =>
  lanes.map((old, l) => (l === at ? lane : old));

const load = (pass: Pass, offset: number, at: Instruction): Instruction =>
  keep(pass, 'f32', $('f32.load', offset, [at]));

function store(pass: Pass, offset: number, lanes: readonly number[]): void {
  const vector = pass.stack.pop()!;
  const at = scalar(pass, 'i32');
  const kind = vector.kind === 'f32' ? 'f32' : 'i32';
  for (const [i, l] of lanes.entries()) {
    emit(pass, $(`${kind}.store`, offset + 4 * i, [at], laneOf(vector, l, kind)));
  }
}

/** Words of two vectors, or doubles where they stay whole: nothing is computed. */
function shuffle(pass: Pass, bytes: readonly number[]): void {
  const words = LANES.map((l) => bytes[4 * l]! / 4);
  const kinds = pass.stack.slice(-2).map((v) => v.kind);
  const isWhole = [0, 2].every((l) => words[l]! % 2 === 0 && words[l + 1] === words[l]! + 1);
  const doubles = isWhole && kinds.includes('f64');
  const kind = doubles ? 'f64' : kinds.includes('f32') ? 'f32' : 'i32';
  const second = taken(pass, kind);
  const both = [...taken(pass, kind), ...second];
  const picks = doubles ? [words[0]! / 2, words[2]! / 2] : words;
  pass.stack.push({ kind, lanes: picks.map((at) => both[at]!) });
}

function anyTrue(pass: Pass): void {
  const vector = pass.stack.pop()!;
  const words = LANES.filter((l) => LANES.findIndex((k) => isSame(vector, l, k, 4)) === l);
  const all = words.map((l) => laneOf(vector, l, 'i32')).reduce((a, b) => $('i32.or', a, b));
  emit(pass, $('i32.ne', all, int(0)));
}

type VectorOp = Exclude<
  Extract<OpName, `${'v128' | 'i8x16' | 'i32x4' | 'f32x4' | 'f64x2'}.${string}`>,
  `${string}relaxed${string}`
>;

/** What is written for each instruction over vectors. */
export const rows: Readonly<Record<VectorOp, Row>> = {
  'v128.load': (pass, [offset]) => {
    const at = scalar(pass, 'i32');
    pass.stack.push({ kind: 'f32', lanes: LANES.map((l) => load(pass, offset! + 4 * l, at)) });
  },
  'v128.load32_splat': (pass, [offset]) => {
    const lane = load(pass, offset!, scalar(pass, 'i32'));
    pass.stack.push({ kind: 'f32', lanes: LANES.map(() => lane) });
  },
  'v128.load32_lane': (pass, [offset, l]) => {
    const lanes = taken(pass, 'f32');
    const lane = load(pass, offset!, scalar(pass, 'i32'));
    pass.stack.push({ kind: 'f32', lanes: replaced(lanes, l!, lane) });
  },
  'v128.store': (pass, [offset]) => store(pass, offset!, LANES),
  'v128.store32_lane': (pass, [offset, l]) => store(pass, offset!, [l!]),
  'v128.const': ({ stack }, words) =>
    stack.push({ lanes: words.map((word) => ['i32.const', word | 0] as const) }),
  'i8x16.shuffle': shuffle,
  'i32x4.splat': splat('i32'),
  'f32x4.splat': splat('f32'),
  'i32x4.replace_lane': (pass, [l]) => {
    const lane = scalar(pass, 'i32');
    pass.stack.push({ kind: 'i32', lanes: replaced(taken(pass, 'i32'), l!, lane) });
  },
  'i32x4.eq': compare('i32', 'i32.eq'),
  'f32x4.eq': compare('f32', 'f32.eq'),
  'f32x4.ne': compare('f32', 'f32.ne'),
  'f32x4.lt': compare('f32', 'f32.lt'),
  'f32x4.gt': compare('f32', 'f32.gt'),
  'f32x4.le': compare('f32', 'f32.le'),
  'v128.and': two('i32', 'i32.and'),
  'v128.andnot': each(2, 'i32', 'i32', (a, b) => $('i32.and', a!, $('i32.xor', b!, int(-1)))),
  'v128.or': two('i32', 'i32.or'),
  'v128.xor': two('i32', 'i32.xor'),
  'v128.bitselect': each(3, 'i32', 'i32', (a, b, mask) =>
    $('i32.xor', b!, $('i32.and', $('i32.xor', a!, b!), mask!)),
  ),
  'v128.any_true': anyTrue,
  'f32x4.demote_f64x2_zero': narrow('f32', 'f32.demote_f64'),
  'f64x2.promote_low_f32x4': (pass) => {
    const lanes = computed(pass, [1, 'f32', 'f64'], (a) => $('f64.promote_f32', a!), 2);
    pass.stack.push({ kind: 'f64', lanes });
  },
  'f32x4.floor': one('f32', 'f32.floor'),
  'f32x4.nearest': one('f32', 'f32.nearest'),
  'f64x2.nearest': one('f64', 'f64.nearest'),
  'i32x4.shl': shift('i32.shl'),
  'i32x4.shr_s': shift('i32.shr_s'),
  'i32x4.add': two('i32', 'i32.add'),
  'i32x4.sub': two('i32', 'i32.sub'),
  'f32x4.abs': one('f32', 'f32.abs'),
  'f32x4.neg': one('f32', 'f32.neg'),
  'f32x4.sqrt': one('f32', 'f32.sqrt'),
  'f32x4.add': two('f32', 'f32.add'),
  'f32x4.sub': two('f32', 'f32.sub'),
  'f32x4.mul': two('f32', 'f32.mul'),
  'f32x4.div': two('f32', 'f32.div'),
  'f32x4.min': two('f32', 'f32.min'),
  'f32x4.max': two('f32', 'f32.max'),
  'f32x4.pmin': choose((a, b) => $('f32.lt', b, a)),
  'f32x4.pmax': choose((a, b) => $('f32.lt', a, b)),
  'f64x2.sqrt': one('f64', 'f64.sqrt'),
  'f64x2.add': two('f64', 'f64.add'),
  'f64x2.sub': two('f64', 'f64.sub'),
  'f64x2.mul': two('f64', 'f64.mul'),
  'i32x4.trunc_sat_f32x4_s': one('f32', 'i32.trunc_sat_f32_s', 'i32'),
  'f32x4.convert_i32x4_s': one('i32', 'f32.convert_i32_s', 'f32'),
  'i32x4.trunc_sat_f64x2_s_zero': narrow('i32', 'i32.trunc_sat_f64_s'),
};

/** Copies what is on the stack and in one of these locals: they are about to change. */
function detach(pass: Pass, changes: (at: Local) => boolean): void {
  const isHit = (lane: Instruction): boolean => isGet(lane) && changes(lane[1] as Local);
  for (const [i, { kind, lanes }] of pass.stack.entries()) {
    const copied = lanes.map((l) => (isHit(l) ? keep(pass, kind ?? 'i32', [l]) : l));
    if (lanes.some(isHit)) pass.stack[i] = { kind, lanes: copied };
  }
}

const typeOf = ({ params, locals }: Func, at: Local): Type => [...params, ...locals][at]!;

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
    if (at < func.params.length) throw new Error(`${func.name} is no function of each lane`);
    layouts[at] = { kind, same };
    pass.changed = true;
  }
  detach(pass, (id) => id >> 2 === at);
  const own = all.filter((l) => same[l] === l);
  emit(pass, [
    own.map((l) => laneOf(vector, l, kind ?? 'i32')),
    [...own].reverse().map((l): Code => [['local.set', 4 * at + l]]),
  ]);
}

const isVector = (type: Type | undefined): boolean => type === 'v128';

/** A function of vectors is one of lanes, called for each. */
function call(pass: Pass, at: number): void {
  const { params } = pass.functions[at]!;
  if (!isVector(params[0])) pass.out.push(['call', at]);
  else each(params.length, 'f32', 'f32', (...lanes) => $('call', at, ...lanes))(pass, []);
}

function leave(pass: Pass): void {
  if (isVector(pass.func.results[0])) emit(pass, laneOf(pass.stack.pop()!, 0, 'f32'));
}

/** Instructions that may have to do with vectors and are not only about them. */
const others: Partial<Record<OpName, Row>> = {
  'local.get': (pass, [at]) => {
    if (isVector(typeOf(pass.func, at!))) getLocal(pass, at!);
    else pass.out.push(['local.get', 4 * at!]);
  },
  'local.set': (pass, [at]) => {
    if (isVector(typeOf(pass.func, at!))) return setLocal(pass, at!);
    detach(pass, (id) => id === 4 * at!);
    pass.out.push(['local.set', 4 * at!]);
  },
  'local.tee': (pass, [at]) => {
    others['local.set']!(pass, [at!]);
    others['local.get']!(pass, [at!]);
  },
  call: (pass, [at]) => call(pass, at!),
  return: (pass) => {
    leave(pass);
    pass.out.push(['return']);
  },
};

function step(pass: Pass, instruction: Instruction): void {
  const [name, ...immediates] = instruction;
  const { stack, heights, out } = pass;
  pass.busy = new Set(stack.flatMap(({ lanes }) => lanes.filter(isGet).map((l) => l[1]!)));
  const row = (rows as Partial<Record<OpName, Row>>)[name] ?? others[name];
  if (row) return row(pass, immediates);
  const opens = instructions[name].immediates[0] === 'block';
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
  const lane = (type: Type): Type => (type === 'v128' ? 'f32' : type);
  return {
    ...{ name: func.name, params: func.params.map(lane), results: func.results.map(lane) },
    ...{ locals, body },
  };
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
    for (;;) {
      const pass: Pass = {
        ...{ func, functions, layouts, out: [], stack: [], heights: [], scratch: [] },
        ...{ busy: new Set(), changed: false },
      };
      eachInstruction(func.body, (instruction) => step(pass, instruction));
      leave(pass);
      if (!pass.changed) return finished(pass, scratchFrom(pass));
    }
  });
