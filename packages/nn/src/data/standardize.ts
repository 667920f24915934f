// Shifts and scales every feature to mean 0 and standard deviation 1, as measured on one set of
// examples (the training part) and applied to any other.
import { DataError } from './errors.ts';
import { type Examples, examples } from './examples.ts';

/** Per feature, what is subtracted and what is divided by: plain data, fit for JSON. */
export interface Standardizer {
  readonly mean: readonly number[];
  /** The population standard deviation (divided by the count); 1 for a constant feature. */
  readonly scale: readonly number[];
}

/**
 * Measures the mean and the population standard deviation of every feature, in float64. Fit it on
 * the training part only: figures of the test part must not leak into training.
 * @throws DataError if there are no examples, or a value is not finite
 */
export function fitStandardizer(from: Examples): Standardizer {
  const [size, count] = from.shape;
  if (count === 0) {
    throw new DataError(
      'there are no examples to take a mean of.',
      'fit the standardizer on at least one example.',
    );
  }
  const mean = means(from);
  const scale = new Array<number>(size).fill(0);
  from.data.forEach((value, i) => {
    scale[i % size]! += (value - mean[i % size]!) ** 2;
  });
  for (let feature = 0; feature < size; feature++) {
    const deviation = Math.sqrt(scale[feature]! / count);
    // The sum of n equal numbers may be off by n roundings, and the mean with it.
    const noise = count * Number.EPSILON * Math.abs(mean[feature]!);
    scale[feature] = deviation > noise ? deviation : 1;
  }
  return { mean, scale };
}

function means(from: Examples): number[] {
  const [size, count] = from.shape;
  const mean = new Array<number>(size).fill(0);
  from.data.forEach((value, i) => {
    if (!Number.isFinite(value)) {
      throw new DataError(
        `feature ${i % size} of example ${Math.floor(i / size)} is ${value}.`,
        "leave such examples out, for instance with parseCsv(text, { missing: 'drop-row' }).",
      );
    }
    mean[i % size]! += value;
  });
  return mean.map((sum) => sum / count);
}

/** `(x - mean) / scale` for every feature of every example; new memory. */
export function standardize(from: Examples, { mean, scale }: Standardizer): Examples {
  const [size] = from.shape;
  if (mean.length !== size || scale.length !== size) {
    throw new DataError(
      `the standardizer knows ${mean.length} features, the examples have ${size}.`,
      'apply it to examples with the features that it was fitted on, in the same order.',
    );
  }
  const data = from.data.map((value, i) => (value - mean[i % size]!) / scale[i % size]!);
  return examples(size, data);
}
