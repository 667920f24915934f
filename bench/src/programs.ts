// What is measured: programs with their sizes and made-up data. It must not know how to measure.
import { createRandom, input, math, matmul, type Node, param, transpose } from '@chainrule/graph';
import { type Activation, binaryCrossEntropy, dense, softmaxCrossEntropy } from '@chainrule/nn';

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

/** A net with hidden layers that tells ten digits apart, on batches of `m`. */
export function digits(hidden: readonly number[], m: number): Case {
  const [n, classes] = [784, 10];
  const X = input(n, 'm', { name: 'X' });
  const Y = input(classes, 'm', { name: 'Y', distribution: true });
  const A = hidden.reduce<Node>((a, units) => dense(a, units, { activation: 'relu' }), X);
  const J = softmaxCrossEntropy(dense(A, classes, { activation: 'softmax' }), Y);
  const labels = new Float32Array(classes * m);
  for (let i = 0; i < m; i++) labels[(i % classes) * m + i] = 1;
  const name = `net ${[n, ...hidden, classes].join('-')}, batch ${m}`;
  return { name, J, sizes: { m }, feeds: { X: features(n, m), Y: labels } };
}

/** A net of these layers that says yes or no, on `m` examples. */
export function yesOrNo(layers: readonly number[], m: number, hidden: Activation): Case {
  const n = layers[0]!;
  const X = input(n, 'm', { name: 'X' });
  const Y = input(1, 'm', { name: 'Y' });
  const A = layers
    .slice(1, -1)
    .reduce<Node>((a, units) => dense(a, units, { activation: hidden }), X);
  const J = binaryCrossEntropy(dense(A, 1, { activation: 'sigmoid' }), Y);
  const labels = Float32Array.from({ length: m }, (_, i) => i % 2);
  const name = `net ${layers.join('-')}, batch ${m}`;
  return { name, J, sizes: { m }, feeds: { X: features(n, m), Y: labels } };
}

/** A product of square matrices, either one transposed or none, and its operations. */
export function product(n: number, transposed: 'none' | 'left' | 'right') {
  const matrix = (name: string) => param(n, n, { name, init: { kind: 'uniform', limit: 1 } });
  const [A, B, C] = [matrix('A'), matrix('B'), matrix('C')];
  const left = transposed === 'left' ? transpose(A) : A;
  const right = transposed === 'right' ? transpose(B) : B;
  return { updates: [{ param: C, value: matmul(left, right) }] };
}
