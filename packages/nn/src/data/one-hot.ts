// Class labels to one-hot columns.
import { DataError } from './errors.ts';
import { type Examples, examples } from './examples.ts';

/**
 * One column per label: 1 in the row of its class and 0 elsewhere, `[classes, labels]`.
 * @param labels whole numbers from 0, or names when `classes` is a list of names
 * @param classes how many classes there are, or their names in the order of the rows
 * @throws DataError naming the index and value of a label that is no class
 */
export function oneHot(
  labels: ArrayLike<number | string>,
  classes: number | readonly string[],
): Examples {
  const size = typeof classes === 'number' ? classes : classes.length;
  if (!Number.isInteger(size) || size < 1) {
    throw new DataError(
      `there cannot be ${size} classes.`,
      'pass the number of classes, a whole number from 1 up, or the list of their names.',
    );
  }
  const row = typeof classes === 'number' ? wholeNumberBelow(classes) : positionIn(classes);
  const data = new Float32Array(size * labels.length);
  for (let i = 0; i < labels.length; i++) data[i * size + row(labels[i]!, i)] = 1;
  return examples(size, data);
}

type RowOf = (label: number | string, index: number) => number;

function wholeNumberBelow(classes: number): RowOf {
  return (label, index) => {
    if (typeof label === 'number' && Number.isInteger(label) && label >= 0 && label < classes) {
      return label;
    }
    throw new DataError(
      `labels[${index}] is ${JSON.stringify(label)}, none of the classes 0 to ${classes - 1}.`,
      typeof label === 'string'
        ? "pass the names of the classes in order, as in oneHot(labels, ['cat', 'dog'])."
        : 'correct the label, or raise the number of classes.',
    );
  };
}

function positionIn(names: readonly string[]): RowOf {
  const rows = new Map(names.map((name, row) => [name, row]));
  return (label, index) => {
    const row = rows.get(String(label));
    if (row !== undefined) return row;
    throw new DataError(
      `labels[${index}] is ${JSON.stringify(label)}, none of the classes ${names.join(', ')}.`,
      'correct the label, or add it to the classes.',
    );
  };
}
