// The error function, its complement, and what the complement's logarithm needs.
import * as op from '../ops.ts';
import {
  erf64,
  erfc64,
  erfcHazard64,
  logErfc64,
  logErfcNear,
  lowerErf,
  lowerErfcx,
  lowerGaussian,
  lowerInverseErfcx,
  SLOPE,
} from './erf.ts';
import { call, LINE, one, type Rows } from './row.ts';

/** 2/sqrt(pi) exp(-x^2), the derivative of erf. */
const bell = (x: op.Operand) => op.mul(SLOPE, op.exp(op.neg(op.square(x))));
/** Where the complement is not 0 in float64, and differences of it say something. */
const TAIL = [-20, -3, -1, -0.5, -1e-3, 1e-9, 0.3, 0.501, 1, 2.5, 5, 9];
/** A dozen terms of polynomials round, and below 1 the units are half as large as above. */
const ulps = () => 8;

export const errorFunction = {
  erf: {
    tame: true,
    meaning: (_, x) => erf64(x!),
    lower: (m, _, x) => lowerErf(m, x!),
    grad: (y, g) => [op.mul(g, bell(y.src[0]!))],
    tex: call('\\operatorname{erf}'),
    cost: 48,
    points: [...LINE, 1e-9, 0.89, 0.91, 3.8, 4].map(one),
  },
  erfc: {
    tame: true,
    meaning: (_, x) => erfc64(x!),
    lower: (m, _, x) => {
      const size = m.abs(x!);
      const tail = m.mul(lowerGaussian(m, size), lowerErfcx(m, size));
      return m.select(m.less(x!, m.constant(0)), m.sub(m.constant(2), tail), tail);
    },
    grad: (y, g) => [op.mul(g, op.neg(bell(y.src[0]!)))],
    tex: call('\\operatorname{erfc}'),
    cost: 72,
    points: [...TAIL, -1000, 80].map(one),
    ulps,
  },
  logErfc: {
    meaning: (_, x) => logErfc64(x!),
    lower: (m, _, x) => {
      const near = m.less(m.abs(x!), m.constant(0.5));
      const left = m.less(x!, m.constant(0));
      const scaled = lowerErfcx(m, m.abs(x!));
      const square = m.mul(x!, x!);
      // log(2 - erfc(-x)) below 0, log(exp(x^2) erfc(x)) - x^2 above.
      const tail = m.mul(m.exp(m.neg(square)), scaled);
      const log = m.log(m.select(left, m.sub(m.constant(2), tail), scaled));
      const far = m.sub(log, m.select(left, m.constant(0), square));
      return m.select(near, logErfcNear(m, m.select(near, x!, m.constant(0))), far);
    },
    grad: (y, g) => [op.mul(g, op.neg(op.erfcHazard(y.src[0]!)))],
    tex: call('\\log \\operatorname{erfc}'),
    cost: 88,
    points: [...TAIL, -1000, 20, 80, 1000].map(one),
  },
  erfcHazard: {
    meaning: (_, x) => erfcHazard64(x!),
    lower: (m, _, x) => {
      const size = m.abs(x!);
      const bell = lowerGaussian(m, size);
      const right = lowerInverseErfcx(m, size);
      // Below 0 erfc(x) is 2 - erfc(-x).
      const left = m.div(bell, m.sub(m.constant(2), m.div(bell, right)));
      return m.mul(m.constant(SLOPE), m.select(m.less(x!, m.constant(0)), left, right));
    },
    // h' = h (h - 2 x)
    grad: (y, g) => [op.mul(g, op.mul(y, op.sub(y, op.mul(2, y.src[0]!))))],
    tex: call('\\operatorname{erfcHazard}'),
    cost: 84,
    points: [-6, -3, -1, -1e-3, 1e-9, 0.3, 0.501, 1, 2.5, 6].map(one),
    ulps,
  },
} as const satisfies Rows;
