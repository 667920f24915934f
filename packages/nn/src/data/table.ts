// A table of named columns, as read from a CSV, and the way from there to examples.
import { DataError } from './errors.ts';
import { type Examples, examples } from './examples.ts';

/** Numbers in float64, or texts. */
export type Column = Float64Array | string[];

export interface Table {
  /** The names in the order of the file. */
  readonly names: readonly string[];
  readonly columns: Readonly<Record<string, Column>>;
  readonly rows: number;
  /** How many rows were left out because a value was missing. */
  readonly dropped: number;
}

/** Decimal notation only: no hexadecimal, Infinity or empty text, which `Number` would take. */
const decimal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

export function isNumeric(text: string): boolean {
  return decimal.test(text) && Number.isFinite(Number(text));
}

/**
 * The named columns as examples, `[names, rows]`: each row of the table becomes one example.
 * All columns unless `names` says otherwise.
 * @throws DataError if a column is unknown or holds text
 */
export function toMatrix(table: Table, names: readonly string[] = table.names): Examples {
  const columns = names.map((name) => numbersOf(table, name));
  const data = new Float32Array(names.length * table.rows);
  columns.forEach((column, feature) => {
    for (let row = 0; row < table.rows; row++) data[row * names.length + feature] = column[row]!;
  });
  return examples(names.length, data);
}

function numbersOf(table: Table, name: string): Float64Array {
  const column = Object.hasOwn(table.columns, name) ? table.columns[name] : undefined;
  if (column instanceof Float64Array) return column;
  if (column === undefined) {
    throw new DataError(
      `the table has no column "${name}".`,
      `name some of ${table.names.join(', ')}.`,
    );
  }
  const row = column.findIndex((text) => !isNumeric(text));
  throw new DataError(
    row < 0
      ? `column "${name}" was read as text.`
      : `column "${name}" is text: row ${row + 1} (without the header) holds "${column[row]}".`,
    'leave the column out, correct the value, or encode classes: ' +
      `oneHot(table.columns['${name}'], names).`,
  );
}
