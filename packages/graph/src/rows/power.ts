// Powers with exponents that are tensors, and the products with a logarithm that entropies take.
import * as op from '../ops.ts';
import { factor, parenthesized } from '../print/parentheses.ts';
import { call, one, POSITIVE, type Rows } from './row.ts';

export const powers = {
  power: {
    meaning: (_, x, y) => (x! < 0 && Math.floor(y!) < y! ? Number.NaN : x! ** y!),
    // exp(y log|x|), with the sign of an odd power; NaN where x < 0 and y is not whole.
    lower: (m, _, x, y) => {
      const [zero, unit] = [m.constant(0), m.constant(1)];
      const size = m.abs(x!);
      const isZero = m.lessEqual(size, zero);
      const base = m.select(m.less(m.floor(y!), y!), x!, size);
      const value = m.exp(m.mul(y!, m.log(m.select(isZero, unit, base))));
      const half = m.mul(m.constant(0.5), y!);
      const odd = m.mul(m.constant(2), m.sub(half, m.floor(half)));
      const sign = m.select(m.less(x!, zero), m.sub(unit, m.add(odd, odd)), unit);
      // 0^y is 0, 1 or infinite.
      const atZero = m.select(m.less(y!, zero), m.div(unit, size), m.lessEqual(y!, zero));
      return m.select(isZero, atZero, m.mul(sign, value));
    },
    // dx = y x^(y-1), also at x = 0, where 0 times an infinite power would be NaN at y = 0;
    // dy = log(x) x^y, taken as 0 for x <= 0.
    grad: (y, g) => {
      const [base, exponent] = y.src as readonly [op.Operand & object, op.Operand & object];
      const slope = op.mul(exponent, op.pow(base, op.sub(exponent, 1)));
      return [
        op.where(exponent, op.mul(g, slope), 0),
        op.where(op.less(0, base), op.mul(g, op.mul(op.log(base), y)), 0),
      ];
    },
    cost: 44,
    points: [
      [2, 0.5],
      [0.3, -1.7],
      [3, 2.5],
      [1e-3, 1.2],
      [80, 3.1],
      [1e10, -3],
      [-1.5, -2],
      [-2, 3],
      [-1.5e19, 2],
    ],
    kinks: [
      { at: [0, 2], slopes: () => [0, 0] },
      { at: [0, 1], slopes: () => [1, 0] },
      { at: [0, 0], slopes: () => [0, 0] },
      { at: [-2, 3], slopes: () => [12, 0] },
    ],
    // The rounding of y log x, which is up to 88, comes back from exp as a relative error.
    ulps: () => 128,
  },
  xlogx: {
    meaning: (_, x) => (x === 0 ? 0 : x! * Math.log(x!)),
    lower: (m, _, x) => {
      const isZero = m.lessEqual(m.abs(x!), m.constant(0));
      return m.mul(x!, m.log(m.select(isZero, m.constant(1), x!)));
    },
    grad: (y, g) => [op.mul(g, op.add(1, op.log(y.src[0]!)))],
    tex: ([x]) => `${factor(x!)} \\log${parenthesized(x!)}`,
    cost: 20,
    points: POSITIVE.map(one),
    kinks: [{ at: [0], slopes: () => [Number.NEGATIVE_INFINITY] }],
  },
  xlogy: {
    meaning: (_, x, y) => (x === 0 ? 0 : x! * Math.log(y!)),
    lower: (m, _, x, y) => {
      const isZero = m.lessEqual(m.abs(x!), m.constant(0));
      return m.mul(x!, m.log(m.select(isZero, m.constant(1), y!)));
    },
    // dy = x / y, taken as 0 at y = 0, where x is 0 too if the value is finite.
    grad: (y, g) => {
      const [a, b] = [y.src[0]!, y.src[1]!];
      return [op.mul(g, op.log(b)), op.where(b, op.mul(g, op.div(a, b)), 0)];
    },
    tex: ([x, y]) => `${factor(x!)} \\log${parenthesized(y!)}`,
    cost: 20,
    points: [
      [0.5, 0.3],
      [2, 1e-3],
      [-1, 2.5],
      [1e-3, 80],
    ],
    kinks: [
      { at: [0, 0], slopes: () => [Number.NEGATIVE_INFINITY, 0] },
      { at: [0, 2], slopes: () => [Math.log(2), 0] },
    ],
  },
  stopGradient: {
    tame: true,
    meaning: (_, x) => x!,
    lower: (_m, _, x) => x!,
    grad: () => [undefined],
    stops: 'that is what it is for',
    tex: call('\\operatorname{stop}'),
    cost: 0,
    points: [-3, 0.3, 20].map(one),
  },
} as const satisfies Rows;
