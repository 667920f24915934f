// What is written can be read: every op as JSON and as text comes back with the same meaning.
import { describe, expect, test } from 'vitest';
import { type ElementwiseRow, elementwise } from '../src/elementwise.ts';
import * as g from '../src/index.ts';
import { fromJSON, interpret, type Node, param, print } from '../src/index.ts';
import { make, type OpName } from '../src/node.ts';
import { asMeant } from './support/meant.ts';
import { dataOf, nodes as structures } from './support/structures.ts';

/** Each elementwise op on parameters, at one of its points. */
const rows = Object.entries(elementwise) as unknown as [OpName, ElementwiseRow<OpName>][];
const elementwiseCases = rows.flatMap(([op, row]) =>
  (row.attributes ?? [{}]).map((attr) => {
    const at = row.points.at(-1)!;
    const x = at.map((_, i) => param({ name: `x${i}` }));
    const values = Object.fromEntries(at.map((v, i) => [`x${i}`, v]));
    const node = make(op, x, attr as never, []);
    return [`${op} ${JSON.stringify(attr)}`, node, values, print(node)] as const;
  }),
);
const structuralCases = Object.entries(structures).flatMap(([name, node]) =>
  [node, g.simplify(node), ...gradients(node)].map(
    (each, i) => [`${name}, form ${i}`, each, dataOf(each), print(each)] as const,
  ),
);

function gradients(node: Node): Node[] {
  const J = g.mean(g.sin(node));
  return g.paramsOf([node]).map((p) => g.grad(J, p));
}

const same = (got: g.Tensor64, want: g.Tensor64): void => {
  expect(got.shape).toEqual(want.shape);
  got.data.forEach((x, i) => {
    expect(x).toBeCloseTo(want.data[i]!, 12);
  });
};

/** The texts come first: what is read takes names. */
const cases: (readonly [string, Node, Record<string, g.Data>, string])[] = [
  ...elementwiseCases,
  ...structuralCases,
];

describe.each(cases)('%s', (_, node, values, text) => {
  test('as JSON', () => {
    const read = fromJSON<Node>(JSON.parse(JSON.stringify(g.toJSON(node))));
    expect(print(read)).toBe(print(node));
    same(interpret(read, values), interpret(node, values));
  });

  test('as text', () => {
    const bindings = Object.fromEntries(g.paramsOf([node]).map((p) => [g.nameOf(p)!, p]));
    const { result } = g.math(bindings)(`result = ${text}`);
    same(interpret(asMeant(result!, node.shape), values), interpret(node, values));
  });
});
