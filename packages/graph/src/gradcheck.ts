// Proves a gradient, or a second derivative, against numeric slopes in float64.
import { checkObject } from './checks.ts';
import { hvp } from './derivatives.ts';
import { ChainruleError } from './errors.ts';
import type { Sizes } from './feed.ts';
import { grad, paramsOf } from './grad.ts';
import { interpretAll, type Values } from './interpret.ts';
import { input } from './leaves.ts';
import { checkNodes, isLeaf, type Node, named, nameOf } from './node.ts';
import { createRandom, type Random } from './random.ts';
import { type Method, type Point, pointAt, slopesAlong } from './slopes.ts';

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
  readonly worst: WorstEntry;
  /** `'complex step'` if every numeric derivative was found by one, else central differences. */
  readonly method: Method;
}

/** One entry of a derivative, and what it is by numbers; `index` is row-major. */
export interface WorstEntry {
  readonly param: string;
  readonly index: number;
  readonly analytic: number;
  readonly numeric: number;
  readonly method: Method;
}

/** Options of `gradCheck`. */
export interface GradCheckOptions {
  /** The parameters to check, or inputs; all parameters unless given. */
  readonly params?: readonly Node[];
  /** 2 checks the derivative of the gradient, along random directions; 1 unless given. */
  readonly order?: 1 | 2;
  /** Larger parameters are checked along random directions; 200 entries unless given. */
  readonly maxEntries?: number;
  /** How many random directions; 4 unless given. */
  readonly directions?: number;
  /** Seed of the directions; 1 unless given. */
  readonly seed?: number;
  /**
   * Step of plain central differences, relative to max(1, |x|). Unless given, slopes come from a
   * complex step, or from central differences at several steps, extrapolated.
   */
  readonly epsilon?: number;
  /** Symbolic sizes that the data do not tell. */
  readonly sizes?: Sizes;
}

/**
 * Compares grad(J, p) with slopes of J in float64, or, with `order: 2`, hvp(J, p, v) with slopes
 * of grad(J, p). A right one of a smooth J has a ratio below 1e-7; a wrong one is near 1.
 * @param values data of every input and parameter, by name
 * @throws ChainruleError for what is no leaf with a name
 */
export function gradCheck(J: Node, values: Values, options: GradCheckOptions = {}): GradCheck {
  const found = compare(J, values, options);
  const all = found.flatMap(({ entries }) => entries);
  return {
    ratio: ratio(all),
    params: Object.fromEntries(found.map(({ name, entries }) => [name, ratio(entries)])),
    worst: worstOf(found),
    method: all.every(({ method }) => method === 'complex step') ? 'complex step' : DIFFERENCES,
  };
}

/**
 * `gradCheck` that throws: for tests.
 * @param options those of `gradCheck`, and the largest ratio that is right: 1e-6 unless given
 * @throws ChainruleError with the parameter that is off, its worst entry and both numbers
 */
export function assertGradients(
  J: Node,
  values: Values,
  options: GradCheckOptions & { readonly tolerance?: number } = {},
): void {
  checkObject('assertGradients', options, 'options by name: { order: 2 }');
  const { tolerance = 1e-6, order = 1 } = options;
  for (const each of compare(J, values, options)) {
    const size = ratio(each.entries);
    if (size <= tolerance) continue;
    const { param, index, analytic, numeric, method } = worstOf([each]);
    const what = order === 1 ? 'gradient' : 'second derivative';
    throw new ChainruleError(
      `the ${what} of ${nameOf(J) ?? 'the function'} is off at ${param}, entry ${index}: it is ` +
        `${analytic}, by ${method} ${numeric}; ` +
        `the ratio of ${param} is ${size}, above ${tolerance}.`,
      `check the derivatives of the ops that use ${param}; at a kink or a jump there is none, ` +
        'so take other data.',
    );
  }
}

const DIFFERENCES = 'central differences';

/** One derivative; along a direction through many entries it can `locate` the worst of them. */
interface Entry extends Omit<WorstEntry, 'param'> {
  readonly noise: number;
  readonly locate?: () => Entry;
}

interface Compared {
  readonly name: string;
  readonly entries: readonly Entry[];
}

function compare(J: Node, values: Values, options: GradCheckOptions): Compared[] {
  checkObject('gradCheck', options, 'options by name: { order: 2 }');
  const params = options.params ?? paramsOf([J]);
  checkNodes(params);
  for (const p of params) checkParameter(p);
  const gradients = grad(J, params);
  if (options.order === 2) return secondOrder(J, params, gradients, values, options);
  const point = pointAt([J], [...params, ...gradients], values, options);
  const { maxEntries = 200, directions = 4, seed = 1 } = options;
  const random = createRandom(seed);
  return params.map((p, k) => {
    const slope = point.known.get(gradients[k]!)!.data;
    const entries =
      slope.length <= maxEntries
        ? Array.from(slope, (_, i) => atEntry(point, p, slope, i))
        : Array.from({ length: directions }, () => alongRandom(point, p, slope, random));
    return { name: nameOf(p)!, entries };
  });
}

