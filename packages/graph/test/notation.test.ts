// Every elementwise row as LaTeX: alone, on what needs parentheses, and inside other formulas.
import { expect, test } from 'vitest';
import { type ElementwiseRow, elementwise } from '../src/elementwise.ts';
import { grad, mul, neg, param, square, sub, sum, tex } from '../src/index.ts';
import { make, type OpName } from '../src/node.ts';
import { expectLatex } from './support/latex.ts';

const rows = (
  Object.entries(elementwise) as unknown as [OpName, ElementwiseRow<OpName>][]
).flatMap(([op, row]) =>
  (row.attributes ?? [{}]).map(
    (attr) => [`${op} ${JSON.stringify(attr)}`, op, attr, row] as const,
  ),
);

test.each(rows)('%s', (_, op, attr, row) => {
  const names = ['x', 'W1', 'theta'].slice(0, row.points[0]!.length);
  const plain = names.map((name) => param(2, 3, { name }));
  const b = param(2, 1, { name: 'b1' });
  const operands = [
    plain,
    plain.map(neg),
    plain.map((x) => sub(x, b)),
    plain.map((x) => mul(2, x)),
  ];
  for (const src of operands) {
    const y = make(op, src, attr as never, [2, 3]);
    for (const node of [
      y,
      square(y),
      neg(y),
      make(
        op,
        src.map(() => y),
        attr as never,
        [2, 3],
      ),
    ]) {
      expectLatex(tex(node));
    }
    for (const slope of grad(sum(y), plain)) expectLatex(tex(slope));
    expect(tex(y)).toContain('x');
  }
});
