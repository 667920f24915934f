// What is true: the rows of the comparison and their values from fixtures/numerics.py, and what
// counts as right. It must not know who is compared.
import truth from '../../fixtures/numerics.json' with { type: 'json' };

/** A formula whose value and gradient are compared. */
export type Stability = keyof typeof truth.stability;
/** A function whose second derivative is compared. */
export type Second = keyof typeof truth.second;

/** One number to find: `order` 0 is the value, 1 the gradient, 2 the second derivative. */
export interface Cell<Row = Stability | Second> {
  readonly row: Row;
  readonly x: number;
  readonly order: 0 | 1 | 2;
  readonly truth: number;
}

/** Values and gradients, row by row. */
export const stability: readonly Cell<Stability>[] = Object.entries(truth.stability).flatMap(
  ([name, points]) =>
    points.flatMap(({ x, value, gradient }) => {
      const row = name as Stability;
      return [
        { row, x, order: 0 as const, truth: Number(value) },
        { row, x, order: 1 as const, truth: Number(gradient) },
      ];
    }),
);

/** Second derivatives, function by function. */
export const second: readonly Cell<Second>[] = Object.entries(truth.second).flatMap(
  ([name, points]) =>
    points.map(({ x, second }) => ({
      row: name as Second,
      x,
      order: 2 as const,
      truth: Number(second),
    })),
);

/** What stands for x in a formula: two rows take a vector that starts with it. */
export function argument(row: Cell['row'], x: number): number | readonly number[] {
  if (row === 'log(softmax([z, 0, -z])), first entry') return [x, 0, -x];
  if (row === 'sqrt(sum(x^2)), x = [0, 0, 0]') return [x, 0, 0];
  return x;
}

/** What a contender found: a number, or the error that it threw. */
export type Found = number | { readonly error: string };

/** From the best to the worst. */
export const VERDICTS = ['right', 'rounded', 'wrong', 'Infinity', 'NaN', 'throws'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Three of float32's seven digits may go in roundings: about 1,700 units in the last place. */
export const TOLERANCE = 1e-4;
/** The smallest normal float32: GPUs take what is below for 0. */
const TINY = 2 ** -126;
/** An error that a float32 near 1 would hardly show: ten units in the last place. */
export const SMALL = 1e-6;

/** Judges what was found against the truth. */
export function judge(found: Found, truth: number): Verdict {
  if (typeof found !== 'number') return 'throws';
  if (Number.isNaN(found)) return 'NaN';
  if (found === truth) return 'right';
  if (!Number.isFinite(found)) return 'Infinity';
  const error = Math.abs(found - truth);
  if (error <= TOLERANCE * Math.abs(truth) + TINY && error < Number.POSITIVE_INFINITY) {
    return 'right';
  }
  return error <= SMALL ? 'rounded' : 'wrong';
}

/** The worst of several verdicts. */
export const worst = (verdicts: readonly Verdict[]): Verdict =>
  VERDICTS[Math.max(...verdicts.map((verdict) => VERDICTS.indexOf(verdict)))]!;
