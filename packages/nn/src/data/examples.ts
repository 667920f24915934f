// A set of examples held one after another in one Float32Array, and the ways to take some of them.
// Knows nothing of files, graphs or devices.
import { DataError } from './errors.ts';

/**
 * Examples side by side, as the columns of a `[values per example, number of examples]` matrix.
 * `data` holds one example after another, so a run of examples is a `subarray`. That is the layout
 * of an input declared with `{ order: 'columns' }`, to which it can be fed as it stands.
 */
export interface Examples {
  readonly shape: readonly [size: number, count: number];
  readonly data: Float32Array;
  readonly order: 'columns';
}

/** Any array of numbers with a shape whose first axis counts examples, such as a read IDX file. */
export interface NumericArray {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

/**
 * Wraps data that hold one example after another, `size` values each. Numbers in a plain array are
 * copied; a Float32Array is used as it is.
 * @throws DataError if the length of the data is no multiple of `size`
 */
export function examples(size: number, data: ArrayLike<number>): Examples {
  if (!Number.isInteger(size) || size < 1) {
    throw new DataError(
      `an example cannot have ${size} values.`,
      'pass the number of values per example, a whole number from 1 up.',
    );
  }
  const count = data.length / size;
  if (!Number.isInteger(count)) {
    throw new DataError(
      `${data.length} numbers are no whole number of examples of ${size} values each.`,
      `pass a multiple of ${size} numbers, one example after another.`,
    );
  }
  if (data instanceof Float32Array) return { shape: [size, count], data, order: 'columns' };
  const bad = Array.from(data).findIndex((value) => typeof value !== 'number');
  if (bad >= 0) {
    throw new DataError(
      `the value at ${bad} is ${describe(data[bad])}, not a number.`,
      'pass numbers one example after another: rows.flat() where each row is an example.',
    );
  }
  const values = Float32Array.from(data);
  return { shape: [size, count], data: values, order: 'columns' };
}

const describe = (value: unknown): string =>
  Array.isArray(value) ? 'an array' : JSON.stringify(value);

/**
 * Turns an array such as MNIST's `[60000, 28, 28]` into `[784, 60000]` examples: the first axis
 * counts examples, the others are laid out one after another. Every value is multiplied by `scale`
 * (1/255 maps bytes to 0..1).
 */
export function toExamples(array: NumericArray, options: { scale?: number } = {}): Examples {
  const { scale = 1 } = options;
  const size = array.shape.slice(1).reduce((product, length) => product * length, 1);
  const data = new Float32Array(array.data.length);
  for (let i = 0; i < data.length; i++) data[i] = array.data[i]! * scale;
  return examples(size, data);
}

/** The examples from `start` up to, not including, `end`: a view of the same memory, no copy. */
export function sliceExamples(
  from: Examples,
  start: number,
  end: number = from.shape[1],
): Examples {
  const [size, count] = from.shape;
  if (
    !Number.isInteger(start) ||
    !Number.isInteger(end) ||
    start < 0 ||
    end > count ||
    start > end
  ) {
    throw new DataError(
      `there are ${count} examples; ${start} to ${end} is no range of them.`,
      `choose whole numbers with 0 <= start <= end <= ${count}.`,
    );
  }
  return examples(size, from.data.subarray(start * size, end * size));
}

/**
 * Copies the examples at `indices`, in that order, to the start of `out`: how a shuffled
 * mini-batch is made. The result views `out`, so a training loop can reuse one array throughout.
 * @throws DataError if an index is out of range or `out` is too small
 */
export function gather(
  from: Examples,
  indices: ArrayLike<number>,
  out: Float32Array = new Float32Array(indices.length * from.shape[0]),
): Examples {
  const [size, count] = from.shape;
  const length = indices.length * size;
  if (out.length < length) {
    throw new DataError(
      `${indices.length} examples of ${size} need ${length} numbers; out has ${out.length}.`,
      `pass a Float32Array of at least ${length}, or leave it out.`,
    );
  }
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    if (!Number.isInteger(index) || index < 0 || index >= count) {
      throw new DataError(
        `indices[${i}] is ${index}, but there are ${count} examples.`,
        `use whole numbers from 0 to ${count - 1}.`,
      );
    }
    copyExample(from.data, index * size, out, i * size, size);
  }
  return examples(size, out.subarray(0, length));
}

/** A loop for narrow examples, where making a view would cost more than the copy. */
function copyExample(
  source: Float32Array,
  start: number,
  target: Float32Array,
  at: number,
  size: number,
): void {
  if (size > 32) {
    target.set(source.subarray(start, start + size), at);
    return;
  }
  for (let k = 0; k < size; k++) target[at + k] = source[start + k]!;
}
