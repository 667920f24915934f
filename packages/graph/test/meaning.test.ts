// Sweeps the op rows: the lowering in float32 against the float64 meaning.
import { describe, expect, test } from 'vitest';
import { type ElementwiseRow, elementwise } from '../src/elementwise.ts';
import type { AttrOf, OpName } from '../src/node.ts';
import { float32, ulpsApart } from './support/float32.ts';

type Row = ElementwiseRow<OpName>;
type Attr = AttrOf[OpName];
const rows = Object.entries(elementwise) as unknown as [OpName, Row][];
const attributesOf = (row: Row): readonly Attr[] => row.attributes ?? [{}];

/** The default budget: a handful of operations, half a unit each. */
const ULPS = 4;
const budget = (row: Row, attr: Attr): number => row.ulps?.(attr) ?? ULPS;
const pointsOf = (row: Row) => [...row.points, ...(row.kinks ?? []).map(({ at }) => at)];
const DENSE = 400;

/** Points between neighbouring points of a unary row, evenly spread in size. */
function between(points: readonly (readonly number[])[]): number[] {
  const xs = points.map(([x]) => x!).sort((a, b) => a - b);
  return xs.slice(1).flatMap((b, i) => {
    const a = xs[i]!;
    const byRatio = a * b > 0;
    return Array.from({ length: DENSE }, (_, k) => {
      const t = k / DENSE;
      return byRatio ? a * (b / a) ** t : a + (b - a) * t;
    });
  });
}

/** The worst error of a row over tuples of arguments, in units in the last place. */
function worst(row: Row, attr: Attr, points: readonly (readonly number[])[]) {
  let found = { ulps: 0, at: [] as readonly number[], got: 0, want: 0 };
  for (const point of points) {
    const at = point.map(Math.fround);
    const want = row.meaning(attr, ...at);
    if (!Number.isFinite(Math.fround(want))) continue;
    const got = row.lower(float32, attr, ...at);
    const ulps = Number.isFinite(got) ? ulpsApart(got, want) : Number.POSITIVE_INFINITY;
    if (ulps > found.ulps) found = { ulps, at, got, want };
  }
  return found;
}

describe.each(rows)('%s in float32', (_op, row) => {
  test.each(attributesOf(row).map((attr) => [JSON.stringify(attr), attr] as const))(
    'is finite and within its budget at its points %s',
    (_, attr) => {
      const found = worst(row, attr, pointsOf(row));
      expect(found.ulps, JSON.stringify(found)).toBeLessThanOrEqual(budget(row, attr));
    },
  );
  if (row.points[0]!.length > 1) return;
  test.each(attributesOf(row).map((attr) => [JSON.stringify(attr), attr] as const))(
    'and between them %s',
    (_, attr) => {
      const found = worst(
        row,
        attr,
        between(pointsOf(row)).map((x) => [x]),
      );
      expect(found.ulps, JSON.stringify(found)).toBeLessThanOrEqual(budget(row, attr));
    },
  );
});
