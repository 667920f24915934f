import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CsvOptions, DataError, parseCsv, toMatrix } from '../src/data/index.ts';

/** The message of the DataError that `act` throws. */
function complaint(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof DataError) return error.message;
    throw error;
  }
  throw new Error('nothing was thrown');
}
const refusal = (text: string, options?: CsvOptions) => complaint(() => parseCsv(text, options));

describe('parseCsv', () => {
  test('tells numbers from text and keeps the order of the file', () => {
    const table = parseCsv('name, age,2020\n" Ann, B. ",31,1e-3\r\nBo,-4.5,.5\n\n');
    expect(table).toEqual({
      names: ['name', 'age', '2020'],
      columns: {
        name: ['Ann, B.', 'Bo'],
        age: Float64Array.of(31, -4.5),
        2020: Float64Array.of(1e-3, 0.5),
      },
      rows: 2,
      dropped: 0,
    });
  });

  test.each([
    ['a;b\n1;2', { delimiter: ';' }],
    ['a\tb\n1\t2', { delimiter: '\t' }],
    ['\uFEFFa,b\r\n1,2\r\n', {}],
    ['a,b\r1,2\r', {}],
    ['1,2', { header: ['a', 'b'] }],
    ['\n\na,b\n  \n1,2', {}],
    ['"a","b"\n"1","2"', {}],
  ])('reads %j with %j', (text, options) => {
    const { names, columns } = parseCsv(text, options);
    expect(names).toEqual(['a', 'b']);
    expect(columns).toEqual({ a: Float64Array.of(1), b: Float64Array.of(2) });
  });

  test('names the columns of a file without a header', () => {
    expect(parseCsv('1,x\n2,y', { header: false }).names).toEqual(['column1', 'column2']);
  });

  test('years may be names when the caller says so', () => {
    expect(parseCsv('2019,2020\n1,2', { header: true }).names).toEqual(['2019', '2020']);
    expect(refusal('2019,2020\n1,2')).toMatch(/line 1 holds numbers .* names.*\n.*header: true/s);
  });

  test.each(['0x10', 'Infinity', '1e999', '1,5', '1_000', '--1', '1 2', 'true'])(
    'does not take %j for a number',
    (cell) => {
      expect(parseCsv(`a\n1\n"${cell}"`).columns['a']).toEqual(['1', cell]);
    },
  );

  test('a column can be forced to text or to numbers', () => {
    const { columns } = parseCsv('post code\n01069', { types: { 'post code': 'text' } });
    expect(columns['post code']).toEqual(['01069']);
    const message = refusal('a,age\n1,7\n\n2,"x\ny"\n3,old', {
      types: { age: 'number' },
      missing: 'nan',
    });
    expect(message).toContain('line 4, column 2 (age): "x\ny" is not a number');
    expect(refusal('a\n1', { types: { b: 'text' } })).toContain('types names "b"');
  });

  test('names like those of Object.prototype are ordinary names', () => {
    const { columns } = parseCsv('__proto__,constructor\n1,x');
    expect(Object.keys(columns)).toEqual(['__proto__', 'constructor']);
    expect(columns['constructor']).toEqual(['x']);
  });
});

describe('missing values', () => {
  const gaps = 'age,city\n31,Rome\n,Bonn\nNA,NA\n44,\n';

  test('are refused by line and column', () => {
    expect(refusal(gaps)).toBe(
      'line 3, column 1 (age): there is no value.\n' +
        "  fix: fill it in, or pass { missing: 'drop-row' } to leave out such rows or " +
        "{ missing: 'nan' } to keep them.",
    );
    expect(refusal('"a\nb",c\n1,"x\n\ny"\n?,z')).toContain('line 6, column 1 (a\nb): "?" is no');
  });

  test("become NaN, or '' among texts", () => {
    const { columns, rows } = parseCsv(gaps, { missing: 'nan' });
    expect(columns['age']).toEqual(Float64Array.of(31, Number.NaN, Number.NaN, 44));
    expect(columns['city']).toEqual(['Rome', 'Bonn', 'NA', '']);
    expect(rows).toBe(4);
  });

  test('take their rows with them', () => {
    const { columns, rows, dropped } = parseCsv(gaps, { missing: 'drop-row' });
    expect(columns).toEqual({ age: Float64Array.of(31), city: ['Rome'] });
    expect([rows, dropped]).toEqual([1, 3]);
  });
});

