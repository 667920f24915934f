// A whole program as the textbook's equations: forward, cost, backward.
import { derive } from './derive.ts';
import { paramsOf } from './grad.ts';
import { isLeaf, type Node, nameOf, reachable, type Shape } from './node.ts';
import { print } from './print/print.ts';
import { tex, texOfName } from './print/tex.ts';

/** One line of mathematics. */
export interface Equation {
  /** The left side, a name: `dZ1`. */
  readonly name: string;
  /** The right side as text. */
  readonly text: string;
  /** The whole line in LaTeX. */
  readonly tex: string;
  readonly shape: Shape;
}

/** The equations of a cost and of its gradient. */
export interface Equations {
  readonly forward: readonly Equation[];
  readonly backward: readonly Equation[];
}

/**
 * The lines that define J, and those of its gradient, as they are derived and simplified.
 * The cotangent of a node named Z1 is called dZ1; as in the course, the 1/m of a mean stands
 * in the lines of the parameters only.
 * @param params whose gradients to show; all that J depends on unless given
 */
export function equations(J: Node, params: readonly Node[] = paramsOf([J])): Equations {
  const line = (name: string, node: Node, names?: ReadonlyMap<Node, string>): Equation => ({
    name,
    text: print(node, names),
    tex: `${texOfName(name)} = ${tex(node, names)}`,
    shape: node.shape,
  });
  const forward = reachable([J])
    .filter((node) => !isLeaf(node) && (nameOf(node) !== undefined || node === J))
    .map((node) => line(nameOf(node) ?? 'J', node));
  const names = derive(J, params).cotangents;
  const backward = [...names].map(([node, name]) => line(name, node, names));
  return { forward, backward };
}
