// Sweeps the rewrite rules: exact equality, accuracy in float32, and that each one is reached.
import { describe, expect, test } from 'vitest';
import { rowOf } from '../src/elementwise.ts';
import { substitute } from '../src/grad.ts';
import {
  createRandom,
  type Node,
  param,
  print,
  reachable,
  type Step,
  simplify,
} from '../src/index.ts';
import { allRules, type Rule } from '../src/rewrite/rules.ts';
import { exactly } from './support/exact.ts';
import { float32, ulpsApart } from './support/float32.ts';

const EXTREMES = [0, 1e-30, 1e-8, 1e-3, 0.5, 1, 2, 17, 20, 40, 87, 88.5, 89, 104, 300, 1000];
const SEED = 20;

/** Extreme and random float32 numbers of every size and both signs. */
function samples(): number[] {
  const random = createRandom(SEED);
  const uniform = Array.from({ length: 60 }, () => 200 * random.uniform() - 100);
  const normal = Array.from({ length: 60 }, () => 3 * random.normal());
  const anySize = Array.from({ length: 60 }, () => random.normal() * 10 ** (6 * random.normal()));
  return [...EXTREMES, ...EXTREMES.map((x) => -x), ...uniform, ...normal, ...anySize].map(
    Math.fround,
  );
}

/** The value of a graph over one hole in float32 machine ops. */
function inFloat32(root: Node, x: number): number {
  const done = new Map<Node, number>();
  for (const node of reachable([root])) {
    if (node.op === 'hole') done.set(node, x);
    else if (node.op === 'const') done.set(node, Math.fround(node.attr.value));
    else {
      const src = node.src.map((s) => done.get(s)!);
      done.set(node, rowOf(node.op)!.lower(float32, node.attr, ...src));
    }
  }
  return done.get(root)!;
}

// 1 - sigmoid(100) is e^-100, 4e-44: 64 digits must be left of it. e^-1000 is 1e-434.
const exact = exactly(64 + 44);
const veryExact = exactly(64 + 434);
const isFar = (x: number) => Math.abs(x) > 100 && Math.abs(x) <= 1000;

/** Exponentials of larger numbers have more digits in their exponents than decimal numbers take. */
const LARGEST_EXPONENT = 2000;
const EXPONENTIALS = new Set(['exp', 'expm1', 'sigmoid', 'softplus', 'tanh']);

function pointsFor(rule: Rule): number[] {
  const grows = reachable([rule.left, rule.right]).some((node) => EXPONENTIALS.has(node.op));
  return samples().filter((x) => !grows || Math.abs(x) <= LARGEST_EXPONENT);
}

describe.each(allRules().map((rule) => [rule.name, rule] as const))('%s', (name, rule) => {
  const { left, right } = rule;
  const sides = pointsFor(rule).map((x) => {
    const evaluate = isFar(x) ? veryExact : exact;
    return { x, before: evaluate(left, [x]), after: evaluate(right, [x]) };
  });

  test(`${print(left)} -> ${print(right)} wherever the left side is finite`, () => {
    let compared = 0;
    for (const { x, before, after } of sides) {
      if (!before.isFinite()) continue;
      compared++;
      const distance = before.minus(after).abs();
      expect(distance.lte(before.abs().times(1e-60)), `at ${x}: ${before}, ${after}`).toBe(true);
    }
    expect(compared).toBeGreaterThan(60); // the others are outside of the domain
  });

  test('is not less accurate in float32, and never loses a finite value', () => {
    let [worstBefore, worstAfter] = [0, 0];
    for (const { x, before: exactly } of sides) {
      const want = exactly.toNumber();
      if (!Number.isFinite(Math.fround(want))) continue;
      const [before, after] = [left, right].map((side) => inFloat32(side, x)) as [number, number];
      if (Number.isFinite(before)) expect(after, `at ${x}`).not.toBe(NaN);
      const [ulpsBefore, ulpsAfter] = [before, after].map((got) =>
        Number.isFinite(got) ? ulpsApart(got, want) : Number.POSITIVE_INFINITY,
      ) as [number, number];
      // At one point the left side may be right by luck; the rows' own budget is 4.
      expect(ulpsAfter, `at ${x}: ${after}, not ${want}`).toBeLessThanOrEqual(ulpsBefore + 4);
      worstBefore = Math.max(worstBefore, ulpsBefore);
      worstAfter = Math.max(worstAfter, ulpsAfter);
    }
    expect(worstAfter).toBeLessThanOrEqual(worstBefore + 1);
  });

  test('is reached', () => {
    const x = param();
    const hole = reachable([left]).find((node) => node.op === 'hole')!;
    const trace: Step[] = [];
    const [from, to] = substitute([left, right], new Map([[hole, x]]));
    expect(simplify(from!, trace)).toBe(simplify(to!));
    expect(trace.map((step) => step.rule)).toContain(name);
  });
});
