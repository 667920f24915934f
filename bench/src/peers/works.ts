// The work that is compared: nets with first weights and data, and matrix products, for every
// contender the same. It must not know who does the work.
import { createRandom } from '@chainrule/graph';
import { type Case, digits, yesOrNo } from '../programs.ts';

/** Step size of gradient descent. */
export const ALPHA = 0.01;
/** Costs of the first steps, or entries of a product, that must agree. */
export const CHECKED = 5;

/** A step of gradient descent: forward, backward, update. One output unit says yes or no. */
export interface NetWork {
  readonly kind: 'net';
  readonly name: string;
  readonly layers: readonly number[];
  readonly hidden: 'tanh' | 'relu';
  readonly m: number;
  /** The same as a program of chainrule, with X [n, m] and Y [classes, m] in rows. */
  readonly item: Case;
  /** First weights of each layer, [units, n] in rows; biases start at zero. */
  readonly weights: readonly Float32Array[];
}

/** C = A B of square matrices; with `transposed`, C = A' B. */
export interface ProductWork {
  readonly kind: 'product';
  readonly name: string;
  readonly size: number;
  readonly transposed: boolean;
  readonly A: Float32Array;
  readonly B: Float32Array;
  /** Places in C that are compared. */
  readonly places: readonly number[];
}

export type Work = NetWork | ProductWork;

/** One example per row, Z = A W + b, or per column, Z = W A + b. */
export type Layout = 'rows' | 'columns';

interface Matrix {
  readonly data: Float32Array;
  readonly shape: [number, number];
}

export function net(layers: readonly number[], m: number, hidden: 'tanh' | 'relu'): NetWork {
  const item = layers.at(-1) === 1 ? yesOrNo(layers, m, hidden) : digits(layers.slice(1, -1), m);
  const random = createRandom(2);
  const weights = layers.slice(1).map((units, i) => {
    const n = layers[i]!;
    return Float32Array.from({ length: units * n }, () => random.normal() / Math.sqrt(n));
  });
  return { kind: 'net', name: item.name, layers, hidden, m, item, weights };
}

function product(size: number, transposed: boolean): ProductWork {
  const random = createRandom(3);
  // Of one sign, so that no entry of C is small by cancellation and its relative error says much.
  const matrix = () => Float32Array.from({ length: size * size }, () => random.uniform());
  const name = `${transposed ? "A'B" : 'AB'}, ${size} x ${size}`;
  const last = size * size - 1;
  const places = [0, 1, size, last >> 1, last];
  return { kind: 'product', name, size, transposed, A: matrix(), B: matrix(), places };
}

/** The planar net of the course, the smallest piece of work. */
export const planar = () => net([2, 4, 1], 400, 'tanh');

/** All of it, made one by one: the data of one are forgotten before those of the next are made. */
export const works: readonly (() => Work)[] = [
  () => net([12288, 1], 209, 'relu'),
  planar,
  () => net([12288, 20, 7, 5, 1], 209, 'relu'),
  () => net([784, 256, 128, 10], 128, 'relu'),
  ...[256, 512, 1024].flatMap((size) => [() => product(size, false), () => product(size, true)]),
];

/** [rows, columns] in rows, as [columns, rows] in rows. */
function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j]!;
  }
  return result;
}

/** First weights and data in a layout, with shapes. Y has one example per row in both. */
export function laidOut({ layers, m, item, weights }: NetWork, layout: Layout) {
  const [n, classes] = [layers[0]!, layers.at(-1)!];
  const turned = layout === 'rows';
  const lay = (data: Float32Array, rows: number, columns: number): Matrix =>
    turned
      ? { data: transposed(data, rows, columns), shape: [columns, rows] }
      : { data, shape: [rows, columns] };
  return {
    X: lay(item.feeds.X, n, m),
    Y: { data: transposed(item.feeds.Y, classes, m), shape: [m, classes] } satisfies Matrix,
    layers: weights.map((W, i) => ({
      W: lay(W, layers[i + 1]!, layers[i]!),
      b: (turned ? [1, layers[i + 1]!] : [layers[i + 1]!, 1]) as [number, number],
    })),
    classes,
  };
}
