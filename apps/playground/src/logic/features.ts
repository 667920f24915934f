// What the net is told about a point: its coordinates and functions of them. Pure.
import type { Point } from './datasets.ts';

interface Feature {
  /** For people. */
  readonly title: string;
  /** As JavaScript, for the code that is shown. */
  readonly code: string;
  readonly value: (x1: number, x2: number) => number;
}

export const features = {
  x1: { title: 'x₁', code: 'x1', value: (a) => a },
  x2: { title: 'x₂', code: 'x2', value: (_, b) => b },
  x1x1: { title: 'x₁²', code: 'x1 ** 2', value: (a) => a * a },
  x2x2: { title: 'x₂²', code: 'x2 ** 2', value: (_, b) => b * b },
  x1x2: { title: 'x₁x₂', code: 'x1 * x2', value: (a, b) => a * b },
  sin1: { title: 'sin x₁', code: 'Math.sin(x1)', value: (a) => Math.sin(a) },
  sin2: { title: 'sin x₂', code: 'Math.sin(x2)', value: (_, b) => Math.sin(b) },
} as const satisfies Record<string, Feature>;

export type FeatureName = keyof typeof features;
export const featureNames = Object.keys(features) as readonly FeatureName[];

/** The features of points, one point after another. */
export function featuresOf(
  points: readonly Pick<Point, 'x1' | 'x2'>[],
  names: readonly FeatureName[],
): Float32Array {
  const out = new Float32Array(points.length * names.length);
  let at = 0;
  for (const { x1, x2 } of points) {
    for (const name of names) out[at++] = features[name].value(x1, x2);
  }
  return out;
}
