// The chain rule: one walk backwards over rows. It knows no op by name.

import { rowOf } from './elementwise.ts';
import { ChainruleError, explain } from './errors.ts';
import { constant } from './leaves.ts';
import { type Node, nameOf, reachable, showShape } from './node.ts';
import { add } from './ops.ts';
import { structureOf } from './structural.ts';

/**
 * The cotangent dJ/dx of every node x between J and `wrt`, unsimplified.
 * @throws ChainruleError if J is no scalar.
 */
export function cotangents(J: Node, wrt: readonly Node[]): Map<Node, Node> {
  if (J.shape.length > 0) {
    const name = nameOf(J) ?? 'the function';
    throw new ChainruleError(
      explain(
        `grad: ${name} is ${showShape(J.shape)}, and only a number has a gradient.`,
        [],
        'take its sum or its mean.',
      ),
    );
  }
  return pullback(J, constant(1), wrt);
}

/** The cotangents of every node between y and `wrt`, where that of y is `seed`; unsimplified. */
export function pullback(y: Node, seed: Node, wrt: Iterable<Node>): Map<Node, Node> {
  const order = reachable([y]);
  const active = new Set<Node>(wrt);
  for (const node of order) if (node.src.some((s) => active.has(s))) active.add(node);
  const result = new Map<Node, Node>([[y, seed]]);
  for (const node of order.reverse()) {
    const g = result.get(node);
    if (!g || !active.has(node)) continue;
    const row = rowOf(node.op) ?? structureOf(node.op)!;
    const parts = row.grad(node as never, g);
    node.src.forEach((s, i) => {
      const part = parts[i];
      if (!part || !active.has(s)) return;
      const known = result.get(s);
      result.set(s, known ? add(known, part) : part);
    });
  }
  return result;
}
