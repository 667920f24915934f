// What is measured: programs with their sizes and made-up data. It must not know how to measure.
import {
  createRandom,
  input,
  math,
  matmul,
  type Node,
  type Order,
  param,
  transpose,
} from '@chainrule/graph';
import {
  type Activation,
  binaryCrossEntropy,
  dense,
  softmaxCrossEntropy,
  zeros,
} from '@chainrule/nn';

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

/**
 * The cost of a net of these layers: one output says yes or no, more tell classes apart.
 * @param given do the weights get their first values later? Otherwise they are drawn.
 * @param order how the numbers of X follow each other: by rows, or example by example
 */
export function costOfNet(
  layers: readonly number[],
  hidden: Activation,
  given = false,
  order: Order = 'rows',
): Node {
  const [n, classes] = [layers[0]!, layers.at(-1)!];
  const init = given && { init: zeros() };
  const X = input(n, 'm', { name: 'X', order });
  const A = layers
    .slice(1, -1)
    .reduce<Node>((a, units) => dense(a, units, { activation: hidden, ...init }), X);
  if (classes === 1) {
    const Y = input(1, 'm', { name: 'Y' });
    return binaryCrossEntropy(dense(A, 1, { activation: 'sigmoid', ...init }), Y);
  }
  const Y = input(classes, 'm', { name: 'Y', distribution: true });
  return softmaxCrossEntropy(dense(A, classes, { activation: 'softmax', ...init }), Y);
}

/** Made-up examples for a net: X [n, m], Y [classes, m]. */
export function examplesFor(layers: readonly number[], m: number): Case['feeds'] {
  const classes = layers.at(-1)!;
  const Y = new Float32Array(classes * m);
  for (let i = 0; i < m; i++) {
    if (classes > 1) Y[(i % classes) * m + i] = 1;
    else Y[i] = i % 2;
  }
  return { X: features(layers[0]!, m), Y };
}

/** A net of these layers, on `m` examples. */
export const net = (layers: readonly number[], m: number, hidden: Activation): Case => ({
  name: `net ${layers.join('-')}, batch ${m}`,
  J: costOfNet(layers, hidden),
  sizes: { m },
  feeds: examplesFor(layers, m),
});

/** Which factor of a product is transposed. */
export type Transposed = 'none' | 'left' | 'right';

/** A product whose result is [rows, columns], of sums of `inner` terms. */
export function product(
  [rows, inner, columns]: readonly [number, number, number],
  transposed: Transposed,
) {
  const matrix = (name: string, m: number, n: number) =>
    param(m, n, { name, init: { kind: 'uniform', limit: 1 } });
  const A = transposed === 'left' ? matrix('A', inner, rows) : matrix('A', rows, inner);
  const B = transposed === 'right' ? matrix('B', columns, inner) : matrix('B', inner, columns);
  const left = transposed === 'left' ? transpose(A) : A;
  const right = transposed === 'right' ? transpose(B) : B;
  return { updates: [{ param: matrix('C', rows, columns), value: matmul(left, right) }] };
}
