// How people write numbers: as fractions and logarithms where they are.

const MAX_DIVISOR = 100;

/** The fraction that people write for a number: 1/2 and 2/3, but 0.01 and 0.4. */
export function fractionOf(x: number): readonly [number, number] {
  const inverse = Math.round(1 / x);
  const n = isQuotient(x, 1, inverse) ? inverse : 0;
  const [fraction, decimal] = [`1/${n}`.length, String(x).length];
  if (n > 1 && (fraction < decimal || (fraction === decimal && n < 10))) return [1, n];
  // 0.6666666666666666: digits without an end are of a fraction, if of a simple one.
  if (decimal < 15) return [x, 1];
  for (let q = 3; q <= MAX_DIVISOR; q++) {
    if (isQuotient(x, Math.round(x * q), q)) return [Math.round(x * q), q];
  }
  return [x, 1];
}

/** The n of a number that is log(n): the log(2) in the derivative of 2^x. */
export function logarithmOf(x: number): number | undefined {
  const n = Math.round(Math.exp(Math.min(x, 5)));
  return n > 1 && Math.abs(Math.log(n) - x) <= Number.EPSILON * x ? n : undefined;
}

const isQuotient = (x: number, p: number, q: number): boolean =>
  p > 0 && Math.abs(p / q - x) <= 2 * Number.EPSILON * x;
