// Arithmetic on positions along dimensions: a view says once where its elements come from, and the
// interpreter reads it with numbers, the compiler with loop variables.

/** What can be done with a position; `by`, `step` and the like are whole numbers. */
export interface Positions<I> {
  readonly zero: I;
  add(a: I, b: I): I;
  /** at + step * i */
  affine(i: I, step: number, at: number): I;
  /** floor(i / by) */
  quotient(i: I, by: number): I;
  /** i - by * floor(i / by) */
  remainder(i: I, by: number): I;
  /** i, but at least 0 and at most `most`. */
  clamp(i: I, most: number): I;
}

/** A condition on a position: from <= i < below. */
export interface Inside<I> {
  readonly i: I;
  readonly from: number;
  readonly below: number;
}

/** Positions as numbers. */
export const numbers: Positions<number> = {
  zero: 0,
  add: (a, b) => a + b,
  affine: (i, step, at) => at + step * i,
  quotient: (i, by) => Math.floor(i / by),
  remainder: (i, by) => i - by * Math.floor(i / by),
  clamp: (i, most) => Math.min(Math.max(i, 0), most),
};

/** Floats between neighbours along each dimension of a row-major tensor. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride;
    stride *= shape[d]!;
  }
  return strides;
}

/** The position in row-major order. */
export const flatPosition = <I>(p: Positions<I>, at: readonly I[], shape: readonly number[]): I =>
  rowMajorStrides(shape).reduce(
    (sum, stride, d) => p.add(sum, p.affine(at[d]!, stride, 0)),
    p.zero,
  );

/** Where along each dimension a position in row-major order is. */
export const unflatten = <I>(p: Positions<I>, flat: I, shape: readonly number[]): I[] =>
  rowMajorStrides(shape).map((stride, d) => p.remainder(p.quotient(flat, stride), shape[d]!));
