// Literal formulas, each in several spellings, at extreme arguments: values and slopes after
// simplification, in float64 and in float32, against mpmath.
import { describe, expect, test } from 'vitest';
import {
  grad,
  input,
  interpretAll,
  math,
  mul,
  type Node,
  nameOf,
  param,
  print,
  simplify,
  sum,
} from '../src/index.ts';
import figures from './fixtures/stability.json' with { type: 'json' };
import { inFloat32, TINY, ulp } from './support/float32.ts';

interface Point {
  readonly at: readonly number[];
  readonly value: number | null;
  readonly slopes: readonly (number | null)[] | null;
}

const LARGEST = 3.4e38;
/** The rows' own budgets are 4 to 8 units, and a formula has a few rows. */
const ULPS = 16;

/** Rounding of a value that a device computes; 0 where it may flush to 0. */
const rounding = (want: number, size: number): number =>
  ULPS * ulp(Math.max(Math.abs(want), Math.abs(size)));

function expectNear(got: number, want: number | null, tolerance: number, what: string): void {
  if (want === null) return; // beyond float64
  expect(Math.abs(got - want), `${what}: ${got}, not ${want}`).toBeLessThanOrEqual(tolerance);
}

describe.each(figures.scalars.map((each) => [each.name, each] as const))('%s', (_, each) => {
  const points = each.points as readonly Point[];
  const names = ['x', 'y'].slice(0, points[0]!.at.length);

  test.each(each.spellings)('%s', (spelling) => {
    const leaves = Object.fromEntries(names.map((name) => [name, param({ name })]));
    const formula = math(leaves)(`result = ${spelling}`)['result']!;
    const x = Object.values(leaves);
    const roots = [simplify(formula), ...grad(formula, x)];
    for (const { at, value, slopes } of points) {
      // Sums whose terms are larger than they are round at the size of the terms.
      const size = Math.max(1, ...at.map(Math.abs));
      const wanted = [value, ...(slopes ?? [])];
      const data = Object.fromEntries(names.map((name, i) => [name, [at[i]!]]));
      const exact = interpretAll(roots, data);
      wanted.forEach((want, i) => {
        const cancels = each.cancels === 'value' || (i > 0 && each.cancels === 'slope');
        const what = `${print(roots[i]!)} at ${at}`;
        const scale = Math.max(Math.abs(want ?? 0), cancels ? size : 1e-288);
        expectNear(exact[i]!.data[0]!, want, 1e-12 * scale, `float64: ${what}`);
        if (want === null || Math.abs(want) > LARGEST) return;
        const leaf = (node: Node) => at[names.indexOf(nameOf(node)!)]!;
        // The arguments round too.
        const own = (slopes ?? []).map((s, k) =>
          Math.abs((s ?? 0) * (Math.fround(at[k]!) - at[k]!)),
        );
        const tolerance = rounding(want, cancels ? size : 0) + own.reduce((a, b) => a + b, 0);
        const got = inFloat32(roots[i]!, leaf);
        if (Math.abs(want) < TINY && Math.abs(got) < TINY) return;
        expectNear(got, want, tolerance, `float32: ${what}`);
      });
    }
  });
});

describe.each(figures.vectors.map((each) => [each.name, each] as const))('%s', (_, each) => {
  test.each(each.spellings)('%s', (spelling) => {
    const x = param(each.points[0]!.x.length, 1);
    const { result } = math({ x })(`result = ${spelling}`);
    // A cost with another weight for each entry of the result.
    const w = input(...result!.shape, { name: 'w' });
    const roots = [simplify(result!), grad(sum(mul(w, result!)), x)];
    for (const point of each.points) {
      const values = interpretAll(roots, { x: point.x, w: point.w });
      [point.value, point.slope].forEach((wanted, i) => {
        const cancels = each.cancels === 'value' || (i > 0 && each.cancels === 'slope');
        const rounds = cancels ? Math.max(1, ...point.x.map(Math.abs)) : 0;
        const largest = Math.max(rounds, ...wanted.map(Math.abs));
        wanted.forEach((want, k) => {
          // Entries of a gradient round at the size of the largest.
          const tolerance = 1e-12 * (i > 0 ? largest : Math.max(rounds, Math.abs(want))) + 1e-288;
          const what = `${print(roots[i]!)} at ${point.x}`;
          expectNear(values[i]!.data[k]!, want, tolerance, what);
        });
      });
    }
  });
});
