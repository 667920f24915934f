// What a choice does not take leaves no trace in derivatives, whatever stands between.
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { type Node, param } from '../src/index.ts';
import { either } from '../src/masks.ts';

const [x, X, C] = ['x', 'X', 'C'].map((name) => param(2, 3, { name })) as [Node, Node, Node];
const [v, c, r] = [
  param(3, 1, { name: 'v' }),
  param(2, 1, { name: 'c' }),
  param(1, 3, { name: 'r' }),
];
const s = param({ name: 's' });
const rows = { keepdims: true } as const;
const masked = (condition: Node, f: Node): Node => g.where(condition, f, 0);

/** Formulas that are 0 where s, c and C are, with something infinite in what they then leave. */
const formulas: Readonly<Record<string, Node>> = {
  'a sum': masked(s, g.sum(g.log(x))),
  'a sum under a comparison': masked(g.greater(s, 0), g.sum(g.log(x))),
  'a mean': masked(s, g.mean(g.sqrt(v))),
  'a product of matrices': masked(c, g.matmul(X, g.log(v))),
  'a product of two such': masked(c, g.matmul(g.log(X), g.log(v))),
  'a product, repeated': masked(C, g.matmul(g.log(c), g.pow(r, -1))),
  'an exponential that overflows': masked(c, g.matmul(X, g.exp(g.pow(v, -1)))),
  logsumexp: masked(s, g.logsumexp(g.log(v))),
  'logsumexp of rows': masked(c, g.logsumexp(g.log(x), 1, rows)),
  softmax: masked(C, g.softmax(g.log(x), 0)),
  'a maximum': masked(s, g.maxOver(g.log(v))),
  'the inverse of a maximum': masked(c, g.div(1, g.maxOver(g.log(x), 1, rows))),
  'a transpose': masked(C, g.transpose(g.log(g.transpose(x)))),
  'a transposed product': masked(C, g.transpose(g.matmul(g.log(v), g.transpose(c)))),
  'a repeated row': masked(C, g.log(r)),
  'a repeated product': masked(C, g.mul(r, g.log(r))),
  'a repeated column and row': masked(C, g.mul(g.log(c), g.pow(r, -1))),
  'two choices of one value': g.add(masked(s, g.log(v)), masked(g.mul(2, s), g.log(v))),
  'a choice of a choice': masked(s, g.sum(masked(c, g.log(masked(c, g.matmul(X, g.exp(v))))))),
  'the other branch': g.where(g.greater(c, 0), g.matmul(X, g.log(v)), 1),
  'the other way round': g.where(g.less(c, 0.5), 1, g.matmul(X, g.log(v))),
  'two choices, one inside': g.where(c, g.where(s, g.matmul(X, g.log(v)), 2), 1),
  'the other branch, inside': masked(s, g.where(c, 1, g.matmul(X, g.log(v)))),
  'a norm': masked(s, g.sqrt(g.sum(g.square(v)))),
  'norms of rows': masked(c, g.sqrt(g.sum(g.square(masked(C, g.log(x))), 1, rows))),
};

/** Nothing is taken, and what is not is infinite. */
const nothing = {
  x: [0, 1, 2, 0, 3, -1],
  X: [0, 2, 3, 4, 5, 6],
  v: [0, 0, 0],
  r: [0, 0, 0],
  s: 0,
  c: [0, 0],
  C: [0, 0, 0, 0, 0, 0],
};
/** Some of it is taken, and all is smooth. */
const some = {
  x: [1.2, 1.5, 2, 0.7, 3, 2.5],
  X: [0.4, 2, 3, 4, 5, 6],
  v: [0.6, 1.3, 1.9],
  r: [0.7, 1.1, 2.3],
  s: 1,
  c: [0, 1.5],
  C: [0, 0, 0, 1, 0.5, 0],
};

/** A mixture of the first derivatives, so that its own derivatives are the second ones. */
const mixture = (J: Node, params: readonly Node[]): Node =>
  g
    .grad(J, params)
    .map((d) => g.sum(g.mul(d, g.add(d, 0.3))))
    .reduce((p, q) => g.add(p, q));

describe.each(Object.entries(formulas))('%s', (_, y) => {
  const J = g.sum(y);
  const params = g.paramsOf([J]);
  const second = mixture(J, params);

  test('has the derivative 0 where it is not taken', () => {
    for (const cost of [J, second]) {
      const all = g.interpretAll([...params, ...g.grad(cost, params)], nothing);
      const found = all.slice(params.length).map(({ data }) => [...data].map(Math.abs));
      expect(found).toEqual(params.map((_, i) => [...all[i]!.data].map(() => 0)));
    }
  });

  test('has its own where it is', () => {
    // Conditions jump: what they are made of has no slope.
    const smooth = params.filter((p) => p !== s && p !== c && p !== C);
    for (const cost of [J, second]) {
      if (g.paramsOf([cost]).length === 0) continue;
      const options = { params: smooth, sizes: {} };
      expect(g.gradCheck(cost, some, options).ratio).toBeLessThan(1e-7);
    }
  });

  test('comes simplified', () => {
    const gradients = g.grad(J, params);
    expect(g.simplifyAll(gradients)).toEqual(gradients);
  });
});

test('rows that are not taken leave the slopes of the others alone', () => {
  const J = g.sum(masked(c, g.matmul(g.log(X), g.log(v))));
  const data = { ...some, X: [0, 0, 0, 4, 5, 6] };
  const [dX, dv] = g.interpretAll(g.grad(J, [X, v]), data);
  const log = some.v.map(Math.log);
  expect([...dX!.data].slice(0, 3)).toEqual([0, 0, 0]);
  [4, 5, 6].forEach((w, i) => {
    expect(dX!.data[3 + i]).toBeCloseTo(log[i]! / w, 14);
    expect(dv!.data[i]).toBeCloseTo(Math.log(w) / some.v[i]!, 14);
  });
});

test('there is no mask where both branches come from one value', () => {
  const elu = g.where(g.greater(X, 0), X, g.expm1(X));
  const J = g.sum(g.log(g.add(2, g.matmul(elu, v))));
  const above = "(1 ./ (2 + where(X > 0, X, expm1(X)) * v)) * v'";
  expect(g.print(g.grad(J, X))).toBe(`${above} .* where(X > 0, 1, exp(X))`);
});

test('what both branches or two uses leave open needs no mask', () => {
  const outer = g.greater(X, 1);
  expect(either(C, g.where(C, 0, 1))).toBeUndefined();
  expect(either(g.where(C, 0, 1), C)).toBeUndefined();
  expect(either(g.where(C, 0, outer), g.where(C, outer, 0))).toBe(outer);
  expect(either(outer, outer)).toBe(outer);
  expect(either(outer, undefined)).toBeUndefined();
});

test('only what meets an infinite slope is masked', () => {
  const u = param(3, 1, { name: 'u' });
  const J = g.sum(masked(c, g.matmul(X, g.add(g.log(v), u))));
  expect(g.print(g.grad(J, u))).toBe("X' * where(c, 1, 0)");
});
