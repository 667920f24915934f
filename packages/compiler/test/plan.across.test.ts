// Short folds taken into the kernels that read them: what is taken, and what is better left.
import {
  add,
  exp,
  input,
  logsumexp,
  matmul,
  maxOver,
  mul,
  type Node,
  param,
  sub,
  sum,
  tanh,
  transpose,
} from '@chainrule/graph';
import { describe, expect, test } from 'vitest';
import type { Limits } from '../src/device.ts';
import { type Planned, plan } from '../src/plan.ts';
import { flopsOf } from '../src/report.ts';
import { interpretPlan } from './support/interpret.ts';
import { mulberry } from './support/nests.ts';
import { randomProgram } from './support/random-programs.ts';

const LINE = 16;
const limits: Limits = {
  ...{ inputs: 7, outputs: 4, line: LINE },
  ...{ inPlace: false, arena: false, queue: 1 },
};

const W = input(10, 30, { name: 'W' });
const X = input(30, 50, { name: 'X' });
const Z = matmul(W, X);
const lse = logsumexp(Z, 0, { keepdims: true });
const A = exp(sub(Z, lse));

const planOf = (outputs: Record<string, Node>, more: Partial<Limits> = {}): Planned =>
  plan({ outputs: new Map(Object.entries(outputs)), updates: [] }, { ...limits, ...more });
/** What each kernel folds, and across what. */
const foldsOf = (...given: Parameters<typeof planOf>) =>
  planOf(...given).kernels.map(({ fold, across }) => [fold?.kind, across?.kind]);
/** The largest difference from what is computed without them, in numbers of a few units. */
function distance(outputs: Record<string, Node>): number {
  const [found, wanted] = [LINE, 0].map((line) => {
    const planned = planOf(outputs, { line });
    const given = planned.inputs.map(({ id, name, shape }) => {
      const random = mulberry(name.length);
      const size = (shape[0] ?? 1) * (shape[1] ?? 1);
      return [id, Float64Array.from({ length: size }, () => random() - 0.5)] as const;
    });
    const values = interpretPlan(planned, new Map(given));
    return [...planned.outputs.values()].flatMap((id) => [...values.get(id)!]);
  });
  return wanted!.reduce((most, want, i) => Math.max(most, Math.abs(want - found![i]!)), 0);
}
const countOf = (...given: Parameters<typeof planOf>) => planOf(...given).kernels.length;

test('random programs have such folds', () => {
  const found = Array.from({ length: 200 }, (_, i) => plan(randomProgram(i + 1), limits))
    .flatMap(({ kernels }) => kernels)
    .filter((nest) => nest.across);
  expect(found.filter((nest) => nest.fold).length).toBeGreaterThan(50);
  expect(found.filter((nest) => !nest.fold).length).toBeGreaterThan(50);
});

describe('taken', () => {
  test('with the product that it folds', () => {
    const { kernels, buffers } = planOf({ A });
    expect(kernels).toHaveLength(1);
    expect(buffers.map((b) => b.name)).toEqual(['W', 'X', 'A']);
    // Each thread computes the line of ten beside its own.
    const [{ fold, across }] = kernels as [(typeof kernels)[0]];
    expect(fold!.axes).toEqual([30]);
    expect(across).toMatchObject({ kind: 'logsumexp', axis: 0 });
    expect(flopsOf(kernels[0]!)).toBeGreaterThan(11 * 2 * 10 * 30 * 50);
  });

  test('along either dimension', () => {
    const rows = matmul(transpose(X), transpose(W));
    const probabilities = exp(sub(rows, logsumexp(rows, 1, { keepdims: true })));
    expect(planOf({ A: probabilities }).kernels.map((k) => k.across?.axis)).toEqual([1]);
  });

  test('and what it folds is stored if others read it', () => {
    const [nest, ...others] = planOf({ A, Z }).kernels;
    expect(others).toEqual([]);
    expect(nest!.also).toHaveLength(1);
    const behind = { A, B: matmul(Z, input(50, 3, { name: 'V' })) };
    expect(foldsOf(behind)).toEqual([
      ['sum', 'logsumexp'],
      ['sum', undefined],
    ]);
    expect(distance(behind)).toBeLessThan(1e-12);
  });

  test('alone if what it folds is given', () => {
    const given = input(10, 50, { name: 'given' });
    const squares = sum(mul(given, given), 0, { keepdims: true });
    expect(foldsOf({ A: sub(given, squares) })).toEqual([[undefined, 'sum']]);
  });
});

