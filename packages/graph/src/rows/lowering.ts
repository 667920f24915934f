// Functions in machine ops, accurate in float32 and finite where the function is.
import type { Machine } from '../machine.ts';

/** log(1 + t) for t in [-1/2, 1]: 2 artanh(s), s = t / (2 + t), |s| <= 1/3, by its series. */
export function log1pSeries<E>(m: Machine<E>, t: E): E {
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
export function horner<E>(m: Machine<E>, x: E, coefficients: readonly number[]): E {
  const [last, ...rest] = [...coefficients].reverse();
  return rest.reduce<E>((sum, c) => m.add(m.constant(c), m.mul(x, sum)), m.constant(last!));
}

/** Repeated squaring and a square root where they do, exp(p log x) for the other exponents. */
export function lowerPow<E>(m: Machine<E>, x: E, p: number): E {
  if (p < 0) return m.div(m.constant(1), lowerPow(m, x, -p));
  if (p === 0.5) return m.sqrt(x);
  if (p === 1) return x;
  if (!isHalfInteger(p)) return m.exp(m.mul(m.constant(p), m.log(x)));
  if (!Number.isInteger(p)) return m.mul(lowerPow(m, x, p - 0.5), m.sqrt(x));
  const half = lowerPow(m, x, Math.floor(p / 2));
  const square = m.mul(half, half);
  return p % 2 === 0 ? square : m.mul(square, x);
}

/** Is p a multiple of 1/2? */
export const isHalfInteger = (p: number): boolean => Number.isInteger(2 * p);

/** tanh: Pade approximant [7/6] of its continued fraction below 0.7, by exp above. */
export function lowerTanh<E>(m: Machine<E>, x: E): E {
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
export function lowerSigmoid<E>(m: Machine<E>, x: E): E {
  const e = m.exp(m.neg(m.abs(x)));
  const upper = m.div(m.constant(1), m.add(m.constant(1), e));
  return m.select(m.less(x, m.constant(0)), m.mul(e, upper), upper);
}
