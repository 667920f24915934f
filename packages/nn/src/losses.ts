// Costs, written as the textbook writes them; the graph makes them safe. And accuracy.
import {
  add,
  greater,
  greaterEqual,
  log,
  maxOver,
  mean,
  mul,
  type Node,
  named,
  neg,
  square,
  sub,
  sum,
} from '@chainrule/graph';

/**
 * `-mean(Y log(A) + (1 - Y) log(1 - A))`, a scalar. With A = sigmoid(Z) it is rewritten so that it
 * and its gradient are finite at any Z.
 * @param A probabilities, [1, m] @param Y labels 0 or 1, [1, m]
 */
export const binaryCrossEntropy = (A: Node, Y: Node): Node =>
  named(neg(mean(add(mul(Y, log(A)), mul(sub(1, Y), log(sub(1, A)))))), 'J');

/**
 * `-mean over examples of sum over classes of Y log(A)`, a scalar. With A = softmax(Z) it is
 * rewritten so that it and its gradient are finite at any Z; declare Y with `distribution: true`
 * and the gradient is A - Y.
 * @param A probabilities, [classes, m] @param Y one-hot labels, [classes, m]
 */
export const softmaxCrossEntropy = (A: Node, Y: Node): Node =>
  named(neg(mean(sum(mul(Y, log(A)), 0))), 'J');

/** `mean((A - Y)^2)` over all entries, a scalar. */
export const meanSquaredError = (A: Node, Y: Node): Node => named(mean(square(sub(A, Y))), 'J');

/**
 * The part of the examples that is classified right, a scalar: one row is right on the side of 1/2
 * that the label is on; several rows are right where the largest is the label's.
 * @param A predictions, [classes, m] @param Y labels, of the same shape
 */
export function accuracy(A: Node, Y: Node): Node {
  if (A.shape[0] === 1) {
    const positive = greater(A, 0.5);
    return mean(add(mul(Y, positive), mul(sub(1, Y), sub(1, positive))));
  }
  return mean(sum(mul(Y, greaterEqual(A, maxOver(A, 0, { keepdims: true }))), 0));
}
