// WebAssembly instructions as data: their codes, how they are put together, and how they read.
// It knows the instruction set, and nothing of nests.

/** Bytes of a number in memory. */
export const BYTES = 4;
/** Numbers in a vector. */
export const WIDTH = 4;
/** Floats of a line of the cache. */
export const LINE = 16;

/** What follows an opcode: LEB128 numbers, a memory address, lanes, or the bits of floats. */
export type Immediate =
  | 'none'
  | 'unsigned'
  | 'signed'
  | 'block'
  | 'memory'
  | 'lane'
  | 'bits'
  | 'lanes';

const op = (code: number, ...immediates: Immediate[]) => ({ prefix: 0, code, immediates });
const simd = (code: number, ...immediates: Immediate[]) => ({ prefix: 0xfd, code, immediates });
const saturating = (code: number) => ({ prefix: 0xfc, code, immediates: [] });
const atomic = (code: number) => ({ prefix: 0xfe, code, immediates: ['memory'] as const });

/** The instructions that kernels are made of. Without a prefix the code is one byte. */
export const instructions = {
  unreachable: op(0x00),
  block: op(0x02, 'block'),
  loop: op(0x03, 'block'),
  if: op(0x04, 'block'),
  else: op(0x05),
  end: op(0x0b),
  br: op(0x0c, 'unsigned'),
  br_if: op(0x0d, 'unsigned'),
  return: op(0x0f),
  call: op(0x10, 'unsigned'),
  drop: op(0x1a),
  'local.get': op(0x20, 'unsigned'),
  'local.set': op(0x21, 'unsigned'),
  'local.tee': op(0x22, 'unsigned'),
  'i32.load': op(0x28, 'memory'),
  'f32.load': op(0x2a, 'memory'),
  'i32.store': op(0x36, 'memory'),
  'f32.store': op(0x38, 'memory'),
  'i32.const': op(0x41, 'signed'),
  'i64.const': op(0x42, 'signed'),
  'f32.const': op(0x43, 'bits'),
  'f64.const': op(0x44, 'bits'),
  'i32.eqz': op(0x45),
  'i32.eq': op(0x46),
  'i32.ne': op(0x47),
  'i32.lt_s': op(0x48),
  'i32.lt_u': op(0x49),
  'i32.gt_s': op(0x4a),
  'i32.add': op(0x6a),
  'i32.sub': op(0x6b),
  'i32.mul': op(0x6c),
  'i32.div_s': op(0x6d),
  'i32.rem_s': op(0x6f),
  'i32.and': op(0x71),
  'i32.or': op(0x72),
  'i32.xor': op(0x73),
  'i32.shl': op(0x74),
  'i32.shr_s': op(0x75),
  'i64.or': op(0x84),
  'i64.shl': op(0x86),
  'i64.shr_u': op(0x88),
  'f32.eq': op(0x5b),
  'f32.ne': op(0x5c),
  'f32.lt': op(0x5d),
  'f32.gt': op(0x5e),
  'f32.le': op(0x5f),
  'f32.abs': op(0x8b),
  'f32.neg': op(0x8c),
  'f32.floor': op(0x8e),
  'f32.nearest': op(0x90),
  'f32.sqrt': op(0x91),
  'f32.add': op(0x92),
  'f32.sub': op(0x93),
  'f32.mul': op(0x94),
  'f32.div': op(0x95),
  'f32.min': op(0x96),
  'f32.max': op(0x97),
  'f64.nearest': op(0x9e),
  'f64.sqrt': op(0x9f),
  'f64.add': op(0xa0),
  'f64.sub': op(0xa1),
  'f64.mul': op(0xa2),
  select: op(0x1b),
  'i32.wrap_i64': op(0xa7),
  'i64.extend_i32_u': op(0xad),
  'f32.convert_i32_s': op(0xb2),
  'f32.demote_f64': op(0xb6),
  'f64.promote_f32': op(0xbb),
  'i32.reinterpret_f32': op(0xbc),
  'i64.reinterpret_f64': op(0xbd),
  'f32.reinterpret_i32': op(0xbe),
  'f64.reinterpret_i64': op(0xbf),
  'i32.trunc_sat_f32_s': saturating(0),
  'i32.trunc_sat_f64_s': saturating(2),
  'v128.load': simd(0, 'memory'),
  'v128.load32_splat': simd(9, 'memory'),
  'v128.store': simd(11, 'memory'),
  'v128.const': simd(12, 'bits'),
  'i8x16.shuffle': simd(13, 'lanes'),
  'i32x4.splat': simd(17),
  'f32x4.splat': simd(19),
  'i32x4.replace_lane': simd(28, 'lane'),
  'i32x4.eq': simd(55),
  'f32x4.eq': simd(65),
  'f32x4.ne': simd(66),
  'f32x4.lt': simd(67),
  'f32x4.gt': simd(68),
  'f32x4.le': simd(69),
  'v128.and': simd(78),
  'v128.andnot': simd(79),
  'v128.or': simd(80),
  'v128.xor': simd(81),
  'v128.bitselect': simd(82),
  'v128.any_true': simd(83),
  'v128.load32_lane': simd(86, 'memory', 'lane'),
  'v128.store32_lane': simd(90, 'memory', 'lane'),
  'f32x4.demote_f64x2_zero': simd(94),
  'f64x2.promote_low_f32x4': simd(95),
  'f32x4.floor': simd(104),
  'f32x4.nearest': simd(106),
  'f64x2.nearest': simd(148),
  'i32x4.shl': simd(171),
  'i32x4.shr_s': simd(172),
  'i32x4.add': simd(174),
  'i32x4.sub': simd(177),
  'f32x4.abs': simd(224),
  'f32x4.neg': simd(225),
  'f32x4.sqrt': simd(227),
  'f32x4.add': simd(228),
  'f32x4.sub': simd(229),
  'f32x4.mul': simd(230),
  'f32x4.div': simd(231),
  'f32x4.min': simd(232),
  'f32x4.max': simd(233),
  'f32x4.pmin': simd(234),
  'f32x4.pmax': simd(235),
  'f64x2.sqrt': simd(239),
  'f64x2.add': simd(240),
  'f64x2.sub': simd(241),
  'f64x2.mul': simd(242),
  'i32x4.trunc_sat_f32x4_s': simd(248),
  'f32x4.convert_i32x4_s': simd(250),
  'i32x4.trunc_sat_f64x2_s_zero': simd(252),
  'f32x4.relaxed_madd': simd(261),
  'f32x4.relaxed_nmadd': simd(262),
  'memory.atomic.notify': atomic(0x00),
  'memory.atomic.wait32': atomic(0x01),
  'i32.atomic.load': atomic(0x10),
  'i32.atomic.store': atomic(0x17),
  'i32.atomic.rmw.add': atomic(0x1e),
  'i32.atomic.rmw.cmpxchg': atomic(0x48),
} as const satisfies Record<string, Encoding>;