describe('malformed files', () => {
  test.each<[string, CsvOptions | undefined, string]>([
    ['', undefined, 'the CSV is empty'],
    ['\n \n', { header: false }, 'the CSV is empty'],
    [
      'a,b\n1,2\n\n3',
      undefined,
      'line 4, column 2: 2 values belong here, 1 were found; column 2 (b)',
    ],
    ['a,b\n1,2,3', undefined, 'line 2, column 3: 2 values belong here, 3 were found; "3" stands'],
    ['a,b\n1,"2\n3,4\n', undefined, 'line 2, character 3: Quoted field unterminated'],
    ['a,b\n1,2\n3,"4"5\n', undefined, 'line 3, character 3: Trailing quote'],
    ['a,,b\n1,2,3', undefined, 'line 1, column 2 has no name'],
    ['a,b,a\n1,2,3', undefined, 'columns 1 and 3 are both named "a"'],
    ['a;b\n1;2', undefined, 'delimiter: ";"'],
    ['a,b\n1,2', { delimiter: '"' }, 'cannot stand between values'],
    ['a,b\n1,2', { delimiter: '' }, 'cannot stand between values'],
    ['1,2', { header: ['a', 'a'] }, 'header names "a" twice'],
  ])('%j %j', (text, options, expected) => {
    const message = refusal(text, options);
    expect(message).toContain(expected);
    expect(message).toContain('\n  fix: ');
  });
});

test('any table of texts and numbers survives being written and read', () => {
  const name = fc.string({ minLength: 1 }).map((s) => `n${s.trim()}`);
  const cell = fc.oneof(
    fc.double({ noDefaultInfinity: true, noNaN: true }).map(String),
    fc.string({ minLength: 1, unit: 'grapheme' }).map((s) => `t${s}t`),
  );
  const table = fc
    .uniqueArray(name, { minLength: 2, maxLength: 5 })
    .chain((names) =>
      fc.tuple(
        fc.constant(names),
        fc.array(fc.array(cell, { minLength: names.length, maxLength: names.length })),
      ),
    );
  const quote = (s: string) => `"${s.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(table, ([names, rows]) => {
      const text = [names, ...rows].map((cells) => cells.map(quote).join(',')).join('\n');
      const parsed = parseCsv(text);
      const back = rows.map((_, row) => names.map((n) => String(parsed.columns[n]![row])));
      const shown = (s: string) => (Object.is(Number(s), -0) ? '0' : s);
      expect(back.map((r) => r.map(shown))).toEqual(rows.map((r) => r.map(shown)));
    }),
  );
});

describe('toMatrix', () => {
  const table = parseCsv('x,kind,y\n1,a,2\n3,b,4\n5,7,6');

  test('lays the rows one after another', () => {
    expect(toMatrix(table, ['y', 'x'])).toEqual({
      shape: [2, 3],
      data: Float32Array.of(2, 1, 4, 3, 6, 5),
      order: 'columns',
    });
  });

  test('refuses text and unknown columns', () => {
    expect(complaint(() => toMatrix(table))).toContain(
      '"kind" is text: row 1 (without the header) holds "a"',
    );
    expect(complaint(() => toMatrix(table, ['z']))).toContain('name some of x, kind, y');
    expect(complaint(() => toMatrix(table, ['toString']))).toContain('no column "toString"');
  });

  test('reads the breast cancer data', () => {
    const file = new URL('../../../datasets/breast_cancer.csv', import.meta.url);
    const { names, rows, columns } = parseCsv(readFileSync(file, 'utf8'));
    expect([names.length, rows]).toEqual([31, 569]);
    const malignant = columns['malignant'] as Float64Array;
    expect(malignant.reduce((sum, y) => sum + y, 0)).toBe(212);
  });
});
