// The plane as a grid of points, and values on it as colours and as a boundary line. Pure.
import { EXTENT } from './datasets.ts';
import { type FeatureName, features, featuresOf } from './features.ts';

/** Points along each side. */
export const GRID = 56;

const coordinate = (i: number): number => ((i + 0.5) / GRID) * 2 * EXTENT - EXTENT;

/** The centres of the cells, row by row from the top. */
const cells = Array.from({ length: GRID * GRID }, (_, i) => ({
  x1: coordinate(i % GRID),
  x2: -coordinate(Math.floor(i / GRID)),
}));

/** What X is fed to see the whole plane. */
export const gridFeatures = (names: readonly FeatureName[]): Float32Array =>
  featuresOf(cells, names);

/** A feature over the plane, scaled to -1 ... 1. */
export function featureMap(name: FeatureName): Float32Array {
  const { value } = features[name];
  return scaled(Float32Array.from(cells, ({ x1, x2 }) => value(x1, x2)));
}

/** Values divided by the largest, so that they lie in -1 ... 1. */
export function scaled(values: Float32Array): Float32Array {
  let top = 0;
  for (const v of values) top = Math.max(top, Math.abs(v));
  return top > 0 ? values.map((v) => v / top) : values;
}

/** Probabilities as -1 ... 1, so that undecided is 0. */
export const centred = (probabilities: Float32Array): Float32Array =>
  probabilities.map((p) => 2 * p - 1);

/** A line from (x, y) to (x, y), in cells: 0 to GRID - 1. */
export type Segment = readonly [number, number, number, number];

/** Where values on the grid change their sign: marching squares with linear interpolation. */
export function signChanges(values: Float32Array, side = GRID): Segment[] {
  const segments: Segment[] = [];
  for (let y = 0; y < side - 1; y++) {
    for (let x = 0; x < side - 1; x++) {
      const at = y * side + x;
      const corners = [values[at]!, values[at + 1]!, values[at + side + 1]!, values[at + side]!];
      const hits = crossings(corners, x, y);
      // Two crossings are one line; four are a saddle, cut into two.
      for (let k = 0; k + 1 < hits.length; k += 2) {
        segments.push([...hits[k]!, ...hits[k + 1]!]);
      }
    }
  }
  return segments;
}

const steps = [
  [0, 0, 1, 0],
  [1, 0, 0, 1],
  [1, 1, -1, 0],
  [0, 1, 0, -1],
] as const;

/** The points on a cell's four sides where the value is 0. */
function crossings(corners: readonly number[], x: number, y: number): [number, number][] {
  const hits: [number, number][] = [];
  for (const [k, [dx, dy, tx, ty]] of steps.entries()) {
    const from = corners[k]!;
    const to = corners[(k + 1) % 4]!;
    if (from > 0 === to > 0) continue;
    const t = from / (from - to);
    hits.push([x + dx + t * tx, y + dy + t * ty]);
  }
  return hits;
}
