// The elementwise ops, one row each: meaning, derivative, lowering, notation, cost, test points.
// Everything else in the project learns what an op is from here.
import type { Machine } from './machine.ts';
import type { AttrOf, Node, NodeOf, OpName } from './node.ts';
import * as op from './ops.ts';
import { parenthesized } from './print/parentheses.ts';

/** One elementwise op. Arguments of meaning and lower come one a source. */
export interface ElementwiseRow<K extends OpName> {
  /** The value in float64: the definition. */
  readonly meaning: (attr: AttrOf[K], ...x: number[]) => number;
  /** The same in machine ops, accurate in float32 and finite where the meaning is. */
  readonly lower: <E>(m: Machine<E>, attr: AttrOf[K], ...x: E[]) => E;
  /** The cotangents of the sources, given the cotangent g of the node y. */
  readonly grad: (y: NodeOf<K> & Node, g: Node) => readonly (Node | undefined)[];
  /** LaTeX of a call, where the printer has no notation of its own for the op. */
  readonly tex?: (args: readonly string[], attr: AttrOf[K]) => string;
  /** Price in multiply-adds. */
  readonly cost: number;
  /** Where every sweep tests it: tuples of arguments. */
  readonly points: readonly (readonly number[])[];
  /** Where the derivative is a convention rather than a limit, and what it is there. */
  readonly kinks?: readonly Kink<K>[];
  /** float32 budget in units in the last place, relative to the value; 4 unless given. */
  readonly ulps?: (attr: AttrOf[K]) => number;
}

/** The slopes, one a source, that hold by convention at a point. */
export interface Kink<K extends OpName> {
  readonly at: readonly number[];
  readonly slopes: (attr: AttrOf[K]) => readonly number[];
}

type Unary = (x: number) => readonly [number];
const one: Unary = (x) => [x];
const LINE = [-1000, -87, -20, -3, -1, -0.5, -1e-3, 1e-3, 0.3, 1, 2.5, 20, 80, 1000];
const POSITIVE = [1e-30, 1e-3, 0.3, 0.999, 1.001, 2.5, 80, 1e30];
const PAIRS: readonly (readonly [number, number])[] = [
  [1.5, -2],
  [-3, 4],
  [0.25, 0.5],
  [1e4, -1e-4],
];

/** log(1 + t) for t in [-1/2, 1]: 2 artanh(s), s = t / (2 + t), |s| <= 1/3, by its series. */
function log1pSeries<E>(m: Machine<E>, t: E): E {
  const s = m.div(t, m.add(m.constant(2), t));
  const s2 = m.mul(s, s);
  // 1 + s^2/3 + s^4/5 + ...: the first term left out is below 1e-9.
  const series = [15, 13, 11, 9, 7, 5, 3].reduce(
    (sum, k) => m.add(m.constant(1 / k), m.mul(s2, sum)),
    m.constant(1 / 17),
  );
  return m.mul(m.mul(m.constant(2), s), m.add(m.constant(1), m.mul(s2, series)));
}

/** A polynomial by Horner's rule, constant term first. */
function horner<E>(m: Machine<E>, x: E, coefficients: readonly number[]): E {
  const [last, ...rest] = [...coefficients].reverse();
  return rest.reduce<E>((sum, c) => m.add(m.constant(c), m.mul(x, sum)), m.constant(last!));
}

/** Repeated squaring and a square root where they do, exp(p log x) for the other exponents. */
function lowerPow<E>(m: Machine<E>, x: E, p: number): E {
  if (p < 0) return m.div(m.constant(1), lowerPow(m, x, -p));
  if (p === 0.5) return m.sqrt(x);
  if (p === 1) return x;
  if (!isHalfInteger(p)) return m.exp(m.mul(m.constant(p), m.log(x)));
  if (!Number.isInteger(p)) return m.mul(lowerPow(m, x, p - 0.5), m.sqrt(x));
  const half = lowerPow(m, x, Math.floor(p / 2));
  const square = m.mul(half, half);
  return p % 2 === 0 ? square : m.mul(square, x);
}

const isHalfInteger = (p: number): boolean => Number.isInteger(2 * p);

/** tanh: Pade approximant [7/6] of its continued fraction below 0.7, by exp above. */
function lowerTanh<E>(m: Machine<E>, x: E): E {
  const size = m.abs(x);
  const x2 = m.mul(x, x);
  const small = m.div(
    m.mul(x, horner(m, x2, [135135, 17325, 378, 1])),
    horner(m, x2, [135135, 62370, 3150, 28]),
  );
  const e = m.exp(m.mul(m.constant(-2), size));
  const large = m.div(m.sub(m.constant(1), e), m.add(m.constant(1), e));
  const signed = m.select(m.less(x, m.constant(0)), m.neg(large), large);
  return m.select(m.less(size, m.constant(0.7)), small, signed);
}

