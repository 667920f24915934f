// Every row of the op table as a nest of its own, so that each backend meets each lowering.
import { type ElementwiseRow, elementwise } from '../../../graph/src/elementwise.ts';
import { createExprBuilder } from '../../src/expr.ts';
import { at, type NestCase, nestCase } from './nests.ts';

/** A row at its points, and what it means there. */
export interface RowCase extends NestCase {
  readonly points: readonly (readonly number[])[];
  readonly wanted: readonly number[];
  /** What a value may be off by, relative to it, or to 1 where it is smaller. */
  readonly tolerance: number;
}

/** The attributes of an op, whichever it is. */
type Attr = NonNullable<ElementwiseRow<never>['attributes']>[number];
type Row = ElementwiseRow<never>;

/**
 * 84 units in the last place, as for all nests: software GPUs are off by 20 in exp and log, and
 * near 1 their logarithm has absolute errors. A row with a budget above 4 asks for more.
 */
const TOLERANCE = 1e-5;
const UNIT = 2 ** -24;

const rows = Object.entries(elementwise) as unknown as readonly [string, Row][];

/** All of them, with all their attributes. */
export const rowCases: readonly RowCase[] = rows.flatMap(([op, row]) =>
  (row.attributes ?? [{} as Attr]).map((attr) => rowCase(op, row, attr)),
);

function rowCase(op: string, row: Row, attr: Attr): RowCase {
  const all = [...row.points, ...(row.kinks ?? []).map((kink) => kink.at)];
  const meaning = (point: readonly number[]) => row.meaning(attr, ...point);
  const points = all
    .map((point) => point.map(Math.fround))
    .filter((point) => Number.isFinite(Math.fround(meaning(point))));
  const m = createExprBuilder();
  const inputs = points[0]!.map((_, k) => ({
    shape: [points.length],
    numbers: (_: () => number, i: number) => points[i]![k]!,
  }));
  const result = row.lower(m, attr, ...inputs.map((_, k) => m.load(k, at(0))));
  const plain = Object.entries(attr).filter(([, value]) => typeof value !== 'object');
  const attributes = plain.map(([name, value]) => ` ${name} ${value}`);
  return {
    ...nestCase(`row ${op}${attributes.join('')}`, { axes: [points.length], result }, inputs),
    points,
    wanted: points.map(meaning),
    tolerance: TOLERANCE + 4 * (row.ulps?.(attr) ?? 0) * UNIT,
  };
}
