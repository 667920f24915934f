// Instructions over lanes against the engine's own over vectors: each alone, on random bits and on
// the ends of every format, and random functions of many.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeModule } from '../src/backends/wasm/binary.ts';
import {
  $,
  type Code,
  type Func,
  floats,
  get,
  instructions,
  int,
  type OpName,
  set,
  shuffle,
  words,
} from '../src/backends/wasm/code.ts';
import { rows } from '../src/backends/wasm/lowering.ts';
import { scalarize } from '../src/backends/wasm/scalarize.ts';
import { mulberry } from './support/nests.ts';
import { readModule } from './support/opcodes.ts';

type VectorOp = keyof typeof rows;

/** Memory: operands, 16 bytes each; what instructions over memory read and write; the result. */
const SCALAR = 48;
const OTHER = 64;
const RESULT = 96;
const WORDS = 32;

const operand = (i: number): Code => $('v128.load', 0, int(16 * i));
const number: Code = $('i32.load', 0, int(SCALAR));
const result = (value: Code): Code => $('v128.store', 0, int(RESULT), value);

/** The same function with vectors, and without; each fills memory and gives what it leaves. */
function both(functions: readonly Func[]) {
  const [plain, lowered] = [functions, scalarize(functions)].map((list) => {
    const bytes = encodeModule(list, { go: list.length - 1 });
    const memory = new WebAssembly.Memory({ initial: 1 });
    const module = new WebAssembly.Module(bytes);
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const view = new Uint32Array(memory.buffer, 0, WORDS);
    const run = (bits: readonly number[]): Uint32Array => {
      view.fill(0xdeadbeef);
      view.set(bits);
      (exports['go'] as () => void)();
      return view.slice();
    };
    return { run, ...readModule(bytes) };
  });
  expect(plain!.opcodes).toContain(0xfd);
  expect(lowered!.opcodes).not.toContain(0xfd);
  expect(lowered!.types).not.toContain(0x7b);
  return [plain!.run, lowered!.run] as const;
}

const func = (body: Code, change: Partial<Func> = {}): Func => ({
  ...{ name: 'go', params: [], results: [], locals: [], body },
  ...change,
});

/** Zeros, ones, halves, the ends of formats, infinities and NaNs of both signs and formats. */
const SPECIAL = [
  ...[0, 1, 0x7f, 0xff, 0x7fffffff, 0x00800000, 0x007fffff, 0x7f7fffff, 0x7f800000, 0x7fc00000],
  ...[0x7fa12345, 0x3f800000, 0x3f000000, 0x3fc00000, 0x40200000, 0x4b000001, 0x4effffff],
  ...[0x4f000000, 0x4f800000, 0x7ff00000, 0x7ff80000, 0x7fefffff, 0x3ff00000, 0x41dfffff],
  ...[0x41e00000, 0x41dfffff, 0xffc00000, 0x3fe00000, 0x00100000, 0x000fffff],
].flatMap((bits) => [bits, (bits | 0x80000000) >>> 0]);

/** Words of operands: special ones in half of the places. */
function bitsFrom(random: () => number): number[] {
  const word = (): number => Math.floor(2 ** 32 * random());
  const special = (): number => SPECIAL[Math.floor(SPECIAL.length * random())]!;
  return Array.from({ length: 24 }, () => (random() < 0.5 ? special() : word()));
}

/** NaNs of one format become one: which of them an operation leaves is the engine's choice. */
function settled(bits: Uint32Array, format: string): Uint32Array {
  const view = format === 'f64x2' ? new Float64Array(bits.buffer) : new Float32Array(bits.buffer);
  for (const [i, x] of view.entries()) {
    if (/^f/.test(format) && Number.isNaN(x)) view[i] = Number.NaN;
  }
  return bits;
}