/** Two bytes with a prefix, one without, and what follows. */
interface Encoding {
  readonly prefix: number;
  readonly code: number;
  readonly immediates: readonly Immediate[];
}

export type OpName = keyof typeof instructions;
/** One instruction with its immediate numbers; floats and vectors are unsigned words. */
export type Instruction = readonly [op: OpName, ...immediates: number[]];
/**
 * Instructions in order, nested as they were put together: nothing is copied on the way. One may
 * have the code that computes its operands behind its immediates.
 */
export type Code =
  | Instruction
  | readonly [op: OpName, ...parts: (number | Code)[]]
  | readonly Code[];
/**
 * Which instructions a module may use: no vectors with `scalar`. With `relaxed` a product and a
 * sum are rounded once, or twice, as the processor has it; all of them in the same way.
 */
export type Simd = 'scalar' | 'simd' | 'relaxed';

/** The type of a local, a parameter or a result. */
export type Type = 'i32' | 'f32' | 'f64' | 'v128';
/** The number of a local variable. */
export type Local = number;

/** One instruction: its immediates, then code that computes its operands, which comes last. */
export const $ = (...instruction: readonly [op: OpName, ...parts: (number | Code)[]]): Code =>
  instruction;

/** Calls `visit` with every instruction, in order. */
export function eachInstruction(code: Code, visit: (instruction: Instruction) => void): void {
  for (const part of code) if (typeof part === 'object') eachInstruction(part, visit);
  const isPlain = (part: unknown) => typeof part !== 'object';
  if (typeof code[0] === 'string') visit(code.filter(isPlain) as unknown as Instruction);
}

const gets: Code[] = [];

/** Every third instruction is one: all functions share the list of each local. */
export const get = (local: Local): Code => (gets[local] ??= ['local.get', local]);
export const set = (local: Local, value: Code): Code => ['local.set', local, value];
export const int = (value: number): Code => ['i32.const', value];

/** `a + value`, or just `a`. */
export const plus = (a: Code, value: number): Code =>
  value === 0 ? a : $('i32.add', a, int(value));

