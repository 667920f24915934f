// From a cost and an optimizer to a program that learns.
import type { Program } from '@chainrule/compiler';
import { ChainruleError, derive, type Node, nameOf, paramsOf } from '@chainrule/graph';
import type { Optimizer } from './optimizers.ts';

/** Options of `train`. */
export interface TrainOptions {
  /** The parameters that learn; all that the cost depends on unless given. */
  readonly params?: readonly Node[];
}

/**
 * The program whose step moves every parameter against the gradient of J.
 * @param J the cost, a scalar
 * @throws ChainruleError if J is no scalar or depends on no parameter
 */
export function train(J: Node, optimizer: Optimizer, options: TrainOptions = {}): Program {
  const params = options.params ?? paramsOf([J]);
  if (params.length === 0) {
    throw new ChainruleError(
      `train: ${nameOf(J) ?? 'the cost'} depends on no parameter.`,
      `make weights with param(...) or dense(...).`,
    );
  }
  const { gradients, cotangents } = derive(J, params);
  const updates = params.flatMap((p, i) => optimizer.update(p, gradients[i]!));
  const shared = optimizer.shared ?? [];
  return { loss: J, updates: [...updates, ...shared], names: cotangents };
}
