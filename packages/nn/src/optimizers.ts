// Optimizers: from a parameter and its gradient to the updates of one step, as graphs.
import type { Update } from '@chainrule/compiler';
import { ChainruleError, isNode, mul, type Node, sub } from '@chainrule/graph';

/** How parameters learn. State of its own (a momentum) is a parameter that it updates too. */
export interface Optimizer {
  readonly name: string;
  update(param: Node, gradient: Node): readonly Update[];
}

/**
 * Gradient descent: `w := w - alpha dJ/dw`.
 * @param alpha the learning rate: a number, or a scalar input to feed a schedule
 * @throws ChainruleError if the number is not positive
 */
export function sgd(alpha: number | Node): Optimizer {
  const isRate = typeof alpha === 'number' ? alpha > 0 && alpha < Infinity : isNode(alpha);
  if (!isRate) {
    throw new ChainruleError(`sgd: the learning rate is ${String(alpha)}.`, `give e.g. 0.1.`);
  }
  return {
    name: 'sgd',
    update: (param, gradient) => [{ param, value: sub(param, mul(alpha, gradient)) }],
  };
}
