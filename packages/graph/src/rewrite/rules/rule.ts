// What a rewrite rule is: two graphs over holes, and the reason. As data it prints as
// `log(sigmoid(x)) -> -softplus(-x)`, and the sweep proves it numerically.
import { hole } from '../../leaves.ts';
import type { Node } from '../../node.ts';

/** A rewrite rule. Its left side is in normal form, or no graph would ever match it. */
export interface Rule {
  readonly name: string;
  /** The op of its left side, and one below it, if there is one: see `opsOf`. */
  readonly ops: string;
  readonly left: Node;
  readonly right: Node;
  readonly reason: string;
  /** Of what the holes stand for: does the rule apply? */
  readonly when?: (...holes: readonly Node[]) => boolean;
  /** Only where the node stands alone: as a result, or as the argument of a function. */
  readonly alone?: boolean;
}

/** A rule over as many holes as `sides` has parameters; they are made when one is looked at. */
export const rule = (
  name: string,
  ops: string,
  sides: (...x: Node[]) => readonly [Node, Node],
  reason: string,
  limits: Pick<Rule, 'when' | 'alone'> = {},
): Rule => {
  let made: readonly [Node, Node] | undefined;
  const both = () => {
    made ??= sides(...Array.from({ length: sides.length }, (_, i) => hole(i)));
    return made;
  };
  return {
    ...limits,
    name,
    ops,
    reason,
    get left() {
      return both()[0];
    },
    get right() {
      return both()[1];
    },
  };
};

/** The reasons that come more than once. */
export const OVERFLOW = 'exp(89) overflows float32';
export const ONE = 'one function instead of two';
export const INVERSE = 'one function undoes the other, and its rounding is gone';
export const NEAR_0 = 'near 0 the difference loses its digits';
