// Sweeps the rewrite rules: exact equality, accuracy in float32, and that each one is reached.
import { describe, expect, test } from 'vitest';
import { substitute } from '../src/grad.ts';
import {
  add,
  createRandom,
  mul,
  type Node,
  param,
  print,
  reachable,
  type Step,
  simplify,
  sub,
} from '../src/index.ts';
import { type NodeOf, withSources } from '../src/node.ts';
import { opsOf } from '../src/rewrite/candidates.ts';
import { applyRule } from '../src/rewrite/match.ts';
import { allRules, type Rule } from '../src/rewrite/rules.ts';
import { exactly } from './support/exact.ts';
import { inFloat32, ulp, ulpsApart } from './support/float32.ts';

/** What a row of the op table may be off, in units in the last place. */
const BUDGET = 4;
const EXTREMES = [0, 1e-30, 1e-8, 1e-3, 0.5, 1, 2, 17, 20, 40, 87, 88.5, 89, 104, 300, 1000];
const SEED = 20;

/** Extreme and random float32 numbers of every size and both signs. */
function samples(seed: number): number[] {
  const random = createRandom(seed);
  const uniform = Array.from({ length: 40 }, () => 200 * random.uniform() - 100);
  const normal = Array.from({ length: 40 }, () => 3 * random.normal());
  const anySize = Array.from({ length: 40 }, () => random.normal() * 10 ** (6 * random.normal()));
  const fractions = Array.from({ length: 40 }, () => random.uniform());
  return [
    ...EXTREMES,
    ...EXTREMES.map((x) => -x),
    ...uniform,
    ...normal,
    ...anySize,
    ...fractions,
  ].map(Math.fround);
}

const CLOSE = [1, -1, 1.001, 0.99];

/** The same for several holes: independent, equal, opposite and close ones. */
function tuples(holes: number): number[][] {
  const first = samples(SEED);
  if (holes === 1) return first.map((x) => [x]);
  const others = Array.from({ length: holes - 1 }, (_, i) => samples(SEED + 1 + i));
  const shifted = (by: number) =>
    first.map((x, i) => [x, ...others.map((y) => y[(i + by) % y.length]!)]);
  const near = first.map((x, i) => [
    x,
    ...others.map((_, k) => Math.fround(x * CLOSE[(i + k) % 4]!)),
  ]);
  return [...shifted(7), ...near].filter((_, i) => i % 2 === 0);
}

const isHole = (node: Node) => node.op === 'hole';
const holesOf = ({ left, right }: Rule) => reachable([left, right]).filter(isHole);

/** Larger ones have more digits in their exponentials than are worth their time. */
const LARGEST_EXPONENT = 1000;
/** So many of those between 100 and that: they take hundreds of digits. */
const FAR_POINTS = 8;
/** exp(-x^2) grows faster. */
const LARGEST_SQUARED = 10;
const size = (at: readonly number[]) => Math.max(...at.map(Math.abs));

// 64 digits must be left of 1 - sigmoid(x), about e^-x, and of 1 - tanh(x)^2, about e^-2x.
const digitsAt = (x: number) => 64 + Math.ceil(x / Math.LN10);
const NEAR = 100;
const evaluators = [NEAR, 2 * NEAR, LARGEST_EXPONENT, 2 * LARGEST_EXPONENT].map((x) =>
  exactly(digitsAt(x)),
);
const evaluatorOf = (rule: Rule, at: readonly number[]) => {
  const far = size(at) > NEAR && size(at) <= LARGEST_EXPONENT;
  const double = reachable([rule.left]).some((node) => node.op === 'tanh');
  return evaluators[(far ? 2 : 0) + (double ? 1 : 0)]!;
};

const LIMITED = new Set(
  'exp expm1 sigmoid softplus tanh sinh cosh log1mexp logaddexp sin cos'.split(' '),
);

function pointsFor(rule: Rule): number[][] {
  const nodes = reachable([rule.left, rule.right]);
  const grows = nodes.some((node) => LIMITED.has(node.op));
  const bells = nodes.some((node) => node.op.startsWith('erf') || node.op === 'logErfc');
  const largest = bells ? LARGEST_SQUARED : grows ? LARGEST_EXPONENT : Infinity;
  let far = 0;
  return tuples(holesOf(rule).length).filter((at) => {
    if (size(at) > largest) return false;
    return !grows || size(at) <= NEAR || ++far <= FAR_POINTS;
  });
}

/** What rounding the arguments, once each, does to the value: that much any formula may be off. */
function conditioning(rule: Rule, at: readonly number[]): number {
  const exactly = evaluatorOf(rule, at)(rule.left, at);
  const moved = at.map((x, i) => {
    const beside = at.map((y, k) => (i === k ? x * (1 + 2 ** -23) : y));
    return evaluatorOf(rule, at)(rule.left, beside).minus(exactly).abs().toNumber();
  });
  const finite = moved.filter(Number.isFinite);
  return finite.reduce((sum, x) => sum + x, 0) / ulp(exactly.toNumber());
}

