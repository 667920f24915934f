// Divides a data set into a training and a test part at random, the same way for the same seed.
import { createRandom } from '@chainrule/graph';
import { DataError } from './errors.ts';
import { type Examples, gather } from './examples.ts';
import { permutation } from './permutation.ts';

/** Matrices that belong together: column i of each is the same example. */
export type Dataset = Readonly<Record<string, Examples>>;

export interface SplitOptions<Name extends string> {
  /** The part held back: a fraction between 0 and 1, or a whole number of examples. */
  readonly test: number;
  /** The same seed gives the same split. 0 unless given. */
  readonly seed?: number;
  /**
   * The matrix (of labels, or one-hot) whose distinct columns are the classes: both parts then
   * hold the classes in the proportions of the whole.
   */
  readonly stratify?: Name;
}

/**
 * Shuffles the examples and divides them, all matrices alike:
 * `const { train, test } = split({ X, Y }, { test: 0.2, seed: 1, stratify: 'Y' })`.
 * @throws DataError if the matrices differ in length, or a part would be empty
 */
export function split<D extends Dataset>(
  dataset: D,
  options: SplitOptions<keyof D & string>,
): { train: D; test: D } {
  const { seed = 0, stratify } = options;
  const count = countOf(dataset);
  const testCount = sizeOfTest(options.test, count);
  const classes = stratify === undefined ? new Uint32Array(count) : classesOf(dataset, stratify);
  const quota = quotas(classes, testCount);
  const train: number[] = [];
  const test: number[] = [];
  for (const index of permutation(count, createRandom(seed))) {
    // The first ones met of each class, up to its quota, are the test part.
    if (quota[classes[index]!]!-- > 0) test.push(index);
    else train.push(index);
  }
  return { train: take(dataset, train), test: take(dataset, test) };
}

function take<D extends Dataset>(dataset: D, indices: readonly number[]): D {
  const parts = Object.entries(dataset).map(([name, from]) => [name, gather(from, indices)]);
  return Object.fromEntries(parts) as D;
}

function countOf(dataset: Dataset): number {
  const counts = Object.entries(dataset).map(([name, { shape }]) => [name, shape[1]] as const);
  const [first] = counts;
  if (first === undefined) {
    throw new DataError(
      'there is nothing to split.',
      'pass the matrices, as in split({ X, Y }, ...).',
    );
  }
  const other = counts.find(([, count]) => count !== first[1]);
  if (other !== undefined) {
    throw new DataError(
      `${first[0]} has ${first[1]} examples, ${other[0]} has ${other[1]}.`,
      'make every matrix hold the same examples, one per column.',
    );
  }
  return first[1];
}

function sizeOfTest(test: number, count: number): number {
  const testCount = test > 0 && test < 1 ? Math.round(test * count) : test;
  if (Number.isInteger(testCount) && testCount > 0 && testCount < count) return testCount;
  throw new DataError(
    `test: ${test} of ${count} examples leaves a part empty or is no number of examples.`,
    'choose a fraction such as 0.2, or a whole number that leaves both parts some examples.',
  );
}

/** Numbers the distinct columns in the order in which they are first met. */
function classesOf(dataset: Dataset, name: string): Uint32Array {
  const labels = dataset[name];
  if (labels === undefined) {
    throw new DataError(
      `stratify names "${name}", which is not in the data set.`,
      `name one of ${Object.keys(dataset).join(', ')}.`,
    );
  }
  const [size, count] = labels.shape;
  const numbers = new Map<string, number>();
  return Uint32Array.from({ length: count }, (_, i) => {
    const column = labels.data.subarray(i * size, (i + 1) * size).join();
    const known = numbers.get(column);
    if (known !== undefined) return known;
    numbers.set(column, numbers.size);
    return numbers.size - 1;
  });
}

/** How many of each class go to the test part: shares rounded by the largest remainders. */
function quotas(classes: Uint32Array, testCount: number): number[] {
  const sizes: number[] = [];
  for (const c of classes) sizes[c] = (sizes[c] ?? 0) + 1;
  const alone = sizes.indexOf(1);
  if (sizes.length > 1 && alone >= 0) {
    throw new DataError(
      `example ${classes.indexOf(alone)} is the only one of its class; both parts need one.`,
      'add examples of that class, leave it out, or split without stratify ' +
        '(a matrix of real numbers has no classes).',
    );
  }
  const shares = sizes.map((size) => (size * testCount) / classes.length);
  const quota = shares.map(Math.floor);
  const left = testCount - quota.reduce((sum, n) => sum + n, 0);
  const byRemainder = shares
    .map((share, c) => [share % 1, c] as const)
    .sort((a, b) => b[0] - a[0]);
  for (const [, c] of byRemainder.slice(0, left)) quota[c]!++;
  return quota;
}
