// Hyperbolic functions and their inverses; tanh stands with the activations.
import type { Machine } from '../machine.ts';
import * as op from '../ops.ts';
import { artanhSeries, horner, lowerLog1p, withSignOf } from './lowering.ts';
import { call, LINE, one, type Rows } from './row.ts';

/** exp(size) / 2 and exp(-size) / 2: as squares of exp(size / 2), for exp(89) overflows. */
function halves<E>(m: Machine<E>, size: E): readonly [E, E] {
  const root = m.exp(m.mul(m.constant(0.5), size));
  const half = m.constant(0.5);
  return [m.mul(m.mul(half, root), root), m.div(m.div(half, root), root)];
}

/** Beyond this x^2 + 1 is x^2 in float32, and x^2 may overflow. */
const FAR = 1e4;

/**
 * log(1 + t(x)), or log(2 x) = log(1 + (x - 1)) + log(2) for x > FAR; `t` is given x no larger
 * than FAR.
 */
function logOrDouble<E>(m: Machine<E>, x: E, t: (near: E) => E): E {
  const far = m.less(m.constant(FAR), x);
  const inner = m.select(far, m.sub(x, m.constant(1)), t(m.min(x, m.constant(FAR))));
  return m.add(lowerLog1p(m, inner), m.select(far, m.constant(Math.LN2), m.constant(0)));
}

/** x + sqrt(1 + x^2) - 1 = x + x^2 / (1 + sqrt(1 + x^2)) */
function asinhOffset<E>(m: Machine<E>, x: E): E {
  const square = m.mul(x, x);
  const root = m.sqrt(m.add(m.constant(1), square));
  return m.add(x, m.div(square, m.add(m.constant(1), root)));
}

export const hyperbolic = {
  sinh: {
    meaning: (_, x) => Math.sinh(x!),
    lower: (m, _, x) => {
      const near = m.less(m.abs(x!), m.constant(1));
      const safe = m.select(near, x!, m.constant(0));
      // Taylor: the first term left out is below 2e-10.
      const series = horner(m, m.mul(safe, safe), [
        1,
        1 / 6,
        1 / 120,
        1 / 5040,
        1 / 362880,
        1 / 39916800,
      ]);
      const [up, down] = halves(m, m.abs(x!));
      return m.select(near, m.mul(safe, series), withSignOf(m, x!, m.sub(up, down)));
    },
    grad: (y, g) => [op.mul(g, op.cosh(y.src[0]!))],
    tex: call('\\sinh'),
    cost: 40,
    points: [...LINE, 0.99, 1.01, 89].map(one),
  },
  cosh: {
    meaning: (_, x) => Math.cosh(x!),
    lower: (m, _, x) => m.add(...halves(m, m.abs(x!))),
    grad: (y, g) => [op.mul(g, op.sinh(y.src[0]!))],
    tex: call('\\cosh'),
    cost: 28,
    points: [...LINE, 89].map(one),
  },
  asinh: {
    tame: true,
    meaning: (_, x) => Math.asinh(x!),
    lower: (m, _, x) =>
      withSignOf(
        m,
        x!,
        logOrDouble(m, m.abs(x!), (near) => asinhOffset(m, near)),
      ),
    grad: (y, g) => [op.mul(g, op.pow(op.add(1, op.square(y.src[0]!)), -0.5))],
    tex: call('\\operatorname{arsinh}'),
    cost: 64,
    points: [...LINE, 1e-9, -1e4, 1e5, 1e30].map(one),
  },
  acosh: {
    meaning: (_, x) => Math.acosh(x!),
    // x + sqrt(x^2 - 1) = 1 + (w + sqrt(w) sqrt(w + 2)), w = x - 1; two roots, for a product of
    // two negative numbers has one, and below 1 there is no value.
    lower: (m, _, x) =>
      logOrDouble(m, x!, (near) => {
        const w = m.sub(near, m.constant(1));
        return m.add(w, m.mul(m.sqrt(w), m.sqrt(m.add(w, m.constant(2)))));
      }),
    grad: (y, g) => [op.mul(g, op.pow(op.sub(op.square(y.src[0]!), 1), -0.5))],
    tex: call('\\operatorname{arcosh}'),
    cost: 66,
    points: [1.01, 1.2, 1.3, 2.5, 80, 9e3, 2e4, 1e30].map(one),
    kinks: [{ at: [1], slopes: () => [Number.POSITIVE_INFINITY] }],
  },
  atanh: {
    meaning: (_, x) => Math.atanh(x!),
    lower: (m, _, x) => {
      const size = m.abs(x!);
      const near = m.less(size, m.constant(1 / 3));
      const safe = m.select(near, x!, m.constant(0));
      const ratio = m.div(m.add(m.constant(1), size), m.sub(m.constant(1), size));
      const far = withSignOf(m, x!, m.mul(m.constant(0.5), m.log(ratio)));
      return m.select(near, artanhSeries(m, safe), far);
    },
    grad: (y, g) => [op.div(g, op.sub(1, op.square(y.src[0]!)))],
    tex: call('\\operatorname{artanh}'),
    cost: 48,
    points: [-0.99, -0.5, -0.33, -1e-6, 1e-9, 0.3, 0.34, 0.9].map(one),
  },
} as const satisfies Rows;
