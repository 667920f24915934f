// The words of gpu.js's kernel language: how each machine op and each number is written so that
// every mode computes with floats. It must not know loops, buffers or devices.
import type { MachineOp } from '../../machine.ts';

/** Source text and how tightly it binds: 0 `?:`, 1 `<`, 2 `+ -`, 3 `* /`, 4 unary, 5 an atom. */
export interface Text {
  readonly text: string;
  readonly binds: number;
}

type Word = (a: Text, b: Text, c: Text) => Text;

export const atom = (text: string): Text => ({ text, binds: 5 });

/** The text, in parentheses unless it binds at least this tightly. */
export const within = ({ text, binds }: Text, least: number): string =>
  binds >= least ? text : `(${text})`;

// The right operand must bind tighter, since sums and products of floats are not associative.
const infix =
  (sign: string, binds: number): Word =>
  (a, b) => ({ text: `${within(a, binds)} ${sign} ${within(b, binds + 1)}`, binds });

/** A sum or a difference; what is added with its sign changed is subtracted, and the reverse. */
const signed =
  (sign: '+' | '-', opposite: '+' | '-'): Word =>
  (a, b) => {
    const negated = b.binds === 4;
    const right = negated ? atom(b.text.slice(1)) : b;
    return infix(negated ? opposite : sign, 2)(a, right, b);
  };

const call = (name: string) => (a: Text) => atom(`Math.${name}(${a.text})`);
const call2 = (name: string) => (a: Text, b: Text) => atom(`Math.${name}(${a.text}, ${b.text})`);

const choose = (test: string, a: Text, b: Text): Text => ({
  text: `${test} ? ${within(a, 1)} : ${within(b, 1)}`,
  binds: 0,
});

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
  min: call2('min'),
  max: call2('max'),
  less: (a, b) => choose(`${within(a, 2)} < ${within(b, 2)}`, number(1), number(0)),
  lessEqual: (a, b) => choose(`${within(a, 2)} <= ${within(b, 2)}`, number(1), number(0)),
  select: (c, a, b) => choose(`${within(c, 2)} !== 0.0`, a, b),
  neg: (a) => ({ text: `-${within(a, 5)}`, binds: 4 }),
  abs: call('abs'),
  floor: call('floor'),
  sqrt: call('sqrt'),
  exp: call('exp'),
  log: call('log'),
  sin: rewritten,
  cos: rewritten,
} as const satisfies Record<MachineOp, Word>;

/** `x < y ? a : b`: a `select` whose condition is a `less` that nothing else needs. */
export const chooseLess = (x: Text, y: Text, a: Text, b: Text): Text =>
  choose(`${within(x, 2)} < ${within(y, 2)}`, a, b);

const LARGEST = 3.4028234663852886e38;
const SMALLEST_NORMAL = 2 ** -126;

/** A float literal: infinities become the largest float, what a GPU would flush becomes 0. */
export function number(value: number): Text {
  if (Number.isNaN(value)) throw new RangeError('a kernel cannot contain the constant NaN');
  const finite = Math.max(-LARGEST, Math.min(LARGEST, value));
  const exact = Math.abs(finite) < SMALLEST_NORMAL ? 0 : finite;
  const digits = `${Math.abs(exact)}`;
  const text = /[.e]/.test(digits) ? digits : `${digits}.0`;
  return exact < 0 ? { text: `-${text}`, binds: 4 } : atom(text);
}
