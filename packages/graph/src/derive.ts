// The gradient of a cost with every cotangent by its name: what equations print and programs run.
import { cotangents } from './differentiate.ts';
import { constant } from './leaves.ts';
import { checkNodes, isLeaf, type Node, nameOf } from './node.ts';
import { splitScale } from './rewrite/monomial.ts';
import { simplifyAll } from './rewrite/rewrite.ts';

/** The gradients of a cost, and the names of what is computed on the way. */
export interface Derivation {
  /** dJ/dp, simplified, one for each parameter. */
  readonly gradients: readonly Node[];
  /**
   * The cotangents in the order of back-propagation: `dZ2`, `dW2`, `dA1`, ... As in the course
   * those of inner nodes stand without the scale (1/m), which the gradients carry.
   */
  readonly cotangents: ReadonlyMap<Node, string>;
}

/** The gradient of J with respect to parameters. @throws ChainruleError if J is no scalar */
export function derive(J: Node, params: readonly Node[]): Derivation {
  checkNodes(params);
  const [stable] = simplifyAll([J]);
  const all = cotangents(stable!, params);
  const inner = [...all.keys()].filter(
    (node) =>
      node !== stable && nameOf(node) !== undefined && (!isLeaf(node) || params.includes(node)),
  );
  const roots = [
    ...params.map((p) => all.get(p) ?? constant(0, p.shape)),
    ...inner.map((n) => all.get(n)!),
  ];
  const simplified = simplifyAll(roots);
  const names = new Map<Node, string>();
  inner.forEach((node, i) => {
    const whole = simplified[params.length + i]!;
    const value = isLeaf(node) ? whole : splitScale(whole).body;
    if (!names.has(value) && !isLeaf(value)) names.set(value, `d${nameOf(node)!}`);
  });
  return { gradients: simplified.slice(0, params.length), cotangents: names };
}