/** Where the last whole vector of the numbers from `from` to `to` ends. */
export const endOfVectors = (from: Local, to: Local): Code => endOfSteps(from, to, WIDTH);
/** The same for any number of turns. */
export const endOfSteps = (from: Local, to: Local, step: number): Code =>
  $('i32.sub', get(to), $('i32.rem_s', $('i32.sub', get(to), get(from)), int(step)));

export const when = (condition: Code, ...then: Code[]): Code => [
  $('if', condition),
  then,
  $('end'),
];

/** a b + c in four lanes. */
export const multiplyAdd = (simd: Simd, a: Code, b: Code, c: Code): Code =>
  simd === 'relaxed' ? $('f32x4.relaxed_madd', a, b, c) : $('f32x4.add', c, $('f32x4.mul', a, b));

/** Four times a float. */
export function floats(value: number): Code {
  if (Object.is(value, 0)) return ['v128.const', 0, 0, 0, 0];
  return words(new Uint32Array(Float32Array.of(value).buffer)[0]!);
}

/** Four different floats. */
export const floatsOf = (...values: number[]): Code => [
  'v128.const',
  ...new Uint32Array(Float32Array.from(values).buffer),
];

/** Twice a double. */
export function doubles(value: number): Code {
  const [low, high] = new Uint32Array(Float64Array.of(value).buffer);
  return ['v128.const', low!, high!, low!, high!];
}

/** Four times a whole number of 32 bits. */
export const words = (bits: number): Code => [
  'v128.const',
  ...[bits >>> 0, bits >>> 0, bits >>> 0, bits >>> 0],
];

/** Lanes of `a` (0 to 3) and of `b` (4 to 7), in any order. */
export const shuffle = (a: Code, b: Code, ...lanes: number[]): Code =>
  $('i8x16.shuffle', ...lanes, a, b);

/** A function: code over parameters and locals. */
export interface Func {
  readonly name: string;
  readonly params: readonly Type[];
  readonly results: readonly Type[];
  readonly locals: readonly Type[];
  readonly body: Code;
}

/** Gives out the locals of one function. */
export interface Frame {
  readonly params: readonly Type[];
  readonly locals: Type[];
}

export const createFrame = (...params: Type[]): Frame => ({ params, locals: [] });

export const local = ({ params, locals }: Frame, type: Type): Local =>
  params.length + locals.push(type) - 1;

/** The function of a frame. */
export const funcOf = (name: string, frame: Frame, body: Code, ...results: Type[]): Func => ({
  ...{ name, params: frame.params, results, locals: frame.locals, body },
});

/** The function as text, one instruction a line, as WebAssembly's text format writes it. */
export function show({ name, params, results, locals, body }: Func): string {
  const list = (word: string, types: readonly Type[]) =>
    types.length === 0 ? '' : ` (${word} ${types.join(' ')})`;
  const lines = [`(func $${name}${list('param', params)}${list('result', results)}`];
  if (locals.length > 0) lines.push(` ${list('local', locals)}`);
  let depth = 1;
  eachInstruction(body, ([word, ...immediates]) => {
    if (word === 'end' || word === 'else') depth--;
    lines.push(`${'  '.repeat(depth)}${[word, ...shown(word, immediates)].join(' ')}`);
    if (['block', 'loop', 'if', 'else'].includes(word)) depth++;
  });
  return [...lines, ')'].join('\n');
}

/** Functions of a module, one behind the other, and those from `own` on that they call. */
export function showAll(all: readonly Func[], own: number, first: number, last: number): string {
  const functions = new Set(all.slice(first, last + 1));
  for (const { body } of functions) {
    eachInstruction(body, ([name, at]) => {
      if (name === 'call' && at! >= own) functions.add(all[at!]!);
    });
  }
  return [...functions].map(show).join('\n');
}

function shown(word: OpName, immediates: readonly number[]): (string | number)[] {
  if (word === 'v128.const') {
    return ['i32x4', ...immediates.map((w) => `0x${w.toString(16).padStart(8, '0')}`)];
  }
  const [first, ...rest] = instructions[word].immediates as readonly Immediate[];
  if (first === 'lanes')
    return immediates.flatMap((lane) => [0, 1, 2, 3].map((b) => 4 * lane + b));
  if (first !== 'memory') return [...immediates];
  const [offset, ...lane] = immediates;
  return [...(offset ? [`offset=${offset}`] : []), ...(rest.length > 0 ? lane : [])];
}
