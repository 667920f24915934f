// Steps and bounds: rounding, the remainder, clipping.
import * as op from '../ops.ts';
import { factor, parenthesized } from '../print/parentheses.ts';
import { call, LINE, one, type Rows } from './row.ts';

/** Between the jumps. */
const OFF_JUMPS = [-1000.3, -87.7, -3.2, -0.6, -0.3, 1e-3, 0.4, 0.7, 1.2, 2.8, 20.1, 80.9];

export const rounding = {
  floor: {
    meaning: (_, x) => Math.floor(x!),
    lower: (m, _, x) => m.floor(x!),
    grad: () => [undefined], // constant but for the jumps
    tex: ([x]) => `\\lfloor ${x} \\rfloor`,
    cost: 1,
    points: OFF_JUMPS.map(one),
    kinks: [{ at: [2], slopes: () => [0] }],
  },
  round: {
    meaning: (_, x) => {
      const down = Math.floor(x!);
      const rest = x! - down;
      return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1;
    },
    lower: (m, _, x) => {
      const [half, one] = [m.constant(0.5), m.constant(1)];
      const down = m.floor(x!);
      const rest = m.sub(x!, down);
      const odd = m.sub(down, m.mul(m.constant(2), m.floor(m.mul(half, down))));
      const up = m.select(
        m.less(rest, half),
        m.constant(0),
        m.select(m.less(half, rest), one, odd),
      );
      return m.add(down, up);
    },
    grad: () => [undefined],
    tex: call('\\operatorname{round}'),
    cost: 8,
    points: OFF_JUMPS.map(one),
    kinks: [-1.5, -0.5, 0.5, 2.5].map((x) => ({ at: [x], slopes: () => [0] })),
  },
  mod: {
    meaning: (_, a, b) => {
      const rest = a! % b!; // has the sign of a
      return rest !== 0 && rest < 0 !== b! < 0 ? rest + b! : rest;
    },
    lower: (m, _, a, b) => {
      const rest = m.sub(a!, m.mul(b!, m.floor(m.div(a!, b!))));
      // A quotient that a device has rounded over a whole number is one off.
      const low = m.less(m.mul(rest, b!), m.constant(0));
      const high = m.lessEqual(m.abs(b!), m.abs(rest));
      return m.select(low, m.add(rest, b!), m.select(high, m.sub(rest, b!), rest));
    },
    // mod(a, b) = a - b floor(a / b), and a floor is constant.
    grad: (y, g) => [g, op.mul(g, op.neg(op.floor(op.div(y.src[0]!, y.src[1]!))))],
    tex: ([a, b]) => parenthesized(`${factor(a!)} \\bmod ${factor(b!)}`),
    cost: 12,
    points: [
      [5.3, 2],
      [-5.3, 2],
      [5.3, -2],
      [-5.3, -2],
      [0.25, 0.5],
      [100, 0.7],
    ],
    kinks: [{ at: [6, 2], slopes: () => [1, -3] }],
    // b floor(a / b) rounds at the size of a, here up to 142 times that of the remainder.
    ulps: () => 142,
  },
  clip: {
    attributes: [
      { lo: 0, hi: 6 },
      { lo: -2, hi: 0.7 },
    ],
    meaning: ({ lo, hi }, x) => Math.min(Math.max(x!, lo), hi),
    lower: (m, { lo, hi }, x) => m.min(m.max(x!, m.constant(lo)), m.constant(hi)),
    // Over the output, so that the input need not be kept; 0 at the bounds.
    grad: (y, g) => {
      const { lo, hi } = y.attr;
      return [op.where(op.less(y, hi), op.where(op.less(lo, y), g, 0), 0)];
    },
    tex: ([x], { lo, hi }) =>
      call(
        lo === 0 && hi === 6 ? '\\operatorname{ReLU6}' : `\\operatorname{clip}_{[${lo}, ${hi}]}`,
      )([x!]),
    cost: 2,
    points: [...LINE, -1.5, 0.6].map(one),
    kinks: [
      { at: [-2], slopes: () => [0] },
      { at: [6], slopes: () => [0] },
    ],
  },
} as const satisfies Rows;
