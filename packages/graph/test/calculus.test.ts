// Sweeps the op rows: derivatives against central differences and against mathjs; conventions at
// kinks.
import { derivative } from 'mathjs';
import { describe, expect, test } from 'vitest';
import { type ElementwiseRow, elementwise } from '../src/elementwise.ts';
import { grad, interpret, interpretAll, math, type Node, param, sum } from '../src/index.ts';
import { type AttrOf, make, type OpName } from '../src/node.ts';
import { add, mul } from '../src/ops.ts';

type Row = ElementwiseRow<OpName>;
type Attr = AttrOf[OpName];
const cases = (Object.entries(elementwise) as unknown as [OpName, Row][]).flatMap(([op, row]) =>
  (row.attributes ?? [{}]).map((attr) => [op, JSON.stringify(attr), row, attr as Attr] as const),
);

const TOLERANCE = 1e-6;
/** The cube root of the float64 epsilon balances truncation and rounding of a difference. */
const STEP = 6e-6;

/** One op over scalar parameters, with its first and a mixture of its second derivatives. */
function setUp(op: OpName, attr: Attr, arity: number) {
  const x = Array.from({ length: arity }, (_, i) => param({ name: `x${i}` }));
  const y = make(op, x, attr as never, []);
  const first = grad(y, x);
  // Weights that no symmetry cancels.
  const mixture = first.map((d, i) => mul([0.7, -1.3, 0.4][i]!, d)).reduce((a, b) => add(a, b));
  return { x, y, first, mixture, second: grad(mixture, x) };
}

const evaluate = (nodes: readonly Node[], at: readonly number[]): number[] => {
  const values = Object.fromEntries(at.map((v, i) => [`x${i}`, v]));
  return interpretAll(nodes, values).map(({ data }) => data[0]!);
};

/** A function of several numbers, and the size at which its evaluation rounds. */
interface Rounded {
  readonly f: (at: readonly number[]) => number;
  readonly rounding: number;
}

/** The slope of f along source i from two points on either side, and how exact it is. */
function difference({ f, rounding }: Rounded, at: readonly number[], i: number) {
  const h = STEP * Math.abs(at[i]!);
  const moved = (by: number) => at.map((v, k) => (k === i ? v + by : v));
  const [below, above] = [moved(-h), moved(h)];
  const width = above[i]! - below[i]!;
  const [high, low] = [f(above), f(below)];
  // What a rounding of f by a few units in the last place does to the slope.
  const size = Math.max(Math.abs(high), Math.abs(low), rounding);
  return { slope: (high - low) / width, noise: (8 * Number.EPSILON * size) / width };
}

function expectSlopes(slopes: readonly number[], f: Rounded, at: readonly number[]): void {
  slopes.forEach((slope, i) => {
    const numeric = difference(f, at, i);
    if (!Number.isFinite(numeric.slope)) return;
    const size = Math.max(Math.abs(slope), Math.abs(numeric.slope));
    const what = `source ${i} at ${at}: ${slope}, differences say ${numeric.slope}`;
    expect(Math.abs(slope - numeric.slope), what).toBeLessThanOrEqual(
      TOLERANCE * size + numeric.noise,
    );
  });
}

describe.each(cases)('%s %s', (op, _, row, attr) => {
  const { y, first, mixture, second } = setUp(op, attr, row.points[0]!.length);

  const value: Rounded = { f: (x) => evaluate([y], x)[0]!, rounding: 0 };
  // Derivatives such as s (1 - s) round 1 - s at the size of 1.
  const slope: Rounded = { f: (x) => evaluate([mixture], x)[0]!, rounding: 1 };

  test('its derivative is the limit of differences', (context) => {
    if (row.stops) context.skip(row.stops);
    for (const at of row.points) {
      expectSlopes(evaluate(first, at), value, at);
    }
  });

  test('so is the derivative of its derivative', () => {
    for (const at of row.points) {
      expectSlopes(evaluate(second, at), slope, at);
    }
  });

  test('where the value is finite, the derivatives are not NaN', () => {
    for (const at of [...row.points, ...(row.kinks ?? []).map((kink) => kink.at)]) {
      if (!Number.isFinite(row.meaning(attr, ...at))) continue;
      expect([...evaluate(first, at), ...evaluate(second, at)], `at ${at}`).not.toContain(NaN);
    }
  });

  for (const { at, slopes } of row.kinks ?? []) {
    test(`at the kink ${at.join(', ')} it keeps its convention`, () => {
      expect(evaluate(first, at)).toEqual(slopes(attr));
    });
  }
});