describe('left', () => {
  test('without a limit, and beyond it', () => {
    expect(countOf({ A }, { line: 0 })).toBe(3);
    expect(countOf({ A }, { line: 9 })).toBe(3);
    expect(countOf({ A }, { line: 10 })).toBe(1);
  });

  test('if others read it, or it is a result', () => {
    const apart = [['sum'], ['logsumexp'], []].map(([kind]) => [kind, undefined]);
    expect(foldsOf({ A, B: mul(lse, 2) })).toEqual(apart);
    expect(foldsOf({ A, lse })).toEqual(apart);
    expect(foldsOf({ A, B: mul(Z, lse) })).toEqual([['sum', 'logsumexp']]);
  });

  test('if computing a line is more work than a launch', () => {
    const columns = (m: number) => {
      const product = matmul(W, input(30, m));
      return exp(sub(product, logsumexp(product, 0, { keepdims: true })));
    };
    expect(countOf({ A: columns(600) })).toBe(1);
    // The fold alone is still little.
    expect(countOf({ A: columns(1000) })).toBe(2);
    expect(countOf({ A: columns(100_000) })).toBe(3);
  });

  test('with a product whose text is too long for a line', () => {
    const deep = (n: number): Node => (n === 0 ? Z : tanh(add(deep(n - 1), 1)));
    const long = deep(3);
    const value = exp(sub(long, logsumexp(long, 0, { keepdims: true })));
    expect(foldsOf({ A: value })).toEqual([
      ['sum', undefined],
      [undefined, 'logsumexp'],
    ]);
  });

  test('with a product whose numbers something in between waits for', () => {
    expect(foldsOf({ A: add(A, sum(Z)) })).toEqual([
      ['sum', undefined],
      ['sum', undefined],
      [undefined, 'logsumexp'],
    ]);
  });

  test('with a square product that one of the two reads across', () => {
    const square = matmul(W, transpose(W));
    const overRows = transpose(logsumexp(square, 1, { keepdims: true }));
    const overColumns = logsumexp(square, 0, { keepdims: true });
    for (const value of [sub(square, overRows), sub(transpose(square), overColumns)]) {
      expect(foldsOf({ A: value })).toEqual([
        ['sum', undefined],
        [undefined, 'logsumexp'],
      ]);
      expect(distance({ A: value })).toBeLessThan(1e-12);
    }
  });

  test('with a product of which the largest is looked for: computed twice, it might be missed', () => {
    const hits = sub(Z, maxOver(Z, 0, { keepdims: true }));
    expect(foldsOf({ A: hits })).toEqual([
      ['sum', undefined],
      [undefined, 'max'],
    ]);
  });

  test('if the map reads it at two positions', () => {
    const square = matmul(W, transpose(W));
    const L = logsumexp(square, 0, { keepdims: true });
    const outputs = { A: add(sub(square, L), transpose(L)) };
    expect(foldsOf(outputs)).toHaveLength(3);
    expect(distance(outputs)).toBeLessThan(1e-12);
  });

  test('a parameter that the kernel would write over while others read it', () => {
    const P = param(10, 50, { name: 'P' });
    const value = sub(P, logsumexp(P, 0, { keepdims: true }));
    const goal = { outputs: new Map(), updates: [{ param: P, value }] };
    const planned = plan(goal, { ...limits, inPlace: true });
    expect(planned.kernels.map((k) => k.across?.axis)).toEqual([0]);
    expect(planned.swaps).toHaveLength(1);
  });

  test('if the kernel would read too many arrays', () => {
    expect(countOf({ A: mul(A, input(10, 50, { name: 'Y' })) }, { inputs: 3 })).toBe(1);
    expect(countOf({ A: mul(A, input(10, 50, { name: 'Y' })) }, { inputs: 2 })).toBe(2);
  });
});
