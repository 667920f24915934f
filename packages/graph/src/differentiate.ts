// The chain rule: one walk backwards over rows. It knows no op by name.

import { ChainruleError } from './errors.ts';
import { constant } from './leaves.ts';
import { cotangentsBelow, either, masksBelow, wildNodes } from './masks.ts';
import { type Node, nameOf, reachable, showShape } from './node.ts';
import { add } from './ops.ts';

/**
 * The cotangent dJ/dx of every node x between J and `wrt`, unsimplified.
 * @throws ChainruleError if J is no scalar.
 */
export function cotangents(J: Node, wrt: readonly Node[]): Map<Node, Node> {
  checkScalar(J);
  return pullback(J, wrt, constant(1));
}

function checkScalar(J: Node): void {
  if (J.shape.length === 0) return;
  const what = `${nameOf(J) ?? 'the function'} is ${showShape(J.shape)}`;
  throw new ChainruleError(
    `grad: ${what}, and only a number has a gradient.`,
    'take its sum or its mean.',
  );
}

/** The cotangents of the nodes between y and `wrt`, where that of y is `seed`, of y's shape. */
export function pullback(y: Node, wrt: readonly Node[], seed: Node): Map<Node, Node> {
  const order = reachable([y]);
  const active = new Set<Node>(wrt);
  for (const node of order) if (node.src.some((s) => active.has(s))) active.add(node);
  const result = new Map<Node, Node>([[y, seed]]);
  const masks = new Map<Node, Node | undefined>();
  const wild = wildNodes(order);
  for (const node of order.reverse()) {
    const g = result.get(node);
    if (!g || !active.has(node)) continue;
    const below = masksBelow(node, masks.get(node));
    const parts = cotangentsBelow(node, g, below, wild);
    node.src.forEach((s, i) => {
      const part = parts[i];
      if (!part || !active.has(s)) return;
      const known = result.get(s);
      result.set(s, known ? add(known, part) : part);
      masks.set(s, known ? either(masks.get(s), below[i]) : below[i]);
    });
  }
  return result;
}
