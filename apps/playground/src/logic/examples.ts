// Points as what the graph is fed, in a training and a test part, and batches of them. Pure.
import { createRandom } from '@chainrule/graph';
import { type Dataset, examples, gather, permutation, split } from '@chainrule/nn';
import type { Config } from './config.ts';
import { drawPoints, type Point } from './datasets.ts';
import { featuresOf } from './features.ts';

/** What X and Y are fed. */
export interface Feeds {
  readonly X: Float32Array;
  readonly Y: Float32Array;
  readonly count: number;
}

export interface Part extends Feeds {
  readonly points: readonly Point[];
}

export interface Data {
  readonly train: Part;
  readonly test: Part;
}

type Choices = Pick<Config, 'data' | 'count' | 'noise' | 'test' | 'seed' | 'features'>;

/** The points of an experiment, divided at random with both classes in both parts. */
export function makeData({ data, count, noise, test, seed, features }: Choices): Data {
  const points = drawPoints(data, { count, noise, seed });
  const at = examples(
    1,
    Float32Array.from(points, (_, i) => i),
  );
  const labels = examples(
    1,
    Float32Array.from(points, ({ label }) => label),
  );
  const parts = split({ at, labels }, { test, seed, stratify: 'labels' });
  const part = ({ at }: Dataset): Part => {
    const chosen = Array.from(at!.data, (i) => points[i]!);
    const Y = Float32Array.from(chosen, ({ label }) => label);
    return { points: chosen, X: featuresOf(chosen, features), Y, count: chosen.length };
  };
  return { train: part(parts.train), test: part(parts.test) };
}

export interface Batches {
  /** The next batch; `epochs` is the number of whole passes that it completes. */
  next(): Feeds & { readonly epochEnds: boolean };
}

/** Batches in a new random order each epoch; the last of an epoch may be smaller. */
export function createBatches(part: Feeds, size: number, seed: number): Batches {
  const { count } = part;
  if (size >= count) return { next: () => ({ ...part, epochEnds: true }) };
  const random = createRandom(seed);
  const X = examples(part.X.length / count, part.X);
  const Y = examples(1, part.Y);
  let order = permutation(count, random);
  let at = 0;
  const next = () => {
    const indices = order.subarray(at, at + size);
    at += size;
    const epochEnds = at >= count;
    if (epochEnds) {
      order = permutation(count, random);
      at = 0;
    }
    const batch = { X: gather(X, indices).data, Y: gather(Y, indices).data };
    return { ...batch, count: indices.length, epochEnds };
  };
  return { next };
}

/** The examples of a step: those of the choice, or all. */
export const batchSize = (batch: number, count: number): number =>
  batch === 0 ? count : Math.min(batch, count);
