// What each instruction over vectors is over lanes: a table.
import { $, type Code, type Instruction, int, type OpName } from './code.ts';
import {
  computed,
  emit,
  isConst,
  isSame,
  type Kind,
  keep,
  laneOf,
  type Make,
  type Pass,
  scalar,
} from './lanes.ts';

/** How an instruction changes the stack, and what it writes. */
export type Row = (pass: Pass, instruction: Instruction) => void;

/** Lane by lane. */
export const each =
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

export const ZERO: Instruction = ['i32.const', 0];
export const LANES = [0, 1, 2, 3];

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
    each(1, 'i32', 'i32', (a) => $(op, a!, [by]))(pass, [op]);
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
function shuffle(pass: Pass, [, ...words]: Instruction): void {
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
  'v128.load': (pass, [, offset]) => {
    const at = scalar(pass, 'i32');
    pass.stack.push({ kind: 'f32', lanes: LANES.map((l) => load(pass, offset! + 4 * l, at)) });
  },
  'v128.load32_splat': (pass, [, offset]) => {
    const lane = load(pass, offset!, scalar(pass, 'i32'));
    pass.stack.push({ kind: 'f32', lanes: LANES.map(() => lane) });
  },
  'v128.load32_lane': (pass, [, offset, l]) => {
    const lanes = taken(pass, 'f32');
    const lane = load(pass, offset!, scalar(pass, 'i32'));
    pass.stack.push({ kind: 'f32', lanes: replaced(lanes, l!, lane) });
  },
  'v128.store': (pass, [, offset]) => store(pass, offset!, LANES),
  'v128.store32_lane': (pass, [, offset, l]) => store(pass, offset!, [l!]),
  'v128.const': ({ stack }, [, ...words]) =>
    stack.push({ lanes: words.map((word) => ['i32.const', word | 0] as const) }),
  'i8x16.shuffle': shuffle,
  'i32x4.splat': splat('i32'),
  'f32x4.splat': splat('f32'),
  'i32x4.replace_lane': (pass, [, l]) => {
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
