// Long folds in parts mean what they meant: compared in float64.
import { describe, expect, test } from 'vitest';
import { type Cut, cutForParts, cutForThreads, splitFolds } from '../src/fitting/split.ts';
import type { Fold, Nest, Plan } from '../src/nest.ts';
import { interpretPlan } from './support/interpret.ts';
import { acc, apply, load, nestCase, value } from './support/nests.ts';

const K = 2048;
const THREADS = 1000;

type CutOf = (nest: Nest) => Cut | undefined;

const split = (plan: Plan, cutOf: CutOf = cutForThreads(THREADS)): Plan => {
  const jobs = plan.kernels.map((nest) => ({ nest, updates: [] }));
  const { jobs: parts, buffers } = splitFolds(jobs, plan.buffers, cutOf);
  return { ...plan, kernels: parts.map(({ nest }) => nest), buffers };
};

/** Both ways, and how many kernels it takes; sums differ by their order. */
function compare(plan: Plan, data: readonly Float32Array[], cutOf?: CutOf): number {
  const given = new Map<number, ArrayLike<number>>(data.map((x, i) => [i, x]));
  const parts = split(plan, cutOf);
  const [wanted, found] = [plan, parts].map((p) => interpretPlan(p, given));
  for (const { id, role } of plan.buffers) {
    if (role !== 'output') continue;
    const [a, b] = [[...Array.from(wanted!.get(id)!)], [...Array.from(found!.get(id)!)]];
    a.forEach(
      (x, i) => void expect(Math.abs(b[i]! - x)).toBeLessThan(1e-12 * Math.max(1, Math.abs(x))),
    );
  }
  return parts.kernels.length;
}

const row = (kind: Fold, turns: number): Pick<Nest, 'axes' | 'result' | 'fold'> => ({
  axes: [3],
  fold: { kind, axes: [turns], body: load(0, 0, 1) },
  result: apply('add', apply('mul', acc, value(0.5)), load(1, 0)),
});

const kinds = ['sum', 'max', 'prod', 'norm', 'logsumexp'] as const;

describe.each([
  ['equal parts', K],
  ['a short last part: a prime', 2053],
  ['a short last part: twice a prime', 2 * 1031],
])('a fold for three results, in %s', (_, turns) => {
  test.each(kinds)('%s', (kind) => {
    // All below zero: what is not there must not be the largest, nor count as exp(0).
    const numbers =
      kind === 'prod'
        ? (random: () => number) => 1 + 0.01 * random()
        : (random: () => number) => -1 - random();
    const input = { shape: [3, turns], numbers };
    const { plan, data } = nestCase(kind, row(kind, turns), [input, { shape: [3] }]);
    expect(compare(plan, data)).toBe(2);
  });
});

describe.each([K, 2053])('a fold of %i numbers', (K) => {
  test('positions, quotients and a loop around it', () => {
    const half = { at: 0, of: [{ axis: 2, step: 1 }] };
    const part = { part: 'quotient', of: half, by: 7, step: 1 } as const;
    const body = apply(
      'mul',
      load(0, 0, 1),
      apply('add', { op: 'position', index: [{ at: 1, of: [part] }] }, load(1, 2)),
    );
    const nest = { axes: [3], fold: { kind: 'sum', axes: [2, K], body }, result: acc } as const;
    const { plan, data } = nestCase('positions', nest, [{ shape: [3, 2] }, { shape: [K] }]);
    expect(compare(plan, data)).toBe(2);
  });

  test('a product, and a further result', () => {
    const body = apply('mul', load(0, 0, 2), load(1, 1, 2));
    const nest = { axes: [2, 3], fold: { kind: 'sum', axes: [K], body }, result: acc } as const;
    const made = nestCase('product', nest, [{ shape: [2, K] }, { shape: [3, K] }]);
    const [kernel] = made.plan.kernels;
    const also = [{ result: apply('neg', acc), output: 3 }];
    const output = made.plan.buffers[2]!;
    const plan: Plan = {
      ...made.plan,
      kernels: [{ ...kernel!, also }],
      buffers: [...made.plan.buffers, { ...output, id: 3 }],
    };
    expect(compare(plan, made.data)).toBe(2);
    expect(split(plan).kernels[1]!.also).toHaveLength(1);
  });
});

test.each([
  ['many results keep a GPU busy', [1000], K],
  ['a short loop is not worth a kernel', [3], 512],
  ['two parts do not pay for a short one', [500], 1031],
] as const)('%s', (_, axes, turns) => {
  const fold = { kind: 'sum', axes: [turns], body: load(0, 0, 1) } as const;
  const { plan, data } = nestCase('sum', { axes, fold, result: acc }, [
    { shape: [...axes, turns] },
  ]);
  expect(compare(plan, data)).toBe(1);
});

describe('parts that threads of a processor share', () => {
  const dot = (outputs: number, turns: number) => {
    const body = apply('mul', load(0, 0, 1), load(1, 1));
    const fold = { kind: 'sum', axes: [turns], body } as const;
    return nestCase('dot', { axes: [outputs], fold, result: acc }, [
      { shape: [outputs, turns] },
      { shape: [turns] },
    ]);
  };
  const partsOf = (outputs: number, turns: number): number => {
    const { plan, data } = dot(outputs, turns);
    const kernels = compare(plan, data, cutForParts(16));
    return kernels === 1 ? 1 : split(plan, cutForParts(16)).kernels[0]!.axes[0]!;
  };

  test.each([
    ['as many as there may be', 64, 4096, 16],
    ['fewer where they are equal', 64, 15 * 280, 15],
    ['half of them at least: no thread has two and another none', 64, 8 * 521, 8],
    ['none of a prime: a product must stay one', 64, 4099, 1],
    ['none of fewer turns', 70, 4080, 1],
    ['none of little work', 63, 4096, 1],
  ] as const)('%s', (_, outputs, turns, parts) => expect(partsOf(outputs, turns)).toBe(parts));

  test('none where results are many', () => {
    const fold = { kind: 'sum', axes: [4096], body: load(0, 0) } as const;
    const { plan } = nestCase('many', { axes: [8193], fold, result: acc }, [{ shape: [8193] }]);
    expect(split(plan, cutForParts(16)).kernels).toHaveLength(1);
  });
});
