// Functions in machine ops, accurate in float32 and finite where the function is.
import type { Machine } from '../machine.ts';

/** artanh(s) for |s| <= 1/3, by its series. */
export function artanhSeries<E>(m: Machine<E>, s: E): E {
  const s2 = m.mul(s, s);
  // 1 + s^2/3 + s^4/5 + ...: the first term left out is below 1e-9.
  const series = [15, 13, 11, 9, 7, 5, 3].reduce(
    (sum, k) => m.add(m.constant(1 / k), m.mul(s2, sum)),
    m.constant(1 / 17),
  );
  return m.mul(s, m.add(m.constant(1), m.mul(s2, series)));
}

/** log(1 + t) for t in [-1/2, 1]: 2 artanh(s), s = t / (2 + t), |s| <= 1/3. */
export function log1pSeries<E>(m: Machine<E>, t: E): E {
  return m.mul(m.constant(2), artanhSeries(m, m.div(t, m.add(m.constant(2), t))));
}

/** log(1 + t), with all digits near 0. */
export function lowerLog1p<E>(m: Machine<E>, t: E): E {
  const near = m.mul(m.less(m.constant(-0.5), t), m.less(t, m.constant(1)));
  // The series diverges far out: it is fed 0 there, for select may evaluate both sides.
  const safe = m.select(near, t, m.constant(0));
  return m.select(near, log1pSeries(m, safe), m.log(m.add(m.constant(1), t)));
}

/**
 * exp(x) - 1 for |x| <= 0.7: with the Pade approximant [4/4] of exp, (E + O) / (E - O) of an even
 * and an odd polynomial, it is 2 O / (E - O). The approximant is off by less than 2e-9.
 */
export function expm1Near<E>(m: Machine<E>, x: E): E {
  const x2 = m.mul(x, x);
  const even = horner(m, x2, [1680, 180, 1]);
  const odd = m.mul(x, horner(m, x2, [840, 20]));
  return m.div(m.mul(m.constant(2), odd), m.sub(even, odd));
}

/** `size` with the sign of x. */
export const withSignOf = <E>(m: Machine<E>, x: E, size: E): E =>
  m.select(m.less(x, m.constant(0)), m.neg(size), size);

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
  return m.select(m.less(size, m.constant(0.7)), small, withSignOf(m, x, large));
}

/** 1 / (1 + exp(-|x|)), mirrored, so that exp cannot overflow and small values keep digits. */
export function lowerSigmoid<E>(m: Machine<E>, x: E): E {
  const e = m.exp(m.neg(m.abs(x)));
  const upper = m.div(m.constant(1), m.add(m.constant(1), e));
  return m.select(m.less(x, m.constant(0)), m.mul(e, upper), upper);
}
