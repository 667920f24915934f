// What is measured: programs with their sizes and made-up data. It must not know how to measure.
import { createRandom, input, math, type Node, param } from '@chainrule/graph';
import { dense, softmaxCrossEntropy } from '@chainrule/nn';

export interface Case {
  readonly name: string;
  readonly J: Node;
  readonly sizes: Record<string, number>;
  readonly feeds: Record<'X' | 'Y', Float32Array>;
}

const features = (n: number, m: number) => {
  const random = createRandom(1);
  return Float32Array.from({ length: n * m }, () => random.normal());
};

/** Logistic regression on `m` examples of `n` features. */
export function logistic(n: number, m: number): Case {
  const { J } = math({
    X: input('n', 'm'),
    Y: input(1, 'm'),
    w: param('n', 1),
    b: param(1, 1),
  })`
    Z = w' * X + b
    A = sigmoid(Z)
    J = -mean(Y .* log(A) + (1 - Y) .* log(1 - A))`;
  const Y = Float32Array.from({ length: m }, (_, i) => i % 2);
  return { name: `logistic ${n} x ${m}`, J: J!, sizes: { n, m }, feeds: { X: features(n, m), Y } };
}

/** A net with one hidden layer that tells ten digits apart, on batches of `m`. */
export function digits(hidden: number, m: number): Case {
  const [n, classes] = [784, 10];
  const X = input(n, 'm', { name: 'X' });
  const Y = input(classes, 'm', { name: 'Y', distribution: true });
  const A1 = dense(X, hidden, { activation: 'relu' });
  const J = softmaxCrossEntropy(dense(A1, classes, { activation: 'softmax' }), Y);
  const labels = new Float32Array(classes * m);
  for (let i = 0; i < m; i++) labels[(i % classes) * m + i] = 1;
  const name = `net ${n}-${hidden}-${classes}, batch ${m}`;
  return { name, J, sizes: { m }, feeds: { X: features(n, m), Y: labels } };
}
