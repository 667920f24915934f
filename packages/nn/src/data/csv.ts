// CSV text to a table of numeric and text columns. Papa Parse splits the text into cells; here is
// decided what the cells mean and said where a bad one is. Knows nothing of files or matrices.
import Papa from 'papaparse';
import { DataError } from './errors.ts';
import { type Column, isNumeric, type Table } from './table.ts';

export interface CsvOptions {
  /** What stands between two values; a comma unless given. */
  readonly delimiter?: string;
  /** True (the first line names the columns) unless given; or the names, if the file has none. */
  readonly header?: boolean | readonly string[];
  /**
   * What to do about an empty cell, and in a column of numbers also about NA, N/A, NaN, null
   * and ?: refuse the file (if nothing is given), read it as NaN (in a text column as ''), or
   * leave out the row.
   */
  readonly missing?: 'error' | 'nan' | 'drop-row';
  /** Columns to read as numbers or as text whatever they look like (a post code is text). */
  readonly types?: Readonly<Record<string, 'number' | 'text'>>;
}

/** One row of the file: its cells without surrounding spaces, and the line on which it begins. */
interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

const missingNumbers = new Set(['', 'NA', 'N/A', 'NaN', 'nan', 'null', '?']);
const newline = /\r\n|\r|\n/g;

/**
 * Reads comma-separated values. A column in which every cell is a number (or missing) becomes a
 * Float64Array, any other a list of texts. Blank lines are skipped.
 * @throws DataError naming line and column of what cannot be read
 */
export function parseCsv(text: string, options: CsvOptions = {}): Table {
  const { delimiter = ',', header, missing = 'error', types = {} } = options;
  const rows = parseRows(text.replace(/^\uFEFF/, ''), delimiter);
  const names =
    header === undefined || header === true
      ? headerOf(rows, delimiter, header)
      : givenNames(rows, header);
  for (const row of rows) checkWidth(row, names, delimiter);
  checkTypes(types, names);
  const typeOf = new Map(Object.entries(types));
  const columns = names.map((name, at) => {
    const type = typeOf.get(name) ?? (looksNumeric(rows, at) ? 'number' : 'text');
    return { name, at, type, isMissing: isMissingIn[type] };
  });
  if (missing === 'error') for (const row of rows) refuseMissing(row, columns);
  const kept =
    missing === 'drop-row'
      ? rows.filter(({ cells }) => !columns.some(({ at, isMissing }) => isMissing(cells[at]!)))
      : rows;
  return {
    names,
    columns: Object.fromEntries(columns.map((column) => [column.name, readColumn(kept, column)])),
    rows: kept.length,
    dropped: rows.length - kept.length,
  };
}

interface ColumnReader {
  readonly name: string;
  readonly at: number;
  readonly type: 'number' | 'text';
  readonly isMissing: (cell: string) => boolean;
}

const isMissingIn = {
  number: (cell: string) => missingNumbers.has(cell),
  text: (cell: string) => cell === '',
};

function parseRows(text: string, delimiter: string): Row[] {
  if (delimiter.length !== 1 || '"\r\n\uFEFF'.includes(delimiter)) {
    throw new DataError(
      `${JSON.stringify(delimiter)} cannot stand between values.`,
      "pass one character such as ',' or ';' or '\\t' as delimiter.",
    );
  }
  const parsed = Papa.parse<string[]>(text, { delimiter, header: false });
  const [error] = parsed.errors;
  if (error !== undefined) {
    // Its index is that of the character after the opening quote.
    const before = text.slice(0, (error.index ?? 1) - 1).split(newline);
    throw new DataError(
      `line ${before.length}, character ${before.at(-1)!.length + 1}: ${error.message}.`,
      'close the quotes, and write a quote inside a quoted value twice ("").',
    );
  }
  let line = 1;
  const rows = parsed.data.map((raw): Row => {
    const row = { cells: raw.map((cell) => cell.trim()), line };
    // A quoted cell may span lines.
    line += raw.reduce((lines, cell) => lines + (cell.match(newline)?.length ?? 0), 1);
    return row;
  });
  return rows.filter(({ cells }) => cells.length > 1 || cells[0] !== '');
}

