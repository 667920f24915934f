// Errors of a function on a device, in units in the last place, over all exponents of float32.
import { compile, type DeviceKind } from '@chainrule/compiler';
import { input } from '@chainrule/graph';
import type { Measured } from './functions.ts';

/** What was found for one function. */
export interface Accuracy {
  /** Units in the last place, and where. */
  readonly worst: number;
  readonly at: number;
  /** The part of the values that are the float32 nearest to the truth. */
  readonly nearest: number;
}

/** Values of a sign and an exponent. */
const MANTISSAS = 2 ** 23;
const EXPONENTS = 255;

/** The distance of neighbouring float32 numbers at x; below 2^-126 they are evenly spaced. */
export function unitAt(x: number): number {
  return 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(x)))) - 23);
}

/** In units in the last place; Infinity where only one of the two is finite. */
export function errorOf(found: number, truth: number): number {
  const rounded = Math.fround(truth);
  if (found === rounded || (Number.isNaN(found) && Number.isNaN(truth))) return 0;
  if (!Number.isFinite(found) || !Number.isFinite(rounded)) return Number.POSITIVE_INFINITY;
  return Math.abs(found - truth) / unitAt(truth);
}

/**
 * Asks a device for a function at `count` numbers of each sign and exponent, evenly spread, the
 * last bits at random but the same in every run.
 */
export async function measure(
  { build, truth }: Measured,
  count: number,
  device: DeviceKind,
): Promise<Accuracy> {
  const node = build(input('n', { name: 'x' }));
  using run = await compile(node, { sizes: { n: count }, device });
  const x = new Float32Array(count);
  const bits = new Uint32Array(x.buffer);
  const stride = MANTISSAS / count;
  let [worst, at, nearest] = [0, 0, 0];
  for (let head = 0; head < 2 * EXPONENTS; head++) {
    const [sign, exponent] = [head % 2, head >> 1];
    for (let i = 0; i < count; i++) {
      const within = (Math.imul(i, 0x9e3779b1) >>> 0) % stride;
      bits[i] = sign * 2 ** 31 + exponent * MANTISSAS + i * stride + within;
    }
    const found = await run.value(node, { x });
    const data = typeof found === 'number' ? [found] : found.data;
    for (let i = 0; i < count; i++) {
      const error = errorOf(data[i]!, truth(x[i]!));
      if (error <= 0.5) nearest++;
      if (error > worst) [worst, at] = [error, x[i]!];
    }
  }
  return { worst, at, nearest: nearest / (2 * EXPONENTS * count) };
}
