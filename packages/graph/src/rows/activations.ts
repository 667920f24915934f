// The functions of neurons.
import * as op from '../ops.ts';
import { parenthesized } from '../print/parentheses.ts';
import { exponential } from './exponential.ts';
import { log1pSeries, lowerSigmoid, lowerTanh } from './lowering.ts';
import { call, LINE, one, type Rows } from './row.ts';

export const activations = {
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
    attributes: [{ slope: 0.01 }, { slope: 0.3 }, { slope: 0 }],
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
  elu: {
    attributes: [{ alpha: 1 }, { alpha: 1.7 }, { alpha: 0.3 }],
    meaning: ({ alpha }, x) => (x! > 0 ? x! : alpha * Math.expm1(x!)),
    lower: (m, { alpha }, x) => {
      const zero = m.constant(0);
      const below = exponential.expm1.lower(m, {}, m.min(x!, zero));
      return m.select(m.less(zero, x!), x!, m.mul(m.constant(alpha), below));
    },
    // Over the output: alpha e^x = y + alpha below 0; for an alpha >= 0, y > 0 just where x > 0.
    grad: (y, g) => [op.mul(g, op.where(op.less(0, y), 1, op.add(y, y.attr.alpha)))],
    tex: ([x], { alpha }) =>
      `\\operatorname{ELU}${alpha === 1 ? '' : `_{${alpha}}`}${parenthesized(x!)}`,
    cost: 26,
    points: LINE.map(one),
    kinks: [{ at: [0], slopes: ({ alpha }) => [alpha] }],
  },
  softsign: {
    meaning: (_, x) => x! / (1 + Math.abs(x!)),
    lower: (m, _, x) => m.div(x!, m.add(m.constant(1), m.abs(x!))),
    // (x / (1 + |x|))' = 1 / (1 + |x|)^2
    grad: (y, g) => [op.mul(g, op.pow(op.add(1, op.abs(y.src[0]!)), -2))],
    tex: call('\\operatorname{softsign}'),
    cost: 6,
    points: LINE.map(one),
    kinks: [{ at: [0], slopes: () => [1] }],
  },
} as const satisfies Rows;
