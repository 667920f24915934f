// Arithmetic, comparison and choice.
import * as op from '../ops.ts';
import { isHalfInteger, lowerPow } from './lowering.ts';
import { call, LINE, one, PAIRS, POSITIVE, type Rows } from './row.ts';

/** The largest float32. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

export const arithmetic = {
  add: {
    tame: true,
    meaning: (_, a, b) => a! + b!,
    lower: (m, _, a, b) => m.add(a!, b!),
    grad: (_, g) => [g, g],
    cost: 1,
    points: PAIRS,
  },
  mul: {
    tame: true,
    meaning: (_, a, b) => a! * b!,
    lower: (m, _, a, b) => m.mul(a!, b!),
    grad: (y, g) => [op.mul(g, y.src[1]!), op.mul(g, y.src[0]!)],
    cost: 1,
    points: PAIRS,
  },
  pow: {
    attributes: [-3, -2, -1, -0.5, 0.5, 1.5, 2, 3, 5, 66, 1.7, -0.3].map((exponent) => ({
      exponent,
    })),
    // JavaScript has (-Infinity) ** 0.5 = Infinity.
    meaning: ({ exponent }, x) =>
      x! < 0 && !Number.isInteger(exponent) ? Number.NaN : x! ** exponent,
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
  abs: {
    tame: true,
    meaning: (_, x) => Math.abs(x!),
    lower: (m, _, x) => m.abs(x!),
    grad: (y, g) => [op.mul(g, op.sign(y.src[0]!))], // sign(0) = 0
    tex: ([x]) => `\\left|${x}\\right|`,
    cost: 1,
    points: LINE.map(one),
    kinks: [{ at: [0], slopes: () => [0] }],
  },
  max: {
    tame: true,
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
    tame: true,
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
    tame: true,
    meaning: (_, a, b) => (a! < b! ? 1 : 0),
    lower: (m, _, a, b) => m.less(a!, b!),
    grad: () => [undefined, undefined], // constant but for the jump
    cost: 1,
    points: PAIRS,
    kinks: [{ at: [1, 1], slopes: () => [0, 0] }],
  },
  lessEqual: {
    tame: true,
    meaning: (_, a, b) => (a! <= b! ? 1 : 0),
    lower: (m, _, a, b) => m.lessEqual(a!, b!),
    grad: () => [undefined, undefined],
    cost: 1,
    points: PAIRS,
    kinks: [{ at: [1, 1], slopes: () => [0, 0] }],
  },
  equal: {
    tame: true,
    meaning: (_, a, b) => (a === b ? 1 : 0),
    lower: (m, _, a, b) => m.mul(m.lessEqual(a!, b!), m.lessEqual(b!, a!)),
    grad: () => [undefined, undefined],
    cost: 3,
    points: PAIRS,
    kinks: [{ at: [1, 1], slopes: () => [0, 0] }],
  },
  isFinite: {
    tame: true,
    meaning: (_, x) => (Number.isFinite(x) ? 1 : 0),
    lower: (m, _, x) => m.lessEqual(m.abs(x!), m.constant(LARGEST)),
    grad: () => [undefined],
    tex: call('\\operatorname{isFinite}'),
    cost: 2,
    points: LINE.map(one),
  },
  isNaN: {
    tame: true,
    meaning: (_, x) => (Number.isNaN(x) ? 1 : 0),
    lower: (m, _, x) => m.sub(m.constant(1), m.lessEqual(x!, x!)),
    grad: () => [undefined],
    tex: call('\\operatorname{isNaN}'),
    cost: 2,
    points: LINE.map(one),
  },
  where: {
    tame: true,
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
} as const satisfies Rows;
