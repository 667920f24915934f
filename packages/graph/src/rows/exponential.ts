// Exponentials and logarithms.
import * as op from '../ops.ts';
import { parenthesized } from '../print/parentheses.ts';
import { log1pSeries } from './lowering.ts';
import { call, LINE, one, POSITIVE, type Rows } from './row.ts';

export const exponential = {
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
} as const satisfies Rows;
