// Exponentials and logarithms.
import * as op from '../ops.ts';
import { parenthesized } from '../print/parentheses.ts';
import { expm1Near, log1pSeries, lowerLog1p } from './lowering.ts';
import { call, LINE, one, PAIRS, POSITIVE, type Rows } from './row.ts';

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
  log2: {
    meaning: (_, x) => Math.log2(x!),
    lower: (m, _, x) => m.mul(m.constant(Math.LOG2E), m.log(x!)),
    grad: (y, g) => [op.mul(g, op.mul(Math.LOG2E, op.pow(y.src[0]!, -1)))],
    tex: call('\\log_2'),
    cost: 17,
    points: [...POSITIVE, 8, 2 ** -20].map(one),
  },
  log10: {
    meaning: (_, x) => Math.log10(x!),
    lower: (m, _, x) => m.mul(m.constant(Math.LOG10E), m.log(x!)),
    grad: (y, g) => [op.mul(g, op.mul(Math.LOG10E, op.pow(y.src[0]!, -1)))],
    tex: call('\\log_{10}'),
    cost: 17,
    points: [...POSITIVE, 1000, 1e-5].map(one),
  },
  log1p: {
    meaning: (_, x) => Math.log1p(x!),
    lower: (m, _, x) => lowerLog1p(m, x!),
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
      return m.select(near, expm1Near(m, safe), m.sub(m.exp(x!), m.constant(1)));
    },
    grad: (y, g) => [op.mul(g, op.exp(y.src[0]!))],
    tex: ([x]) => `(e^{${x}} - 1)`,
    cost: 24,
    points: LINE.map(one),
  },
  log1mexp: {
    // Each form where it keeps its digits: they meet where exp(x) is 1/2.
    meaning: (_, x) => (x! > -Math.LN2 ? Math.log(-Math.expm1(x!)) : Math.log1p(-Math.exp(x!))),
    lower: (m, _, x) => {
      const half = m.constant(-Math.LN2);
      const near = m.less(half, x!);
      const close = m.log(m.neg(expm1Near(m, m.select(near, x!, half))));
      return m.select(near, close, log1pSeries(m, m.neg(m.exp(m.select(near, half, x!)))));
    },
    // -e^x / (1 - e^x) over the output: 1 - e^-y, finite at any x < 0
    grad: (y, g) => [op.mul(g, op.neg(op.expm1(op.neg(y))))],
    tex: ([x]) => `\\log${parenthesized(`1 - e^{${x}}`)}`,
    cost: 56,
    points: [-1000, -87, -20, -3, -0.7, -0.69, -0.3, -1e-3, -1e-9].map(one),
  },
  logaddexp: {
    tame: true,
    // Equal infinities have no difference.
    meaning: (_, a, b) =>
      Math.max(a!, b!) + Math.log1p(a === b ? 1 : Math.exp(-Math.abs(a! - b!))),
    lower: (m, _, a, b) => {
      const [less, most] = [m.min(a!, b!), m.max(a!, b!)];
      const ratio = m.select(m.lessEqual(most, less), m.constant(1), m.exp(m.sub(less, most)));
      return m.add(most, log1pSeries(m, ratio));
    },
    grad: (y, g) => {
      const [a, b] = y.src as readonly [op.Operand, op.Operand];
      return [op.mul(g, op.sigmoid(op.sub(a, b))), op.mul(g, op.sigmoid(op.sub(b, a)))];
    },
    tex: ([a, b]) => `\\log${parenthesized(`e^{${a}} + e^{${b}}`)}`,
    cost: 38,
    points: [...PAIRS, [30, 30], [-10, -9], [1000, -1000], [2, -1e5]],
  },
} as const satisfies Rows;