/** Ways to write an instruction over the operands in memory. */
function forms(name: VectorOp): Code[] {
  const [a, b, c] = [operand(0), operand(1), operand(2)];
  const lanes = [0, 1, 2, 3];
  const other = int(OTHER);
  switch (name) {
    case 'v128.const':
      return [result($(name, 0x7fa12345, 0x80000000, 1, 0xffffffff))];
    case 'v128.load':
    case 'v128.load32_splat':
      return [result($(name, 4, other))];
    case 'v128.store':
      return [$(name, 4, other, a)];
    case 'v128.load32_lane':
      return lanes.map((l) => result($(name, 4, l, other, a)));
    case 'v128.store32_lane':
      return lanes.map((l) => $(name, 4, l, other, a));
    case 'i8x16.shuffle': {
      const random = mulberry(9);
      const pick = () => Math.floor(8 * random());
      const some = Array.from({ length: 20 }, () => [pick(), pick(), pick(), pick()]);
      return [[2, 3, 0, 1], [0, 1, 4, 5], ...some].map((of) => result(shuffle(a, b, ...of)));
    }
    case 'i32x4.splat':
      return [result($(name, number))];
    case 'f32x4.splat':
      return [result($(name, $('f32.convert_i32_s', number)))];
    case 'i32x4.replace_lane':
      return lanes.map((l) => result($(name, l, a, number)));
    case 'i32x4.shl':
    case 'i32x4.shr_s':
      return [result($(name, a, number)), result($(name, a, int(7)))];
    case 'v128.any_true':
      return [$('i32.store', 0, int(RESULT), $(name, a)), result($('i32x4.splat', $(name, a)))];
    case 'v128.bitselect':
      return [result($(name, a, b, c))];
    default: {
      const one = /abs|neg|sqrt|floor|nearest|demote|promote|convert|trunc/.test(name);
      return [result(one ? $(name, a) : $(name, a, b))];
    }
  }
}

test('all instructions over vectors have their row, but relaxed ones', () => {
  const vectors = (Object.keys(instructions) as OpName[]).filter(
    (name) => instructions[name].prefix === 0xfd && !name.includes('relaxed'),
  );
  expect(new Set(Object.keys(rows))).toEqual(new Set(vectors));
});

test.each(Object.keys(rows) as VectorOp[])('%s', (name) => {
  const random = mulberry(name.length);
  const format = name.slice(0, name.indexOf('.'));
  const zeros = Array<number>(24).fill(0);
  for (const body of forms(name)) {
    const [wide, lanes] = both([func(body)]);
    for (let i = 0; i < 150; i++) {
      const bits = i === 0 ? zeros : bitsFrom(random);
      expect(settled(lanes(bits), format), `${bits}`).toEqual(settled(wide(bits), format));
    }
  }
});

// Six vectors that hold words and floats, and two of doubles.
const VECTORS = 6;
const DOUBLES = 2;
const INDEX = VECTORS + DOUBLES;

/** Without NaNs, whose bits an engine may choose, and in a range that stays finite for a while. */
const tame = (x: Code): Code =>
  $('f32x4.pmin', $('f32x4.pmax', $('v128.and', x, $('f32x4.eq', x, x)), floats(-9)), floats(9));

const pick = (n: number) => fc.nat({ max: n - 1 });
const lanes = fc.array(pick(8), { minLength: 4, maxLength: 4 });
const local = pick(VECTORS).map((i): Code => get(i));
const double = pick(DOUBLES).map((i): Code => get(VECTORS + i));

