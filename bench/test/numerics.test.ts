// docs/numerics.md claims that chainrule has no wrong cell: here against the same truth, for its
// own formulas only. The libraries that it is compared with are asked by npm run numerics.
import { expect, test } from 'vitest';
import { chainrule, interpreted } from '../src/numerics/chainrule.ts';
import { ask } from '../src/numerics/contender.ts';
import { judge, second, stability, worst } from '../src/numerics/truth.ts';

// A probability next to 1: A - 1, as the textbook has it, and x - logsumexp(x) have no digit left.
const ROUNDED = [
  '-(y log(sigmoid(z)) + (1 - y) log(1 - sigmoid(z))), y = 1, order 1, at 20: rounded',
  'log(softmax([z, 0, -z])), first entry, order 0, at 20: rounded',
  'log(softmax([z, 0, -z])), first entry, order 1, at 20: rounded',
];

for (const [contender, known] of [
  [chainrule, ROUNDED],
  [interpreted, []],
] as const) {
  test(`${contender.name} is right in every cell`, async () => {
    const answers = await ask(contender, [...stability, ...second]);
    const bad = answers
      .filter(({ verdict }) => verdict !== 'right')
      .map(({ cell, verdict }) => `${cell.row}, order ${cell.order}, at ${cell.x}: ${verdict}`);
    expect(bad.sort()).toEqual([...known].sort());
  });
}

test('45 functions, four points each', () => {
  expect(new Set(second.map(({ row }) => row)).size).toBe(45);
  expect(second).toHaveLength(4 * 45);
  expect([...stability, ...second].filter(({ truth }) => Number.isNaN(truth))).toEqual([]);
});

test('a judge that is neither deaf nor harsh', () => {
  expect(judge(1.00009, 1)).toBe('right');
  expect(judge(1.00011, 1)).toBe('wrong');
  expect(judge(0, 2e-9)).toBe('rounded');
  expect(judge(0, 2e-6)).toBe('wrong');
  expect(judge(0, 1e-40)).toBe('right');
  expect(judge(Number.NaN, 0)).toBe('NaN');
  expect(judge(Number.POSITIVE_INFINITY, 1)).toBe('Infinity');
  expect(judge(1, Number.NEGATIVE_INFINITY)).toBe('wrong');
  expect(judge(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY)).toBe('right');
  expect(judge({ error: 'no gradient' }, 0)).toBe('throws');
  expect(worst(['right', 'throws', 'wrong'])).toBe('throws');
});