describe.each(allRules().map((rule) => [rule.name, rule] as const))('%s', (name, rule) => {
  const { left, right } = rule;
  const sides = pointsFor(rule).map((at) => {
    const evaluate = evaluatorOf(rule, at);
    return { at, before: evaluate(left, at), after: evaluate(right, at) };
  });

  test(`is found by its ops, ${rule.ops}`, () => {
    // As few other nodes as can be: by an op below it, if there is any.
    const found = [...opsOf(left)].filter((ops) => !/ (hole|const)/.test(ops));
    expect(found.length > 1 ? found.slice(1) : found).toContain(rule.ops);
  });

  test('is found wherever it applies: in what is longer, scaled, or about something else', () => {
    const [u, v] = [param({ name: 'u' }), param({ name: 'v' })];
    const holes = reachable([left]).filter((node) => node.op === 'hole');
    let applied = 0;
    for (const x of [u, mul(-2, u), mul(u, v), add(u, v), sub(u, 3)]) {
      for (const y of [v, mul(-1, u), mul(3, v)]) {
        const by = new Map(holes.map((hole, i) => [hole, i === 0 ? x : y]));
        const [whole] = substitute([left], by) as [Node];
        const { src } = whole;
        const turned = src.length === 2 ? withSources(whole, [src[1]!, src[0]!]) : whole;
        for (const form of [whole, turned, mul(-3, whole), mul(v, whole), sub(mul(5, v), whole)]) {
          if (!applyRule(rule, form)) continue;
          applied++;
          expect(opsOf(form), print(form)).toContain(rule.ops);
        }
      }
    }
    expect(applied).toBeGreaterThan(0);
  });

  test(`${print(left)} -> ${print(right)} wherever the left side is finite`, () => {
    let compared = 0;
    for (const { at, before, after } of sides) {
      if (!before.isFinite()) continue;
      compared++;
      const distance = before.minus(after).abs();
      expect(distance.lte(before.abs().times(1e-60)), `at ${at}: ${before}, ${after}`).toBe(true);
    }
    expect(compared).toBeGreaterThan(50); // the others are outside of the domain
  });

  test('is not less accurate in float32, and never loses a finite value', () => {
    let [worstBefore, worstAfter] = [0, 0];
    for (const { at, before: exactly } of sides) {
      const want = exactly.toNumber();
      if (!Number.isFinite(Math.fround(want))) continue;
      const [before, after] = [left, right].map((side) =>
        inFloat32(side, (hole) => at[(hole as NodeOf<'hole'>).attr.index]!),
      ) as [number, number];
      if (Number.isFinite(before)) expect(after, `at ${at}`).not.toBe(NaN);
      const [ulpsBefore, ulpsAfter] = [before, after].map((got) =>
        Number.isFinite(got) ? ulpsApart(got, want) : Number.POSITIVE_INFINITY,
      ) as [number, number];
      // At one point the left side may be right by luck.
      const budget = ulpsBefore + BUDGET;
      const room = ulpsAfter <= budget ? 0 : conditioning(rule, at);
      expect(ulpsAfter, `at ${at}: ${after}, not ${want}`).toBeLessThanOrEqual(budget + room);
      worstBefore = Math.max(worstBefore, ulpsBefore);
      worstAfter = Math.max(worstAfter, ulpsAfter);
    }
    expect(worstAfter).toBeLessThanOrEqual(Math.max(worstBefore + 1, BUDGET));
  });

  /** What stands for the holes; some rules are about a double, or opposite ones, see `when`. */
  const p = param();
  const arguments_: readonly ((hole: number) => Node)[] = [
    () => param(),
    () => mul(2, param()),
    (hole) => mul(hole === 0 ? 1 : -2, p),
  ];

  /** Does the rule turn what is made of its left side into what is made of its right side? */
  const reaches = (...makes: ((side: Node) => Node)[]): boolean =>
    arguments_.some((argument) => {
      const holes = new Map(holesOf(rule).map((hole, i) => [hole, argument(i)]));
      const trace: Step[] = [];
      const [from, to] = substitute([left, right], holes) as [Node, Node];
      const after = simplify(makes[0]!(from), trace);
      const same = makes.some((make) => simplify(make(to)) === after);
      return same && trace.some((step) => step.rule === name);
    });

  test('is reached', () => {
    expect(reaches((side) => side)).toBe(true);
  });

  const inside = { add, mul }[left.op as 'add' | 'mul'];
  if (!inside || rule.alone) return;
  test('is reached inside of a longer one', () => {
    const y = param();
    const between = (side: Node): Node =>
      side.op === left.op ? inside(side.src[0]!, inside(y, side.src[1]!)) : inside(side, y);
    const before = (side: Node): Node => inside(y, side);
    const after = (side: Node): Node => inside(side, y);
    expect(reaches(between, before, after)).toBe(true);
  });
});
