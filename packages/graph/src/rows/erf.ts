// The error function in float64 and in machine ops; the rows stand in error-function.ts.
import type { Machine } from '../machine.ts';
import { horner, withSignOf } from './lowering.ts';

/** erf'(0) */
export const SLOPE = 2 / Math.sqrt(Math.PI);
/** Below this size erf has its digits from a series, above it 1 - erf from a fraction. */
const NEAR = 0.5;

/** erf(x) for |x| < 1/2: 2/sqrt(pi) exp(-x^2) times the sum of x (2 x^2)^n / (2n + 1)!! */
function erfNear(x: number): number {
  let term = x;
  let sum = 0;
  for (let n = 1; sum + term !== sum; n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 1);
  }
  return SLOPE * Math.exp(-x * x) * sum;
}

/**
 * exp(-x^2) / (sqrt(pi) erfc(x)) for x >= 1/2: the continued fraction
 * x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...))) of Laplace, from its end. Its error after N steps is
 * near exp(-2 x sqrt(2 N)).
 */
function laplace(x: number): number {
  let value = x;
  for (let k = 8 + Math.ceil(200 / (x * x)); k > 0; k--) value = x + k / 2 / value;
  return value;
}

/** exp(-x^2) with the digits of x^2 that one float64 does not hold. */
function gaussian(x: number): number {
  const size = Math.min(Math.abs(x), 40); // exp(-900) is 0
  const high = Math.fround(size);
  return Math.exp(-high * high) * Math.exp((high - size) * (high + size));
}

/** erfc(x) in float64. */
export function erfc64(x: number): number {
  if (Math.abs(x) < NEAR) return 1 - erfNear(x);
  const tail = gaussian(x) / (Math.sqrt(Math.PI) * laplace(Math.abs(x)));
  return x < 0 ? 2 - tail : tail;
}

/** erf(x) in float64. */
export const erf64 = (x: number): number =>
  Math.abs(x) < NEAR ? erfNear(x) : Math.sign(x) * (1 - erfc64(Math.abs(x)));

/** log(erfc(x)) in float64. */
export function logErfc64(x: number): number {
  if (x < NEAR) return Math.log1p(-erf64(x));
  return -x * x - Math.log(Math.sqrt(Math.PI) * laplace(x));
}

/** 2/sqrt(pi) exp(-x^2) / erfc(x) in float64. */
export const erfcHazard64 = (x: number): number =>
  x < NEAR ? (SLOPE * gaussian(x)) / erfc64(x) : 2 * laplace(x);

/**
 * erf(x) = x + x p(x^2) below 0.9, 1 - exp(q(|x|)) above; p and q are the polynomials of degree 6
 * that are best for the whole in relative error (by Remez' exchange), off by 3e-10 and 1.7e-9.
 * From 4 on erf rounds to 1.
 */
export function lowerErf<E>(m: Machine<E>, x: E): E {
  const size = m.min(m.abs(x), m.constant(4));
  const p = horner(
    m,
    m.mul(size, size),
    [
      0.1283791668, -0.3761263498, 0.1128371503, -0.02686050846, 0.005203859163, -0.0008175639349,
      8.513104374e-5,
    ],
  );
  const q = horner(
    m,
    size,
    [
      -0.0001664488077, -1.127797238, -0.6369760917, -0.1041136712, 0.02231520937, -0.003065489358,
      0.0001982195564,
    ],
  );
  const far = withSignOf(m, x, m.sub(m.constant(1), m.exp(q)));
  return m.select(m.less(size, m.constant(0.9)), m.add(x, m.mul(x, p)), far);
}

/**
 * (1 + 2 x) exp(x^2) erfc(x) for x >= 0: a polynomial in (x - 3) / (x + 3), the best in relative
 * error among those of degree 11 (found by iteratively reweighted least squares); off by 3.3e-9.
 */
function scaledTail<E>(m: Machine<E>, x: E): E {
  const three = m.constant(3);
  return horner(
    m,
    m.div(m.sub(x, three), m.add(x, three)),
    [
      1.253008057, -0.1356210578, -0.04756218386, 0.1296438561, -0.1192750342, 0.06831813999,
      -0.02376431446, 0.002495275501, 0.001875985429, -0.0007223976587, -9.292965471e-5,
      7.576719009e-5,
    ],
  );
}

const oneAndDouble = <E>(m: Machine<E>, x: E): E => m.add(m.constant(1), m.add(x, x));

/** exp(x^2) erfc(x) for x >= 0. */
export const lowerErfcx = <E>(m: Machine<E>, x: E): E =>
  m.div(scaledTail(m, x), oneAndDouble(m, x));

/** Its inverse. */
export const lowerInverseErfcx = <E>(m: Machine<E>, x: E): E =>
  m.div(oneAndDouble(m, x), scaledTail(m, x));

/** exp(-x^2) for x >= 0: the square of a multiple of 1/16 is exact, what is left is small. */
export function lowerGaussian<E>(m: Machine<E>, x: E): E {
  const size = m.min(x, m.constant(20)); // exp(-400) is 0
  const high = m.mul(m.floor(m.mul(size, m.constant(16))), m.constant(1 / 16));
  const rest = m.mul(m.sub(high, size), m.add(high, size));
  return m.mul(m.exp(m.neg(m.mul(high, high))), m.exp(rest));
}

/**
 * log(erfc(x)) for |x| <= 1/2: x times a polynomial, the best in relative error among those of
 * degree 6 (found by iteratively reweighted least squares); off by 2.1e-9.
 */
export function logErfcNear<E>(m: Machine<E>, x: E): E {
  const coefficients = [
    -1.128379165, -0.6366197912, -0.1027728615, 0.01912915223, 0.0002143743505, -0.001703322757,
    0.0005571781954,
  ];
  return m.mul(x, horner(m, x, coefficients));
}