/** Takes the header off the rows. */
function headerOf(rows: Row[], delimiter: string, isCertain = false): readonly string[] {
  const row = rows.shift();
  if (row === undefined) {
    throw new DataError('the CSV is empty.', 'pass a text whose first line names the columns.');
  }
  const { cells: names, line } = row;
  const other = [',', ';', '\t', '|'].find((d) => d !== delimiter && names[0]!.includes(d));
  if (names.length === 1 && other !== undefined) {
    throw new DataError(
      `line ${line} is a single column "${names[0]}".`,
      `pass { delimiter: ${JSON.stringify(other)} }.`,
    );
  }
  names.forEach((name, at) => {
    if (name === '') {
      throw new DataError(`line ${line}, column ${at + 1} has no name.`, 'name every column.');
    }
    const first = names.indexOf(name);
    if (first !== at) {
      throw new DataError(
        `line ${line}: columns ${first + 1} and ${at + 1} are both named "${name}".`,
        'give every column its own name.',
      );
    }
  });
  // A first line of figures is most likely data, and would be lost without a word.
  if (!isCertain && names.every(isNumeric)) {
    throw new DataError(
      `line ${line} holds numbers where the names of the columns should be.`,
      'pass { header: false } or { header: [names] }, or { header: true } if they are the names.',
    );
  }
  return names;
}

function givenNames(rows: readonly Row[], header: false | readonly string[]): readonly string[] {
  const [first] = rows;
  if (first === undefined) throw new DataError('the CSV is empty.', 'pass at least one line.');
  if (header === false) return first.cells.map((_, at) => `column${at + 1}`);
  const twice = header.find((name, at) => header.indexOf(name) !== at);
  if (twice === undefined) return header;
  throw new DataError(`header names "${twice}" twice.`, 'give every column its own name.');
}

function checkWidth({ cells, line }: Row, names: readonly string[], delimiter: string): void {
  if (cells.length === names.length) return;
  const [at, problem] =
    cells.length < names.length
      ? [cells.length, `column ${cells.length + 1} (${names[cells.length]}) is not there`]
      : [names.length, `"${cells[names.length]}" stands in a column without a name`];
  throw new DataError(
    `line ${line}, column ${at + 1}: ${names.length} values belong here, ` +
      `${cells.length} were found; ${problem}.`,
    `check the "${delimiter}" of that line; put a value that contains one in quotes.`,
  );
}

function checkTypes(types: Readonly<Record<string, unknown>>, names: readonly string[]): void {
  const unknown = Object.keys(types).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new DataError(
    `types names "${unknown}", which is no column.`,
    `name some of ${names.join(', ')}.`,
  );
}

function looksNumeric(rows: readonly Row[], at: number): boolean {
  return rows.every(({ cells }) => isMissingIn.number(cells[at]!) || isNumeric(cells[at]!));
}

function refuseMissing({ cells, line }: Row, columns: readonly ColumnReader[]): void {
  const column = columns.find(({ at, isMissing }) => isMissing(cells[at]!));
  if (column === undefined) return;
  const found =
    cells[column.at] === '' ? 'there is no value' : `"${cells[column.at]}" is no value`;
  throw new DataError(
    `line ${line}, column ${column.at + 1} (${column.name}): ${found}.`,
    "fill it in, or pass { missing: 'drop-row' } to leave out such rows " +
      "or { missing: 'nan' } to keep them.",
  );
}

function readColumn(rows: readonly Row[], { name, at, type, isMissing }: ColumnReader): Column {
  if (type === 'text') return rows.map(({ cells }) => cells[at]!);
  return Float64Array.from(rows, ({ cells, line }) => {
    const cell = cells[at]!;
    if (isMissing(cell)) return Number.NaN;
    if (isNumeric(cell)) return Number(cell);
    throw new DataError(
      `line ${line}, column ${at + 1} (${name}): "${cell}" is not a number.`,
      'correct it (decimals take a point), or read the column as text: ' +
        `{ types: { ${name}: 'text' } }.`,
    );
  });
}
