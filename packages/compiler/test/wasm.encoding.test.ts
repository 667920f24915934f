// The encoder: numbers against known bytes, modules against the engine's own validator.
import { describe, expect, test } from 'vitest';
import {
  type Bytes,
  bytesOf,
  encodeCode,
  encodeModule,
  signed,
  unsigned,
} from '../src/backends/wasm/binary.ts';
import {
  $,
  type Code,
  createFrame,
  doubles,
  type Func,
  floats,
  get,
  instructions,
  int,
  local,
  type OpName,
  set,
  show,
  shuffle,
} from '../src/backends/wasm/code.ts';
import { whyNoRelaxedSimd } from './support/simd.ts';

const func = (body: Code, change: Partial<Func> = {}): Func => ({
  ...{ name: 'f', params: [], results: [], locals: [], body },
  ...change,
});

const written = (write: (to: Bytes) => void): number[] => [...bytesOf(write)];
const encoded = (code: Code): number[] => written((to) => encodeCode(to, [code]));

describe('LEB128', () => {
  // The examples of the format's own description, and the ends of each length.
  test.each([
    [0, [0]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [624485, [0xe5, 0x8e, 0x26]],
    [2 ** 32 - 1, [0xff, 0xff, 0xff, 0xff, 0x0f]],
  ])('unsigned %d', (value, bytes) => expect(written((to) => unsigned(to, value))).toEqual(bytes));

  test.each([
    [0, [0]],
    [63, [0x3f]],
    [64, [0xc0, 0x00]],
    [-1, [0x7f]],
    [-64, [0x40]],
    [-65, [0xbf, 0x7f]],
    [-123456, [0xc0, 0xbb, 0x78]],
    [2 ** 31 - 1, [0xff, 0xff, 0xff, 0xff, 0x07]],
    [-(2 ** 31), [0x80, 0x80, 0x80, 0x80, 0x78]],
  ])('signed %d', (value, bytes) => expect(written((to) => signed(to, value))).toEqual(bytes));
});

test('instructions become the bytes of the format', () => {
  expect(encoded($('i32.load', 300, get(0)))).toEqual([0x20, 0, 0x28, 2, 0xac, 0x02]);
  expect(encoded($('f32x4.add'))).toEqual([0xfd, 0xe4, 0x01]);
  expect(encoded($('f32x4.relaxed_madd'))).toEqual([0xfd, 0x85, 0x02]);
  expect(encoded($('v128.store32_lane', 4, 3))).toEqual([0xfd, 0x5a, 2, 4, 3]);
  expect(encoded(floats(1))).toEqual([
    0xfd, 0x0c, 0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f, 0, 0, 0x80, 0x3f,
  ]);
});

const letters = { i32: 'i', i64: 'l', f32: 'f', f64: 'd', v128: 'v' } as const;

/** What instructions over scalars that are not i32 take and leave, and conversions. */
function signatureOfScalar(name: OpName): readonly [operands: string, result: string] | undefined {
  const [, type, word] = /^(i32|i64|f32|f64)\.(.*)$/.exec(name) ?? [];
  if (type === undefined || word === undefined) return undefined;
  const own = letters[type as keyof typeof letters];
  if (word === 'const') return ['', own];
  const from = /(?:wrap|extend|demote|promote|reinterpret|convert|trunc_sat)_(\w\d\d)/.exec(word);
  if (from) return [letters[from[1] as keyof typeof letters], own];
  if (type === 'i32') return undefined;
  if (word === 'load') return ['i', own];
  if (word === 'store') return [`i${own}`, ''];
  if (/^(eq|ne|lt|gt|le)$/.test(word)) return [own + own, 'i'];
  return [/^(abs|neg|floor|nearest|sqrt)$/.test(word) ? own : own + own, own];
}

/** The operands of each instruction, and what it leaves, in the letters above. */
function signatureOf(name: OpName): readonly [operands: string, result: string] {
  const scalar = signatureOfScalar(name);
  if (scalar) return scalar;
  if (name.endsWith('.const')) return ['', 'v'];
  if (name === 'memory.atomic.notify') return ['ii', 'i'];
  if (name === 'memory.atomic.wait32') return ['iil', 'i'];
  if (name === 'i32.eqz' || name === 'i32.atomic.load') return ['i', 'i'];
  if (/load32_lane/.test(name)) return ['iv', 'v'];
  if (/v128\.load/.test(name)) return ['i', 'v'];
  if (/v128\.store/.test(name)) return ['iv', ''];
  if (name === 'i32.load') return ['i', 'i'];
  if (/^i32\.(atomic\.)?store$/.test(name)) return ['ii', ''];
  if (name === 'drop') return ['i', ''];
  if (name === 'select') return ['iii', 'i'];
  if (/x4\.splat/.test(name)) return [name.startsWith('f') ? 'f' : 'i', 'v'];
  if (/replace_lane/.test(name)) return ['vi', 'v'];
  if (/x4\.sh[lr]/.test(name)) return ['vi', 'v'];
  if (name === 'v128.any_true') return ['v', 'i'];
  if (name === 'v128.bitselect' || /madd/.test(name)) return ['vvv', 'v'];
  if (/cmpxchg/.test(name)) return ['iii', 'i'];
  if (/^i32\./.test(name)) return ['ii', 'i'];
  const one = /sqrt|abs|neg|floor|nearest|demote|promote|convert|trunc/.test(name);
  return [one ? 'v' : 'vv', 'v'];
}

const wordsOf = (name: OpName): number =>
  name === 'f32.const' ? 1 : name === 'f64.const' ? 2 : 4;
const types = ['i32', 'f32', 'f64', 'v128'] as const;

const why = whyNoRelaxedSimd();
const structural = /^(unreachable|return|block|loop|if|else|end|br|br_if|call|local\..*)$/;

test.for((Object.keys(instructions) as OpName[]).filter((name) => !structural.test(name)))(
  'the engine knows %s',
  (name, context) => {
    const [operands, result] = signatureOf(name);
    const values = {
      ...{ i: int(16), l: $('i64.const', 0), v: floats(2) },
      ...{ f: $('f32.const', 0), d: $('f64.const', 0, 0) },
    };
    const given = [...operands].map((type) => values[type as keyof typeof values]);
    const immediates = instructions[name].immediates.flatMap((kind) =>
      kind === 'bits'
        ? [1, 2, 3, 4].slice(0, wordsOf(name))
        : kind === 'lanes'
          ? [0, 1, 4, 5]
          : [0],
    );
    // Functions have no results of type i64: dropped, it is validated all the same.
    const ends = result === 'l' ? $('drop') : [];
    const results = types.filter((type) => result !== 'l' && letters[type] === result);
    if (name.includes('relaxed')) context.skip(why !== undefined, why);
    const module = encodeModule([func([$(name, ...immediates, ...given), ends], { results })], {});
    expect(WebAssembly.validate(module)).toBe(true);
  },
);

/** Runs a function that fills 16 bytes of memory at address 16. */
function run(functions: readonly Func[], exported: number): Int32Array {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(encodeModule(functions, { go: exported }));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  (exports['go'] as () => void)();
  return new Int32Array(memory.buffer, 16, 4);
}

test('loops, calls and locals do what they say', () => {
  const frame = createFrame();
  const [sum, i] = [local(frame, 'i32'), local(frame, 'i32')];
  const square = func($('i32.mul', get(0), get(0)), { params: ['i32'], results: ['i32'] });
  const body = [
    $('loop'),
    set(sum, $('i32.add', get(sum), $('call', 0, get(i)))),
    $('br_if', 0, $('i32.lt_s', $('local.tee', i, $('i32.add', get(i), int(1))), int(10))),
    $('end'),
    $('i32.store', 0, int(16), get(sum)),
  ];
  expect(run([square, func(body, { locals: frame.locals })], 1)[0]).toBe(285);
});

test('a long function has all its instructions', () => {
  const frame = createFrame();
  const sum = local(frame, 'i32');
  const turns = Array.from({ length: 9000 }, () => set(sum, $('i32.add', get(sum), int(1000))));
  const body = [...turns, $('i32.store', 0, int(16), get(sum))];
  const calls = [func($('call', 0)), func($('call', 1))];
  expect(run([func(body, { locals: frame.locals }), ...calls], 2)[0]).toBe(9_000_000);
});

test('shuffles take lanes of both', () => {
  const words = (...w: number[]): Code => $('v128.const', ...w);
  const mixed = shuffle(words(1, 2, 3, 4), words(5, 6, 7, 8), 3, 4, 0, 7);
  expect([...run([func($('v128.store', 0, int(16), mixed))], 0)]).toEqual([4, 5, 1, 8]);
});

test('doubles have both their words', () => {
  const memory = run([func($('v128.store', 0, int(16), doubles(Math.PI)))], 0);
  expect([...new Float64Array(memory.buffer, 16, 2)]).toEqual([Math.PI, Math.PI]);
});

test('a function reads as text', () => {
  const body = [
    $('loop'),
    $('v128.store', 4, get(0), $('v128.load32_splat', 0, get(0))),
    $('br_if', 0, get(0)),
    $('end'),
    set(1, floats(1)),
  ];
  expect(show(func(body, { params: ['i32'], locals: ['v128'] }))).toMatchInlineSnapshot(`
    "(func $f (param i32)
      (local v128)
      loop
        local.get 0
        local.get 0
        v128.load32_splat
        v128.store offset=4
        local.get 0
        br_if 0
      end
      v128.const i32x4 0x3f800000 0x3f800000 0x3f800000 0x3f800000
      local.set 1
    )"
  `);
});
