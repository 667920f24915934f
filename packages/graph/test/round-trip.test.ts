// What is written can be read: every op as JSON and as text comes back with the same meaning.
import { describe, expect, test } from 'vitest';
import { type ElementwiseRow, elementwise } from '../src/elementwise.ts';
import * as g from '../src/index.ts';
import { fromJSON, interpret, type Node, param, print } from '../src/index.ts';
import { make, type OpName } from '../src/node.ts';
import { expandTo } from '../src/ops/operand.ts';
import { asMeant } from './support/meant.ts';
import { A, B, dataOf, S, nodes as structures, v } from './support/structures.ts';

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
const turned = g.mul(expandTo(v, [5, 4], [0]), expandTo(g.sum(S, 1), [5, 4], [1]));
/** What functions rarely make, but rewriting may. */
const odd: Readonly<Record<string, Node>> = {
  'turned by its parts': turned,
  'turned and summed': g.maxOver(g.sin(turned), 0),
  'turned and moved': g.flip(g.reshape(g.sin(turned), [4, 5]), 0),
  'turned thrice': g.mul(g.sin(turned), g.expandDims(g.sum(turned, 1), 1)),
  'rows against columns': g.mul(g.sum(S, 1), g.sin(g.sum(S, 0))),
  'reduced again and again': g.norm(g.sum(B, 1), 0),
  'a sum of one': g.sum(g.expandDims(g.sum(B, [1, 2]), 0), 0),
  'products of one': g.prod(g.prod(g.expandDims(g.expandDims(v, 0), 2), 2), 0),
  'moved, then repeated': g.add(g.expandDims(g.mul(g.expandDims(v, 1), g.sin(v)), 1), 1),
  'a softmax of what lies elsewhere': g.mul(g.softmax(g.sum(S, 1), 0), g.sum(S, 0)),
  'factors that cancel': g.cumsum(g.mul(A, g.pow(A, -1))),
  'a product of products': g.matmul(g.outer(v, v), g.expandDims(v, 1)),
};
const structuralCases = Object.entries({ ...structures, ...odd }).flatMap(([name, node]) =>
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

  // A text names such a function, and does not define it.
  if (node.op === 'custom') return;
  test('as text', () => {
    const bindings = Object.fromEntries(g.paramsOf([node]).map((p) => [g.nameOf(p)!, p]));
    const { result } = g.math(bindings)(`result = ${text}`);
    same(interpret(asMeant(result!, node.shape), values), interpret(node, values));
  });
});