function checkParameter(p: Node): void {
  if (isLeaf(p) && nameOf(p) !== undefined) return;
  const what = nameOf(p) ?? `an unnamed ${p.op}`;
  throw new ChainruleError(
    `gradCheck: ${what} has no data to move.`,
    'check named parameters and inputs.',
  );
}

/** Steps are relative to the size of what moves. */
const unit = (x: number): number => Math.max(1, Math.abs(x));

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((s, x, i) => s + x * b[i]!, 0);

function along(point: Point, p: Node, slope: Float64Array, v: Float64Array, index = -1): Entry {
  const { method, entries } = slopesAlong(point, new Map([[p, v]]));
  const { slope: numeric, noise } = entries[0]!;
  return { index, analytic: dot(slope, v), numeric, noise, method };
}

function atEntry(point: Point, p: Node, slope: Float64Array, index: number): Entry {
  const size = unit(point.known.get(p)!.data[index]!);
  const v = slope.map((_, i) => (i === index ? size : 0));
  const found = along(point, p, slope, v, index);
  const [numeric, noise] = [found.numeric / size, found.noise / size];
  return { ...found, analytic: slope[index]!, numeric, noise };
}

function alongRandom(point: Point, p: Node, slope: Float64Array, random: Random): Entry {
  const v = directionOf(point, p, random);
  // Halves the direction, keeping the half that is further off, down to one entry.
  const locate = (): Entry => {
    let [from, to] = [0, v.length];
    while (to - from > 1) {
      const middle = (from + to) >> 1;
      const [left, right] = [0, 1].map((side) => {
        const half = v.map((x, i) =>
          i >= from && i < to && Number(i >= middle) === side ? x : 0,
        );
        return distance(along(point, p, slope, half));
      }) as [number, number];
      if (left >= right) to = middle;
      else from = middle;
    }
    return atEntry(point, p, slope, from);
  };
  return { ...along(point, p, slope, v), locate };
}

const directionOf = (point: Point, p: Node, random: Random): Float64Array =>
  point.known.get(p)!.data.map((x) => unit(x) * random.normal());

function secondOrder(
  J: Node,
  params: readonly Node[],
  gradients: readonly Node[],
  values: Values,
  { directions = 4, seed = 1, ...options }: GradCheckOptions,
): Compared[] {
  const random = createRandom(seed);
  const vs = params.map((p) => named(input(...p.shape), `direction of ${nameOf(p)}`));
  const products = hvp(J, params, vs);
  const point = pointAt(gradients, params, values, options);
  const found: Entry[][] = params.map(() => []);
  for (let k = 0; k < directions; k++) {
    const direction = new Map(params.map((p) => [p, directionOf(point, p, random)]));
    const fed = params.map((p, i) => {
      const { shape } = point.known.get(p)!;
      return [nameOf(vs[i]!)!, { shape, data: direction.get(p)! }] as const;
    });
    const all = { ...values, ...Object.fromEntries(fed) };
    const analytic = interpretAll(products, all, point.sizes);
    const { method, entries } = slopesAlong(point, direction);
    let next = 0;
    analytic.forEach(({ data }, i) => {
      data.forEach((h, index) => {
        const { slope, noise } = entries[next++]!;
        found[i]!.push({ index, analytic: h, numeric: slope, noise, method });
      });
    });
  }
  return params.map((p, i) => ({ name: nameOf(p)!, entries: found[i]! }));
}

function ratio(entries: readonly Entry[]): number {
  const norm = (f: (e: Entry) => number): number =>
    entries.reduce((all, e) => Math.hypot(all, f(e)), 0);
  const off = norm((e) => e.analytic - e.numeric);
  // NaN is no agreement.
  return off <= norm((e) => e.noise)
    ? 0
    : off / (norm((e) => e.analytic) + norm((e) => e.numeric));
}

/** NaN is as far off as can be. */
function distance({ analytic, numeric }: Entry): number {
  const off = Math.abs(analytic - numeric);
  return Number.isNaN(off) ? Number.POSITIVE_INFINITY : off;
}

function worstOf(found: readonly Compared[]): WorstEntry {
  const all = found.flatMap(({ name, entries }) => entries.map((entry) => ({ name, entry })));
  const none = { index: -1, analytic: 0, numeric: 0, method: DIFFERENCES, noise: 0 } as const;
  const { name, entry } = all.reduce(
    (top, each) => (distance(each.entry) > distance(top.entry) ? each : top),
    all[0] ?? { name: '', entry: none },
  );
  const { index, analytic, numeric, method } = entry.locate?.() ?? entry;
  return { param: name, index, analytic, numeric, method };
}
