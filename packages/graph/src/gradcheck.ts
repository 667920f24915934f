// Proves a gradient against central differences in float64.
import type { Sizes } from './feed.ts';
import { grad, paramsOf } from './grad.ts';
import { interpret, interpretAll, type Tensor64, type Values } from './interpret.ts';
import { type Node, nameOf } from './node.ts';

/** What `gradCheck` found. */
export interface GradCheck {
  /**
   * |numeric - analytic| / (|numeric| + |analytic|), Euclidean norms over all parameters; 0 where
   * they differ by no more than rounding makes of a difference, as where all is saturated.
   */
  readonly ratio: number;
  /** The same for each parameter. */
  readonly params: Readonly<Record<string, number>>;
  /** The entry with the largest difference. */
  readonly worst: { param: string; index: number; analytic: number; numeric: number };
}

/** Options of `gradCheck`. */
export interface GradCheckOptions {
  /** The parameters to check; all unless given. */
  readonly params?: readonly Node[];
  /** Step of the difference, relative to max(1, |x|); 1e-5 unless given. */
  readonly epsilon?: number;
  /** Symbolic sizes that the data do not tell. */
  readonly sizes?: Sizes;
}

/**
 * Compares grad(J, p) with central differences of J in float64, entry by entry. A right one of
 * a smooth J has a ratio below 1e-7; a wrong one is near 1.
 * @param values data of every input and parameter, by name
 */
export function gradCheck(J: Node, values: Values, options: GradCheckOptions = {}): GradCheck {
  const params = options.params ?? paramsOf([J]);
  const { epsilon = 1e-5, sizes = {} } = options;
  // Together, for the data of all tell the sizes of each.
  const roots = [J, ...params, ...grad(J, params)];
  const [cost, ...all] = interpretAll(roots, values, sizes) as [Tensor64, ...Tensor64[]];
  const at = all.slice(0, params.length);
  const analytic = all.slice(params.length);
  const evaluate = (changed: Values) => interpret(J, { ...values, ...changed }, sizes).data[0]!;
  const numeric = params.map((p, i) => differences(evaluate, nameOf(p)!, at[i]!, epsilon));
  // A difference of two roundings of J is no sign of a slope.
  const noise = (4 * Number.EPSILON * Math.abs(cost.data[0]!)) / epsilon;
  const name = (i: number): string => nameOf(params[i]!) ?? `parameter ${i}`;
  const flat = (tensors: readonly Tensor64[]): number[] => tensors.flatMap((t) => [...t.data]);
  return {
    ratio: ratio(flat(analytic), flat(numeric), noise),
    params: Object.fromEntries(
      params.map((_, i) => [name(i), ratio(analytic[i]!.data, numeric[i]!.data, noise)]),
    ),
    worst: worst(analytic, numeric, name),
  };
}

function differences(
  J: (changed: Values) => number,
  name: string,
  at: Tensor64,
  epsilon: number,
): Tensor64 {
  const evaluate = (i: number, x: number): number => {
    const data = at.data.slice();
    data[i] = x;
    return J({ [name]: { shape: at.shape, data } });
  };
  const data = at.data.map((x, i) => {
    const h = epsilon * Math.max(1, Math.abs(x));
    return (evaluate(i, x + h) - evaluate(i, x - h)) / (2 * h);
  });
  return { shape: at.shape, data };
}

const norm = (x: ArrayLike<number>): number => Math.hypot(...Array.from(x));

function ratio(a: ArrayLike<number>, b: ArrayLike<number>, noise: number): number {
  const size = norm(a) + norm(b);
  const distance = norm(Array.from(a, (v, i) => v - b[i]!));
  // NaN is no agreement.
  return distance <= noise * Math.sqrt(a.length) ? 0 : distance / size;
}

function worst(
  analytic: readonly Tensor64[],
  numeric: readonly Tensor64[],
  name: (i: number) => string,
): GradCheck['worst'] {
  let found = { param: '', index: -1, analytic: 0, numeric: 0 };
  let largest = -1;
  analytic.forEach((t, k) => {
    t.data.forEach((a, index) => {
      const n = numeric[k]!.data[index]!;
      const distance = Math.abs(a - n);
      if (distance <= largest) return;
      largest = distance;
      found = { param: name(k), index, analytic: a, numeric: n };
    });
  });
  return found;
}
