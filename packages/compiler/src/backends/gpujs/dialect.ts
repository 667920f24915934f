// The shading languages: WGSL for WebGPU, GLSL for the WebGL modes. Each is a table of words for
// the same few constructs. It must not know loops, nests or devices.
import type { MachineOp } from '../../machine.ts';
import type { GpuKind } from './layout.ts';

/**
 * Text, how tightly it binds (0 `?:`, 1 `<`, 2 `+ -`, 3 `* /`, 4 unary, 5 an atom), and whether
 * it has four lanes or is one number.
 */
export interface Text {
  readonly text: string;
  readonly binds: number;
  readonly wide: boolean;
}

/** The types of locals: a number, four of them, and a position. */
export type Type = 'one' | 'four' | 'whole';

/** What differs from language to language. */
export interface Dialect {
  readonly types: Readonly<Record<Type, string>>;
  /** A position literal. */
  whole(n: number): string;
  constant(type: Type, name: string, value: string): string;
  variable(type: Type, name: string, value: string): string;
  /** The head of a loop over `name` = 0, 1, ... below `turns`, and what its body starts with. */
  loop(name: string, turns: number): readonly [head: string, ...first: string[]];
  /** The part of a position that is a whole multiple of `by`; of positions from 0 only. */
  quotient(position: string, by: number): string;
  clamp(position: string, most: number): string;
  /** One of the four numbers of a texel. */
  lane(texel: string, i: string): string;
  /** A position as a number. */
  number(position: string): string;
  less(a: string, b: string, sign: '<' | '<=', wide: boolean): string;
  /** `a` where the condition holds, else `b`. */
  choose(condition: Condition, a: string, b: string, wide: boolean): string;
  /** A function of numbers, all of one type. */
  define(type: Type, name: string, of: readonly string[], value: string): string;
}

/** A comparison of two texts. */
export interface Condition {
  readonly a: string;
  readonly sign: keyof typeof COMPARE;
  readonly b: string;
}

const wgsl: Dialect = {
  types: { one: 'f32', four: 'vec4<f32>', whole: 'i32' },
  whole: (n) => `${n}`,
  constant: (_, name, value) => `let ${name} = ${value};`,
  variable: (_, name, value) => `var ${name} = ${value};`,
  loop: (name, turns) => [`for (var ${name} = 0; ${name} < ${turns}; ${name}++) {`],
  quotient: (position, by) =>
    Number.isInteger(Math.log2(by))
      ? `(${position}) >> ${Math.log2(by)}u`
      : `(${position}) / ${by}`,
  clamp: (position, most) => `clamp(${position}, 0, ${most})`,
  lane: (texel, i) => `${texel}[${i}]`,
  number: (position) => `f32(${position})`,
  less: (a, b, sign, wide) => `${wide ? 'vec4<f32>' : 'f32'}(${a} ${sign} ${b})`,
  choose: ({ a: x, sign, b: y }, a, b) => `select(${b}, ${a}, ${x} ${sign} ${y})`,
  define: (type, name, of, value) => {
    const typed = of.map((x) => `${x} : ${wgsl.types[type]}`).join(', ');
    return `fn ${name}(${typed}) -> ${wgsl.types[type]} { return ${value}; }`;
  },
};

const COMPARE = { '<': 'lessThan', '<=': 'lessThanEqual', '==': 'equal' } as const;

// Positions are floats: WebGL 1 has no other, and WebGL 2 samples textures at floats anyway.
const glsl: Dialect = {
  types: { one: 'float', four: 'vec4', whole: 'float' },
  whole: (n) => `${n}.0`,
  constant: (type, name, value) => `${glsl.types[type]} ${name} = ${value};`,
  variable: (type, name, value) => `${glsl.types[type]} ${name} = ${value};`,
  loop: (name, turns) => [
    `for (int n${name} = 0; n${name} < ${turns}; n${name}++) {`,
    `float ${name} = float(n${name});`,
  ],
  // The half keeps a quotient that a GPU rounds down from losing its whole number.
  quotient: (position, by) => `floor((${position} + 0.5) / ${by}.0)`,
  clamp: (position, most) => `clamp(${position}, 0.0, ${most}.0)`,
  lane: (texel, i) => `lane(${texel}, ${i})`,
  number: (position) => `float(${position})`,
  less: (a, b, sign, wide) =>
    wide ? `vec4(${COMPARE[sign]}(${a}, ${b}))` : `float(${a} ${sign} ${b})`,
  choose: ({ a: x, sign, b: y }, a, b, wide) =>
    wide ? `mix(${b}, ${a}, ${COMPARE[sign]}(${x}, ${y}))` : `(${x} ${sign} ${y} ? ${a} : ${b})`,
  define: (type, name, of, value) => {
    const typed = of.map((x) => `${glsl.types[type]} ${x}`).join(', ');
    return `${glsl.types[type]} ${name}(${typed}) { return ${value}; }`;
  },
};

