// The work that is compared: nets with first weights and data, and matrix products, for every
// contender the same. It must not know who does the work.
import { createRandom } from '@chainrule/graph';
import { examplesFor, type Transposed } from '../programs.ts';

/** Learning rates. */
export const ALPHA = 0.01;
export const ADAM = { rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
/** Costs of the first steps, or entries of a product, that must agree. */
export const CHECKED = 5;

interface Net {
  readonly name: string;
  readonly layers: readonly number[];
  readonly m: number;
  /** X [n, m] and Y [classes, m], in rows. */
  readonly X: Float32Array;
  readonly Y: Float32Array;
  /** First weights of each layer, [units, n] in rows; biases start at zero. */
  readonly weights: readonly Float32Array[];
}

/** A training step: forward, backward, update. One output unit says yes or no. */
export interface NetWork extends Net {
  readonly kind: 'net';
  readonly hidden: 'tanh' | 'relu';
  readonly optimizer: 'sgd' | 'adam';
}

/**
 * A pass over all examples with an update of gradient descent after each: sigmoid in all layers,
 * half the squared error. Its costs are the means over a pass, each taken before the update.
 */
export interface PassWork extends Net {
  readonly kind: 'pass';
}

/** C = A B [rows, columns], or with one factor transposed, A' B or A B'. */
export interface ProductWork {
  readonly kind: 'product';
  readonly name: string;
  readonly sizes: readonly [rows: number, inner: number, columns: number];
  readonly transposed: Transposed;
  readonly A: Matrix;
  readonly B: Matrix;
  /** Places in C that are compared. */
  readonly places: readonly number[];
}

export type Work = NetWork | PassWork | ProductWork;

/** One example per row, Z = A W + b, or per column, Z = W A + b. */
export type Layout = 'rows' | 'columns';
export const BOTH: readonly Layout[] = ['rows', 'columns'];

export interface Matrix {
  readonly data: Float32Array;
  readonly shape: [number, number];
}

function dataOf(layers: readonly number[], m: number) {
  const random = createRandom(2);
  const weights = layers.slice(1).map((units, i) => {
    const n = layers[i]!;
    return Float32Array.from({ length: units * n }, () => random.normal() / Math.sqrt(n));
  });
  return { layers, m, weights, ...examplesFor(layers, m) };
}

export const net = (
  layers: readonly number[],
  m: number,
  hidden: NetWork['hidden'],
  optimizer: NetWork['optimizer'] = 'sgd',
): NetWork => ({
  kind: 'net',
  name: `net ${layers.join('-')}, batch ${m}${optimizer === 'adam' ? ', Adam' : ''}`,
  hidden,
  optimizer,
  ...dataOf(layers, m),
});

export const pass = (layers: readonly number[], m: number): PassWork => ({
  kind: 'pass',
  name: `net ${layers.join('-')}, ${m} examples one by one`,
  ...dataOf(layers, m),
});

const LETTERS = { none: 'AB', left: "A'B", right: "AB'" } as const;

export function product(
  sizes: readonly [number, number, number],
  transposed: Transposed = 'none',
): ProductWork {
  const [rows, inner, columns] = sizes;
  const random = createRandom(3);
  // Of one sign, so that no entry of C is small by cancellation and its relative error says much.
  const matrix = (m: number, n: number): Matrix => ({
    data: Float32Array.from({ length: m * n }, () => random.uniform()),
    shape: [m, n],
  });
  const square = rows === inner && inner === columns;
  const size = square ? `${rows} x ${rows}` : `${rows} x ${inner} x ${columns}`;
  const last = rows * columns - 1;
  return {
    kind: 'product',
    name: `${LETTERS[transposed]}, ${size}`,
    sizes,
    transposed,
    A: transposed === 'left' ? matrix(inner, rows) : matrix(rows, inner),
    B: transposed === 'right' ? matrix(columns, inner) : matrix(inner, columns),
    places: [0, 1, Math.min(columns, last), last >> 1, last],
  };
}

/** The planar net of the course, the smallest piece of work. */
export const planar = () => net([2, 4, 1], 400, 'tanh');
/** A net for handwritten digits. */
export const mnist = () => net([784, 256, 128, 10], 128, 'relu');

/** All of it, made one by one: the data of one are forgotten before those of the next are made. */
export const works: readonly (() => Work)[] = [
  () => net([12288, 1], 209, 'relu'),
  planar,
  () => pass([2, 4, 1], 400),
  () => net([12288, 20, 7, 5, 1], 209, 'relu'),
  mnist,
  () => net([784, 256, 128, 10], 128, 'relu', 'adam'),
  () => net([1024, 1024, 1024, 1024, 10], 256, 'relu'),
  ...[64, 128, 256, 512, 1024].flatMap((n) => [
    () => product([n, n, n]),
    () => product([n, n, n], 'left'),
  ]),
  () => product([1, 12288, 209]),
  () => product([1024, 1, 1024]),
  () => product([20, 12288, 209]),
  // Its gradient with respect to the left factor.
  () => product([20, 209, 12288], 'right'),
];

/** [rows, columns] in rows, as [columns, rows] in rows. */
function turn(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j]!;
  }
  return result;
}

/** First weights and data in a layout, with shapes. Y has one example per row in both. */
export type LaidOut = ReturnType<typeof laidOut>;

export function laidOut({ layers, m, X, Y, weights }: Net, layout: Layout) {
  const [n, classes] = [layers[0]!, layers.at(-1)!];
  const turned = layout === 'rows';
  const lay = (data: Float32Array, rows: number, columns: number): Matrix =>
    turned
      ? { data: turn(data, rows, columns), shape: [columns, rows] }
      : { data, shape: [rows, columns] };
  return {
    layout,
    X: lay(X, n, m),
    Y: { data: turn(Y, classes, m), shape: [m, classes] } satisfies Matrix,
    layers: weights.map((W, i) => ({
      W: lay(W, layers[i + 1]!, layers[i]!),
      b: (turned ? [1, layers[i + 1]!] : [layers[i + 1]!, 1]) as [number, number],
    })),
    classes,
  };
}