/** 1 / (1 + exp(-|x|)), mirrored, so that exp cannot overflow and small values keep digits. */
function lowerSigmoid<E>(m: Machine<E>, x: E): E {
  const e = m.exp(m.neg(m.abs(x)));
  const upper = m.div(m.constant(1), m.add(m.constant(1), e));
  return m.select(m.less(x, m.constant(0)), m.mul(e, upper), upper);
}

const call = (name: string) => (args: readonly string[]) =>
  `${name}${parenthesized(args.join(', '))}`;

export const elementwise = {
  add: {
    meaning: (_, a, b) => a! + b!,
    lower: (m, _, a, b) => m.add(a!, b!),
    grad: (_, g) => [g, g],
    cost: 1,
    points: PAIRS,
  },
  mul: {
    meaning: (_, a, b) => a! * b!,
    lower: (m, _, a, b) => m.mul(a!, b!),
    grad: (y, g) => [op.mul(g, y.src[1]!), op.mul(g, y.src[0]!)],
    cost: 1,
    points: PAIRS,
  },
  pow: {
    meaning: ({ exponent }, x) => x! ** exponent,
    lower: (m, { exponent }, x) => lowerPow(m, x!, exponent),
    grad: (y, g) => {
      const { exponent } = y.attr;
      return [op.mul(g, op.mul(exponent, op.pow(y.src[0]!, exponent - 1)))];
    },
    cost: 4,
    points: [-2.5, -0.3, ...POSITIVE].map(one),
    // Each of p products rounds; in exp(p log x) the rounding of p log x, which is up to 88,
    // comes back as a relative error.
    ulps: ({ exponent: p }) => (isHalfInteger(p) ? Math.max(4, Math.abs(p)) : 128),
  },
  exp: {
    meaning: (_, x) => Math.exp(x!),
    lower: (m, _, x) => m.exp(x!),
    grad: (y, g) => [op.mul(g, y)],
    tex: ([x]) => `e^{${x}}`,
    cost: 16,
    points: LINE.map(one),
  },
  log: {
    meaning: (_, x) => Math.log(x!),
    lower: (m, _, x) => m.log(x!),
    grad: (y, g) => [op.div(g, y.src[0]!)],
    tex: call('\\log'),
    cost: 16,
    points: POSITIVE.map(one),
  },
  log1p: {
    meaning: (_, x) => Math.log1p(x!),
    lower: (m, _, x) => {
      const near = m.mul(m.less(m.constant(-0.5), x!), m.less(x!, m.constant(1)));
      // The series diverges far out: it is fed 0 there, for select may evaluate both sides.
      const safe = m.select(near, x!, m.constant(0));
      return m.select(near, log1pSeries(m, safe), m.log(m.add(m.constant(1), x!)));
    },
    grad: (y, g) => [op.div(g, op.add(1, y.src[0]!))],
    tex: ([x]) => `\\log${parenthesized(`1 ${x!.replace(/^-?/, (sign) => `${sign || '+'} `)}`)}`,
    cost: 24,
    points: [-0.9, -0.4, -1e-6, 1e-9, 1e-3, 0.5, 0.9, 2, 1e6].map(one),
  },
  expm1: {
    meaning: (_, x) => Math.expm1(x!),
    lower: (m, _, x) => {
      const near = m.less(m.abs(x!), m.constant(0.5));
      const safe = m.select(near, x!, m.constant(0));
      // Taylor: x (1 + x/2 (1 + x/3 (...))); the first term left out is below 1e-10.
      const series = [9, 8, 7, 6, 5, 4, 3, 2].reduce(
        (sum, k) => m.add(m.constant(1), m.mul(m.mul(safe, m.constant(1 / k)), sum)),
        m.constant(1),
      );
      return m.select(near, m.mul(safe, series), m.sub(m.exp(x!), m.constant(1)));
    },
    grad: (y, g) => [op.mul(g, op.exp(y.src[0]!))],
    tex: ([x]) => `(e^{${x}} - 1)`,
    cost: 24,
    points: LINE.map(one),
  },
  sin: {
    meaning: (_, x) => Math.sin(x!),
    lower: (m, _, x) => m.sin(x!),
    grad: (y, g) => [op.mul(g, op.cos(y.src[0]!))],
    tex: call('\\sin'),
    cost: 16,
    points: [-3, -1, -0.1, 0.1, 0.5, 2].map(one),
  },
  cos: {
    meaning: (_, x) => Math.cos(x!),
    lower: (m, _, x) => m.cos(x!),
    grad: (y, g) => [op.mul(g, op.neg(op.sin(y.src[0]!)))],
    tex: call('\\cos'),
    cost: 16,
    points: [-3, -1, -0.1, 0.1, 0.5, 2].map(one),
  },
  abs: {
    meaning: (_, x) => Math.abs(x!),
    lower: (m, _, x) => m.abs(x!),
    grad: (y, g) => [op.mul(g, op.sign(y.src[0]!))], // sign(0) = 0
    tex: ([x]) => `\\left|${x}\\right|`,
    cost: 1,
    points: LINE.map(one),
    kinks: [{ at: [0], slopes: () => [0] }],
  },
  max: {
    meaning: (_, a, b) => Math.max(a!, b!),
    lower: (m, _, a, b) => m.max(a!, b!),
    // Stated over the output, so that relu need not keep its input; a tie goes to b.
    grad: (y, g) => {
      const first = op.less(y.src[1]!, y);
      return [op.where(first, g, 0), op.where(first, 0, g)];
    },
    tex: call('\\max'),
    cost: 1,
    points: PAIRS,
    kinks: [{ at: [1, 1], slopes: () => [0, 1] }],
  },
  min: {
    meaning: (_, a, b) => Math.min(a!, b!),
    lower: (m, _, a, b) => m.min(a!, b!),
    grad: (y, g) => {
      const first = op.less(y, y.src[1]!);
      return [op.where(first, g, 0), op.where(first, 0, g)];
    },
    tex: call('\\min'),
    cost: 1,
    points: PAIRS,
    kinks: [{ at: [1, 1], slopes: () => [0, 1] }],
  },
  less: {
    meaning: (_, a, b) => (a! < b! ? 1 : 0),
    lower: (m, _, a, b) => m.less(a!, b!),
    grad: () => [undefined, undefined], // constant but for the jump
    cost: 1,
    points: PAIRS,
    kinks: [{ at: [1, 1], slopes: () => [0, 0] }],
  },
  where: {
    meaning: (_, c, a, b) => (c !== 0 ? a! : b!),
    lower: (m, _, c, a, b) => m.select(c!, a!, b!),
    // A product with the mask would make NaN of 0 times Infinity; a choice does not.
    grad: (y, g) => [undefined, op.where(y.src[0]!, g, 0), op.where(y.src[0]!, 0, g)],
    cost: 1,
    points: [
      [1, 2, 3],
      [-0.5, 2, 3],
    ],
    kinks: [{ at: [0, 2, 3], slopes: () => [0, 0, 1] }],
  },
  sigmoid: {
    meaning: (_, x) => (x! < 0 ? Math.exp(x!) / (1 + Math.exp(x!)) : 1 / (1 + Math.exp(-x!))),
    lower: (m, _, x) => lowerSigmoid(m, x!),
    grad: (y, g) => [op.mul(g, op.mul(y, op.sub(1, y)))], // s' = s (1 - s)
    tex: call('\\sigma'),
    cost: 24,
    points: LINE.map(one),
  },
  tanh: {
    meaning: (_, x) => Math.tanh(x!),
    lower: (m, _, x) => lowerTanh(m, x!),
    grad: (y, g) => [op.mul(g, op.sub(1, op.square(y)))], // tanh' = 1 - tanh^2
    tex: call('\\tanh'),
    cost: 32,
    points: [...LINE, 0.69, 0.71].map(one),
  },
  softplus: {
    meaning: (_, x) => Math.max(x!, 0) + Math.log1p(Math.exp(-Math.abs(x!))),
    lower: (m, _, x) => m.add(m.max(x!, m.constant(0)), log1pSeries(m, m.exp(m.neg(m.abs(x!))))),
    grad: (y, g) => [op.mul(g, op.sigmoid(y.src[0]!))],
    tex: call('\\operatorname{softplus}'),
    cost: 32,
    points: LINE.map(one),
  },
  leakyRelu: {
    meaning: ({ slope }, x) => (x! > 0 ? x! : slope * x!),
    lower: (m, { slope }, x) =>
      m.select(m.less(m.constant(0), x!), x!, m.mul(m.constant(slope), x!)),
    // Over the output: for a slope >= 0, y > 0 just where x > 0.
    grad: (y, g) => [op.mul(g, op.where(op.less(0, y), 1, y.attr.slope))],
    tex: ([x], { slope }) => `\\operatorname{leakyReLU}_{${slope}}${parenthesized(x!)}`,
    cost: 2,
    points: LINE.map(one),
    kinks: [{ at: [0], slopes: ({ slope }) => [slope] }],
  },
} as const satisfies { [K in OpName]?: ElementwiseRow<K> };

export type ElementwiseOp = keyof typeof elementwise;

/** Attributes to test an op with, where it has any. */
export const testAttributes: { readonly [K in OpName]?: readonly AttrOf[K][] } = {
  pow: [-3, -2, -1, -0.5, 0.5, 1.5, 2, 3, 5, 66, 1.7, -0.3].map((exponent) => ({ exponent })),
  leakyRelu: [{ slope: 0.01 }, { slope: 0.3 }, { slope: 0 }],
};

/** The row of an elementwise node, its attributes untyped. */
export const rowOf = (op: OpName): ElementwiseRow<OpName> | undefined =>
  (elementwise as unknown as Record<string, ElementwiseRow<OpName>>)[op];
