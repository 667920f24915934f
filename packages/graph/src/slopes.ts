// Numeric slopes of graphs along a direction, from values alone: the judge of every derivative.
import { complexSlopes } from './complex.ts';
import type { Sizes } from './feed.ts';
import { interpretAll, type Tensor64, type Values } from './interpret.ts';
import { type Node, nameOf, reachable } from './node.ts';

/** How a numeric derivative was found. */
export type Method = 'complex step' | 'central differences';

/** Graphs at a point. */
export interface Point {
  readonly roots: readonly Node[];
  /** All that the roots need, sources first. */
  readonly order: readonly Node[];
  readonly values: Values;
  /** The values of these nodes and of others. */
  readonly known: ReadonlyMap<Node, Tensor64>;
  readonly sizes: Sizes;
  /** The step of plain central differences, where it is prescribed. */
  readonly epsilon: number | undefined;
}

/** How fast each of some leaves moves, row-major. */
export type Direction = ReadonlyMap<Node, Float64Array>;

/** Slopes of all entries of all roots, and what rounding may have made of each. */
export interface Slopes {
  readonly method: Method;
  readonly entries: readonly { readonly slope: number; readonly noise: number }[];
}

/** Graphs at given values; those of `others`, too, tell the sizes. */
export function pointAt(
  roots: readonly Node[],
  others: readonly Node[],
  values: Values,
  options: { readonly sizes?: Sizes; readonly epsilon?: number },
): Point {
  const nodes = reachable([...roots, ...others]);
  const all = interpretAll(nodes, values, options.sizes);
  const known = new Map(nodes.map((node, i) => [node, all[i]!]));
  const bound = nodes.flatMap((node, i) => node.shape.map((dim, d) => [dim, all[i]!.shape[d]!]));
  const sizes = { ...options.sizes, ...Object.fromEntries(bound) };
  return { roots, order: reachable(roots), values, known, sizes, epsilon: options.epsilon };
}

/** How fast the roots change along a direction: by a complex step where all ops have one. */
export function slopesAlong(point: Point, direction: Direction): Slopes {
  const exact = point.epsilon === undefined ? byComplexStep(point, direction) : undefined;
  return exact ?? byDifferences(point, direction);
}

function byComplexStep(point: Point, direction: Direction): Slopes | undefined {
  const { known, order, roots, sizes } = point;
  const moves = [...direction].map(
    ([leaf, data]) => [leaf, { ...known.get(leaf)!, data }] as const,
  );
  const slopes = complexSlopes(order, known, new Map(moves), sizes);
  if (!slopes) return undefined;
  const still = (root: Node) => new Float64Array(known.get(root)!.data.length);
  const found = roots.flatMap((root) => [...(slopes.get(root)?.data ?? still(root))]);
  if (!found.every(Number.isFinite)) return undefined;
  // Where slopes cancel, they round at the size of the largest on the way.
  const noise = 16 * Number.EPSILON * largest([...slopes.values()].map(({ data }) => data));
  return { method: 'complex step', entries: found.map((slope) => ({ slope, noise })) };
}

const largest = (arrays: readonly ArrayLike<number>[]): number =>
  arrays.reduce((top, x) => Array.from(x).reduce((a, v) => Math.max(a, Math.abs(v)), top), 0);

/** The first step, and by how much each next one is shorter: 1e-3 to 2e-7. */
const [FIRST, SHORTER] = [1e-3, 8];
/** Differences at 3 steps agree on smooth functions; 5 get away from a kink nearby. */
const LEVELS = [3, 5];
const AGREEMENT = 1e-9;

function byDifferences(point: Point, direction: Direction): Slopes {
  const size = largest(point.roots.map((root) => point.known.get(root)!.data));
  const noise = (h: number) => (4 * Number.EPSILON * size) / h;
  const method = 'central differences';
  const { epsilon } = point;
  if (epsilon !== undefined) {
    const slopes = difference(point, direction, epsilon);
    return { method, entries: slopes.map((slope) => ({ slope, noise: noise(epsilon) })) };
  }
  const steps: number[][] = [];
  for (const levels of LEVELS) {
    while (steps.length < levels) {
      steps.push(difference(point, direction, FIRST / SHORTER ** steps.length));
    }
    const best = steps[0]!.map((_, i) => extrapolate(steps.map((slopes) => slopes[i]!)));
    const rough = best.some(({ slope, error }) => !(error <= AGREEMENT * Math.abs(slope)));
    if (rough && levels < LEVELS.at(-1)!) continue;
    const entries = best.map(({ slope, level }) => ({
      slope,
      noise: noise(FIRST / SHORTER ** level),
    }));
    return { method, entries };
  }
  throw new Error('unreachable: the last of LEVELS returns');
}

/** (f(x + h v) - f(x - h v)) / 2h, of all entries of the roots. */
function difference(point: Point, direction: Direction, h: number): number[] {
  const at = (step: number): number[] => {
    const moved = [...direction].map(([leaf, v]) => {
      const tensor = point.known.get(leaf)!;
      return [nameOf(leaf)!, { ...tensor, data: tensor.data.map((x, i) => x + step * v[i]!) }];
    });
    const values = { ...point.values, ...Object.fromEntries(moved) };
    return interpretAll(point.roots, values, point.sizes).flatMap(({ data }) => [...data]);
  };
  const [above, below] = [at(h), at(-h)];
  return above.map((y, i) => (y - below[i]!) / (2 * h));
}

/**
 * Richardson's extrapolation of differences at ever shorter steps, and of its tableau the entry
 * that differs least from its neighbours (Ridders, 1982).
 */
function extrapolate(slopes: readonly number[]) {
  let best = { slope: slopes[0]!, error: Number.POSITIVE_INFINITY, level: 0 };
  let above: number[] = [];
  slopes.forEach((slope, level) => {
    const row = [slope];
    above.forEach((left, j) => {
      const factor = SHORTER ** (2 * (j + 1));
      const better = (factor * row[j]! - left) / (factor - 1);
      const error = Math.max(Math.abs(better - row[j]!), Math.abs(better - left));
      if (error < best.error) best = { slope: better, error, level };
      row.push(better);
    });
    above = row;
  });
  return best;
}
