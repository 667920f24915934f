// Every elementwise row against SymPy and mpmath, which share no code with it: the value, the
// gradient and the Hessian at its points.
import { describe, expect, test } from 'vitest';
import { type ElementwiseRow, elementwise } from '../src/elementwise.ts';
import { grad, interpretAll, type Node, param } from '../src/index.ts';
import { make, type OpName } from '../src/node.ts';
import fixture from './fixtures/elementwise.json' with { type: 'json' };

/** A number, or the name of one that JSON cannot write. */
type Figure = number | string;
interface Case {
  readonly at: readonly number[];
  readonly value: Figure;
  readonly first: readonly Figure[];
  readonly second: readonly (readonly Figure[])[];
}
interface Figures {
  readonly op: string;
  readonly attr: unknown;
  readonly cases: readonly Case[];
}
const keyOf = (op: string, attr: unknown) => `${op} ${JSON.stringify(attr)}`;
const figures = new Map(
  (fixture as readonly Figures[]).map(({ op, attr, cases }) => [keyOf(op, attr), cases]),
);
const rows = (
  Object.entries(elementwise) as unknown as [OpName, ElementwiseRow<OpName>][]
).flatMap(([op, row]) =>
  (row.attributes ?? [{}]).map((attr) => [keyOf(op, attr), op, attr, row] as const),
);

/** A value is a few roundings away from the truth. */
const VALUE = 1e-14;
/** A derivative is a formula: terms of it may cancel. */
const SLOPE = 1e-9;
/** Where derivatives are differences of larger terms, as a textbook has them, and lose digits. */
const CANCELS: { readonly [K in OpName]?: string } = {
  sigmoid: 's (1 - s), where s is near 1',
  softplus: 'its second derivative is that of sigmoid',
  tanh: '1 - y^2, where y is near 1',
  hypot: '1/y - a^2/y^3, where b is small',
};
/** What they lose: some units in the last place of 1. */
const LOST = 8 * Number.EPSILON;

function expectNear(
  found: number,
  wanted: Figure,
  tolerance: number,
  floor: number,
  what: string,
) {
  const want = Number(wanted);
  if (Object.is(found, want) || found === want) return;
  const message = `${what}: ${found} instead of ${want}`;
  expect(Math.abs(found - want), message).toBeLessThanOrEqual(tolerance * Math.abs(want) + floor);
}

describe.each(rows)('%s', (key, op, attr, row) => {
  const cases = figures.get(key) ?? [];
  const floor = CANCELS[op] ? LOST : 0;
  const arity = row.points[0]!.length;
  const x = Array.from({ length: arity }, (_, i) => param({ name: `x${i}` }));
  const y = make(op, x, attr as never, []);
  const evaluate = (nodes: readonly Node[], at: readonly number[]): number[] => {
    const values = Object.fromEntries(at.map((v, i) => [`x${i}`, v]));
    return interpretAll(nodes, values).map(({ data }) => data[0]!);
  };

  test('has figures for its points', () => {
    const fix = 'the first lines of test/fixtures/elementwise.py say how to make figures';
    expect(
      cases.map(({ at }) => at),
      fix,
    ).toEqual(row.points);
  });

  test('agrees on its value', () => {
    for (const { at, value } of cases) {
      expectNear(row.meaning(attr, ...at), value, VALUE, 0, `at ${at}`);
    }
  });

  test('agrees on its gradient', () => {
    const first = grad(y, x);
    for (const { at, first: wanted } of cases) {
      evaluate(first, at).forEach((slope, i) => {
        expectNear(slope, wanted[i]!, SLOPE, floor, `along ${i} at ${at}`);
      });
    }
  });

  test('agrees on its Hessian', () => {
    const second = grad(y, x).flatMap((d) => grad(d, x));
    for (const { at, second: wanted } of cases) {
      evaluate(second, at).forEach((slope, i) => {
        expectNear(slope, wanted.flat()[i]!, SLOPE, floor, `entry ${i} at ${at}`);
      });
    }
  });
});
