// Turning matrices: shapes of less than a tile, of whole tiles and of more, and of one row.
import { expect, test } from 'vitest';
import { reordered } from '../src/reordered.ts';

test.each([[[1, 7]], [[7, 1]], [[2, 3]], [[33, 70]], [[64, 32]], [[3, 5, 41]], [[2, 1, 3, 4]]])(
  '%j in the other order, and back',
  (shape) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const rows = Float32Array.from({ length: count }, (_, i) => i);
    const last = shape.at(-1)!;
    // Columns: the last position is the slowest, all others go as they do in rows.
    const columns = rows.map(
      (_, i) => (i % (count / last)) * last + Math.floor(i / (count / last)),
    );
    expect(reordered(rows, shape, 'rows', 'columns')).toEqual(columns);
    expect(reordered(columns, shape, 'columns', 'rows')).toEqual(rows);
    // A part of an array.
    const part = Float32Array.from([-1, ...columns, -1]).subarray(1, count + 1);
    expect(reordered(part, shape, 'columns', 'rows')).toEqual(rows);
    expect(reordered(part, shape, 'columns', 'columns')).toBe(part);
  },
);
