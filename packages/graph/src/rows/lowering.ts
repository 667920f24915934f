// Functions in machine ops, accurate in float32 and finite where the function is.
import type { Machine } from '../machine.ts';

/**
 * artanh(s) / s - 1 = s^2/3 + s^4/5 + ... for |s| <= 1/3: the first term left out is below 1e-9.
 */
function artanhRest<E>(m: Machine<E>, s: E): E {
  const s2 = m.mul(s, s);
  return m.mul(
    s2,
    horner(
      m,
      s2,
      [3, 5, 7, 9, 11, 13, 15, 17].map((k) => 1 / k),
    ),
  );
}

/** artanh(s) for |s| <= 1/3. Here and below the argument is added last: it has no rounding. */
export const artanhSeries = <E>(m: Machine<E>, s: E): E => m.add(s, m.mul(s, artanhRest(m, s)));

/** log(1 + t) for t in [-1/2, 1]: 2 artanh(s), s = t / (2 + t), |s| <= 1/3; 2 s = t - s t. */
export function log1pSeries<E>(m: Machine<E>, t: E): E {
  const s = m.div(t, m.add(m.constant(2), t));
  return m.sub(t, m.mul(s, m.sub(t, m.mul(m.constant(2), artanhRest(m, s)))));
}

/** log(1 + t), with all digits near 0. */
export function lowerLog1p<E>(m: Machine<E>, t: E): E {
  const near = m.mul(m.less(m.constant(-0.5), t), m.less(t, m.constant(1)));
  // The series diverges far out: it is fed 0 there, for select may evaluate both sides.
  const safe = m.select(near, t, m.constant(0));
  return m.select(near, log1pSeries(m, safe), m.log(m.add(m.constant(1), t)));
}

/**
 * exp(x) - 1 = x + x^2 p(x) for |x| <= 0.7; p is the polynomial of degree 6 that is best for the
 * whole in relative error (by Remez' exchange); off by 1.5e-9.
 */
export function expm1Near<E>(m: Machine<E>, x: E): E {
  const coefficients = [
    0.5000000029, 0.166666725, 0.04166661874, 0.008332601622, 0.001389047757, 0.0002010061306,
    2.478187935e-5,
  ];
  return m.add(x, m.mul(m.mul(x, x), horner(m, x, coefficients)));
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

/**
 * tanh(x) = x + x^3 p(x^2) below 0.7, p the polynomial of degree 5 that is best for the whole in
 * relative error (by Remez' exchange), off by 8e-10; by exp(-2 |x|) above.
 */
export function lowerTanh<E>(m: Machine<E>, x: E): E {
  const size = m.abs(x);
  const x2 = m.mul(x, x);
  const coefficients = [
    -0.3333332363, 0.1333295091, -0.05391756891, 0.02155585202, -0.00785258573, 0.00187275512,
  ];
  const small = m.add(x, m.mul(m.mul(x, x2), horner(m, x2, coefficients)));
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
