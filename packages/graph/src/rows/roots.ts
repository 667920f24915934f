// Roots that are no powers, and lengths.
import * as op from '../ops.ts';
import { withSignOf } from './lowering.ts';
import { LINE, one, PAIRS, type Rows } from './row.ts';

export const roots = {
  cbrt: {
    meaning: (_, x) => Math.cbrt(x!),
    lower: (m, _, x) => {
      const size = m.abs(x!);
      const some = m.less(m.constant(0), size);
      const safe = m.select(some, size, m.constant(1));
      const third = m.constant(1 / 3);
      // One Newton step for r^3 = x squares the error of the guess, which is below 3e-6.
      const r = m.exp(m.mul(third, m.log(safe)));
      const better = m.sub(r, m.mul(third, m.sub(r, m.div(safe, m.mul(r, r)))));
      return m.select(some, withSignOf(m, x!, better), m.constant(0));
    },
    grad: (y, g) => [op.mul(g, op.mul(1 / 3, op.pow(y, -2)))], // over the output: 1 / (3 y^2)
    tex: ([x]) => `\\sqrt[3]{${x}}`,
    cost: 48,
    points: [...LINE, -27, 8, 1e-30, -1e30].map(one),
    kinks: [{ at: [0], slopes: () => [Number.POSITIVE_INFINITY] }],
  },
  hypot: {
    meaning: (_, a, b) => Math.hypot(a!, b!),
    lower: (m, _, a, b) => {
      const [p, q] = [m.abs(a!), m.abs(b!)];
      const most = m.max(p, q);
      const ratio = m.div(m.min(p, q), m.select(m.less(m.constant(0), most), most, m.constant(1)));
      return m.mul(most, m.sqrt(m.add(m.constant(1), m.mul(ratio, ratio))));
    },
    // (a, b) / y. At the origin both are 0, and so is their quotient by 1.
    grad: (y, g) => {
      const length = op.where(op.less(0, y), y, 1);
      return y.src.map((x) => op.mul(g, op.div(x, length)));
    },
    tex: ([a, b]) => `\\operatorname{hypot}(${a}, ${b})`,
    cost: 16,
    points: [...PAIRS, [-3, 0], [1e30, 1e30], [2e-30, -1e-30]],
    kinks: [{ at: [0, 0], slopes: () => [0, 0] }],
  },
} as const satisfies Rows;