/** The definitions that mathjs can differentiate; it knows no max, min, where, log1p or expm1. */
const definitions: { readonly [K in OpName]?: (attr: Attr) => string } = {
  add: () => 'x0 + x1',
  mul: () => 'x0 * x1',
  pow: (attr) => `x0 ^ (${(attr as AttrOf['pow']).exponent})`,
  exp: () => 'exp(x0)',
  log: () => 'log(x0)',
  log1p: () => 'log(1 + x0)',
  expm1: () => 'exp(x0) - 1',
  log2: () => 'log(x0, 2)',
  log10: () => 'log10(x0)',
  logaddexp: () => 'log(exp(x0) + exp(x1))',
  cbrt: () => 'cbrt(x0)',
  hypot: () => 'sqrt(x0 ^ 2 + x1 ^ 2)',
  sin: () => 'sin(x0)',
  cos: () => 'cos(x0)',
  tan: () => 'tan(x0)',
  asin: () => 'asin(x0)',
  acos: () => 'acos(x0)',
  atan: () => 'atan(x0)',
  sinh: () => 'sinh(x0)',
  cosh: () => 'cosh(x0)',
  asinh: () => 'asinh(x0)',
  acosh: () => 'acosh(x0)',
  atanh: () => 'atanh(x0)',
  abs: () => 'abs(x0)',
  sigmoid: () => '1 / (1 + exp(-x0))',
  tanh: () => 'tanh(x0)',
  softplus: () => 'log(1 + exp(x0))',
};

describe.each(cases.filter(([op]) => definitions[op]))(
  'mathjs agrees on %s %s',
  (op, _, row, attr) => {
    const { first, second } = setUp(op, attr, row.points[0]!.length);
    const formula = definitions[op]!(attr);

    test('at its points', () => {
      let compared = 0;
      for (const at of row.points) {
        const scope = Object.fromEntries(at.map((v, i) => [`x${i}`, v]));
        evaluate(first, at).forEach((slope, i) => {
          const theirs = derivative(formula, `x${i}`).evaluate(scope) as number;
          // Their answers overflow far out, and are complex for powers of negative numbers.
          if (typeof theirs !== 'number' || !Number.isFinite(theirs)) return;
          compared++;
          // 1 - tanh^2 and the like lose what is below one unit of 1.
          const rounding = 4 * Number.EPSILON;
          expect(Math.abs(slope - theirs)).toBeLessThanOrEqual(1e-9 * Math.abs(theirs) + rounding);
        });
        if (at.length > 1) continue;
        const theirs = derivative(derivative(formula, 'x0'), 'x0').evaluate(scope) as number;
        if (typeof theirs !== 'number' || !Number.isFinite(theirs)) continue;
        const [curvature] = evaluate(second, at);
        const ours = curvature! / 0.7;
        expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(
          1e-9 * Math.abs(theirs) + 8 * Number.EPSILON,
        );
      }
      expect(compared).toBeGreaterThan(0);
    });
  },
);

test('the branch that where does not take leaves no trace in the gradient', () => {
  const x = param(4);
  const { y } = math({ x })`y = where(x > 0, log(x), 0)`;
  const data = { x: [-2, 0, 1e-3, 2] };
  expect([...interpret(y!, data).data]).toEqual([0, 0, Math.log(1e-3), Math.log(2)]);
  expect([...interpret(grad(sum(y!), x), data).data]).toEqual([0, 0, 1 / 1e-3, 0.5]);
});
