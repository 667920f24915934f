// What can be compiled: a program is a set of parameter updates, and names for its inner values.
import type { Node } from '@chainrule/graph';

/** After each step, `param` takes the value of `value`. */
export interface Update {
  readonly param: Node;
  readonly value: Node;
}

/** A training program, as `train` of @chainrule/nn makes it. */
export interface Program {
  /** The cost that the updates descend, if any. */
  readonly loss?: Node;
  readonly updates: readonly Update[];
  /** Names for kernels, such as dZ1; they hold in this program only. */
  readonly names?: ReadonlyMap<Node, string>;
}