/** Random expressions: floats and words in turns, sets inside, calls, doubles seen as words. */
const { vector } = fc.letrec<{ vector: Code }>((tie) => {
  const v = tie('vector') as fc.Arbitrary<Code>;
  const floatsOf = fc
    .tuple(fc.constantFrom('add', 'sub', 'mul', 'min', 'max', 'pmin', 'pmax'), v, v)
    .map(([op, a, b]) => tame($(`f32x4.${op}` as OpName, tame(a), tame(b))));
  const wordsOf = fc
    .tuple(fc.constantFrom('i32x4.add', 'i32x4.sub', 'i32x4.eq', 'v128.xor', 'v128.andnot'), v, v)
    .map(([op, a, b]) => $(op as OpName, a, b));
  const ones = fc
    .tuple(fc.constantFrom('f32x4.neg', 'f32x4.abs', 'f32x4.floor'), v)
    .map(([op, a]) => $(op as OpName, tame(a)));
  const narrowed = double.map((d) => tame($('f32x4.demote_f64x2_zero', d)));
  return {
    vector: fc.oneof(
      { maxDepth: 4 },
      local,
      pick(5).map((n) => (n < 3 ? floats(n) : words(n - 8))),
      double,
      narrowed,
      floatsOf,
      wordsOf,
      ones,
      fc.tuple(v, pick(VECTORS)).map(([a, i]): Code => $('local.tee', i, a)),
      fc.tuple(v, v, lanes).map(([a, b, of]) => shuffle(a, b, ...of)),
      fc.tuple(v, v, v).map(([a, b, c]) => $('v128.bitselect', a, b, c)),
      fc.tuple(v, pick(4)).map(([a, l]) => $('i32x4.replace_lane', l, a, get(INDEX))),
      v.map((a) => $('call', 0, tame(a))),
      fc.constant($('i32x4.splat', get(INDEX))),
      v.map((a) => $('i32x4.shr_s', a, get(INDEX))),
    ),
  };
});

const toDouble = (i: number, a: Code): Code =>
  set(VECTORS + i, $('f64x2.sub', get(VECTORS + i), $('f64x2.promote_low_f32x4', tame(a))));

/** Random statements, in loops and branches. */
const { code } = fc.letrec<{ code: Code }>((tie) => {
  const inner = tie('code') as fc.Arbitrary<Code>;
  const simple = fc.oneof(
    fc.tuple(pick(VECTORS), vector).map(([i, a]) => set(i, a)),
    fc.tuple(pick(DOUBLES), vector).map(([i, a]) => toDouble(i, a)),
    fc.tuple(pick(VECTORS), lanes).map(([i, of]) => set(i, shuffle(get(i), get(i), ...of))),
    fc.tuple(pick(DOUBLES), pick(DOUBLES)).map(([i, j]) => set(VECTORS + i, get(VECTORS + j))),
  );
  const branch = fc
    .tuple(vector, inner, inner)
    .map(([a, x, y]): Code => [$('if', $('v128.any_true', a)), x, $('else'), y, $('end')]);
  // What waits on the stack below a branch, while locals change inside of it.
  const below = fc
    .tuple(pick(VECTORS), vector, inner)
    .map(([i, a, x]): Code => [a, $('if', get(INDEX)), x, $('end'), ['local.set', i]]);
  const statement = fc.oneof({ maxDepth: 2 }, simple, simple, branch, below);
  return { code: fc.array(statement, { minLength: 1, maxLength: 5 }) as fc.Arbitrary<Code> };
});

describe('many instructions', () => {
  const twice = func(tame($('f32x4.add', get(0), get(0))), {
    ...{ name: 'twice', params: ['v128'], results: ['v128'] },
  });
  const types = { locals: [...Array<'v128'>(INDEX).fill('v128'), 'i32' as const] };
  const again = $('local.tee', INDEX, $('i32.add', get(INDEX), int(1)));
  const around = (inner: Code): Func =>
    func(
      [
        ...[0, 1, 2].map((i) => set(i, operand(i))),
        ...[$('loop'), inner, $('br_if', 0, $('i32.lt_s', again, int(3))), $('end')],
        ...Array.from({ length: INDEX }, (_, i) => $('v128.store', 16 * i, int(0), get(i))),
      ],
      types,
    );

  test('200 random functions (seed 7) leave the same bits', () => {
    const property = fc.property(code, fc.nat(), (inner, seed) => {
      const [wide, lanes] = both([twice, around(inner)]);
      const bits = bitsFrom(mulberry(seed));
      expect(lanes(bits)).toEqual(wide(bits));
    });
    fc.assert(property, { numRuns: 200, seed: 7 });
  });

  test('a function that changes a parameter lane by lane is a bug', () => {
    const mixed = set(0, $('i32x4.replace_lane', 1, get(0), int(1)));
    const wrong = func([mixed, get(0)], { params: ['v128'], results: ['v128'] });
    expect(() => scalarize([wrong])).toThrow('go is no function of each lane');
  });
});