// GLSL ES 1.0 can choose lane by lane only.
const glslOne: Dialect = {
  ...glsl,
  choose: (condition, a, b, wide) => {
    if (!wide) return glsl.choose(condition, a, b, false);
    const { a: x, sign, b: y } = condition;
    return `choose(${COMPARE[sign]}(${x}, ${y}), ${a}, ${b})`;
  },
};

export const dialects = {
  webgpu: wgsl,
  webgl2: glsl,
  webgl: glslOne,
  headlessgl: glslOne,
} as const satisfies Record<GpuKind, Dialect>;

export const atom = (text: string, wide: boolean): Text => ({ text, binds: 5, wide });

/** The text, in parentheses unless it binds at least this tightly. */
export const within = ({ text, binds }: Text, least: number): string =>
  binds >= least ? text : `(${text})`;

/** The text as four equal lanes, if it is one number. */
export const widened = (value: Text, { types }: Dialect): Text =>
  value.wide ? value : atom(`${types.four}(${value.text})`, true);

/** How an op is written, of as many texts as it takes. */
export type Word = (d: Dialect, ...of: readonly Text[]) => Text;

// The right operand must bind tighter, since sums and products of floats are not associative.
const infix =
  (sign: string, binds: number): Word =>
  (_, a, b) => ({
    text: `${within(a!, binds)} ${sign} ${within(b!, binds + 1)}`,
    binds,
    wide: a!.wide || b!.wide,
  });

/** A sum or a difference; what is added with its sign changed is subtracted, and the reverse. */
const signed =
  (sign: '+' | '-', opposite: '+' | '-'): Word =>
  (d, a, b) => {
    const negated = b!.binds === 4;
    const right = negated ? atom(b!.text.slice(1), b!.wide) : b!;
    return infix(negated ? opposite : sign, 2)(d, a!, right);
  };

const call =
  (name: string): Word =>
  (_, a) =>
    atom(`${name}(${a!.text})`, a!.wide);

/** Both as wide as the wider of them. */
function alike(d: Dialect, values: readonly Text[]): Text[] {
  return values.some(({ wide }) => wide) ? values.map((v) => widened(v, d)) : [...values];
}

/** What our own version of a function is called: those of a language may lose a NaN. */
export const ownName = (name: string, wide: boolean): string => `${name}_${wide ? 'four' : 'one'}`;

/** A call of our own version of a function. */
const own =
  (name: string): Word =>
  (d, ...of) => {
    const values = alike(d, of);
    const { wide } = values[0]!;
    return atom(`${ownName(name, wide)}(${values.map(({ text }) => text).join(', ')})`, wide);
  };

const compare =
  (sign: '<' | '<='): Word =>
  (d, ...of) => {
    const [x, y] = alike(d, of) as [Text, Text];
    return atom(d.less(within(x, 2), within(y, 2), sign, x.wide), x.wide);
  };

/** `x < y ? a : b`, or `x == y ? a : b`. */
export function choose(
  d: Dialect,
  sign: Condition['sign'],
  ...values: readonly [x: Text, y: Text, a: Text, b: Text]
): Text {
  const [x, y, a, b] = alike(d, values) as [Text, Text, Text, Text];
  const condition = { a: within(x, 2), sign, b: within(y, 2) };
  return atom(d.choose(condition, a.text, b.text, x.wide), x.wide);
}

/** No word: `sine.ts` has put arithmetic in its place. */
const rewritten: Word = () => {
  throw new Error('a sine or cosine was not rewritten');
};

/** How each machine op is written. */
export const words = {
  add: signed('+', '-'),
  sub: signed('-', '+'),
  mul: infix('*', 3),
  div: infix('/', 3),
  min: own('min'),
  max: own('max'),
  less: compare('<'),
  lessEqual: compare('<='),
  // What is not 0 may be NaN, which is equal to nothing.
  select: (d, c, a, b) => choose(d, '==', c!, number(0), b!, a!),
  neg: (_, a) => ({ text: `-${within(a!, 5)}`, binds: 4, wide: a!.wide }),
  abs: call('abs'),
  floor: call('floor'),
  sqrt: call('sqrt'),
  exp: own('exp'),
  log: own('log'),
  sin: rewritten,
  cos: rewritten,
} as const satisfies Record<MachineOp, Word>;

const LARGEST = 3.4028234663852886e38;
const SMALLEST_NORMAL = 2 ** -126;

/** A float literal: infinities become the largest float, what a GPU would flush becomes 0. */
export function number(value: number): Text {
  if (Number.isNaN(value)) throw new RangeError('a kernel cannot contain the constant NaN');
  const finite = Math.max(-LARGEST, Math.min(LARGEST, value));
  const exact = Math.abs(finite) < SMALLEST_NORMAL ? 0 : finite;
  const digits = `${Math.abs(exact)}`;
  const text = /[.e]/.test(digits) ? digits : `${digits}.0`;
  return exact < 0 ? { text: `-${text}`, binds: 4, wide: false } : atom(text, false);
}
