// Costs, written as the textbook writes them; the graph makes them safe. And accuracy.
import {
  add,
  greater,
  less,
  log,
  mean,
  mul,
  type Node,
  named,
  nameOf,
  neg,
  ShapeError,
  size,
  square,
  sub,
  sum,
} from '@chainrule/graph';

/** @throws ShapeError unless predictions and labels have one shape: broadcasting hides mistakes */
function checkShapes(loss: string, A: Node, Y: Node): void {
  if (A.shape.join() === Y.shape.join()) return;
  const name = (x: Node, word: string) => `${nameOf(x) ?? word} [${x.shape.join(', ')}]`;
  throw new ShapeError(
    `${loss}: the predictions ${name(A, 'A')} and the labels ${name(Y, 'Y')} differ in shape.`,
    'give labels of the shape of the predictions; class numbers become it by oneHot(labels, n).',
  );
}

/**
 * `-mean(Y log(A) + (1 - Y) log(1 - A))`, a scalar. With A = sigmoid(Z) it is rewritten so that it
 * and its gradient are finite at any Z.
 * @param A probabilities, [1, m] @param Y labels 0 or 1, [1, m]
 */
export function binaryCrossEntropy(A: Node, Y: Node): Node {
  checkShapes('binaryCrossEntropy', A, Y);
  return named(neg(mean(add(mul(Y, log(A)), mul(sub(1, Y), log(sub(1, A)))))), 'J');
}

/**
 * `-mean over examples of sum over classes of Y log(A)`, a scalar. With A = softmax(Z) it is
 * rewritten so that it and its gradient are finite at any Z; declare Y with `distribution: true`
 * and the gradient is A - Y.
 * @param A probabilities, [classes, m] @param Y one-hot labels, [classes, m]
 */
export function softmaxCrossEntropy(A: Node, Y: Node): Node {
  checkShapes('softmaxCrossEntropy', A, Y);
  return named(neg(mean(sum(mul(Y, log(A)), -2))), 'J');
}

/** `mean((A - Y)^2)` over all entries, a scalar. */
export function meanSquaredError(A: Node, Y: Node): Node {
  checkShapes('meanSquaredError', A, Y);
  return named(mean(square(sub(A, Y))), 'J');
}

/**
 * The part of the examples that is classified right, a scalar: one row is right on the side of 1/2
 * that the label is on; of several rows the label's must be larger than all others. NaN and ties
 * are wrong.
 * @param A predictions, [classes, m] @param Y labels, of the same shape
 */
export function accuracy(A: Node, Y: Node): Node {
  checkShapes('accuracy', A, Y);
  const classes = A.shape.at(-2) ?? 1;
  if (classes === 1) {
    return mean(add(mul(Y, greater(A, 0.5)), mul(sub(1, Y), less(A, 0.5))));
  }
  const own = sum(mul(Y, A), -2, { keepdims: true });
  const beaten = sum(less(A, own), -2);
  return mean(greater(beaten, sub(size(classes), 1.5)));
}
