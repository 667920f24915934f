// Programs to test the compiler with, built from graph ops alone.
import {
  add,
  createRandom,
  derive,
  input,
  log,
  matmul,
  mean,
  mul,
  type Node,
  named,
  neg,
  param,
  paramsOf,
  relu,
  sigmoid,
  softmax,
  sub,
  sum,
  tanh,
} from '@chainrule/graph';
import type { Program } from '../../src/index.ts';

/** A cost, the program that descends it, and data by name. */
export interface Case {
  readonly J: Node;
  /** The prediction. */
  readonly A: Node;
  readonly program: Program;
  readonly sizes: Readonly<Record<string, number>>;
  readonly feeds: Readonly<Record<string, Float32Array>>;
}

/** Gradient descent on J. */
export function descend(J: Node, alpha: number): Program {
  const params = paramsOf([J]);
  const { gradients, cotangents } = derive(J, params);
  const updates = params.map((p, i) => ({
    param: p,
    value: sub(p, mul(alpha, gradients[i]!)),
  }));
  return { loss: J, updates, names: cotangents };
}

const literalCrossEntropy = (A: Node, Y: Node): Node =>
  neg(mean(add(mul(Y, log(A)), mul(sub(1, Y), log(sub(1, A))))));

/** Options of `net`. */
export interface NetOptions {
  readonly layers: readonly number[];
  readonly m: number;
  readonly hidden?: (z: Node) => Node;
  /** Several classes and a softmax instead of one sigmoid. */
  readonly classes?: boolean;
  readonly alpha?: number;
  /** Multiplies the inputs: large ones drive the logits far out. */
  readonly scale?: number;
  readonly order?: 'rows' | 'columns';
}

/** A net of the sizes given, inputs first, with data that it can learn. */
export function net(options: NetOptions): Case {
  const { layers, m, hidden = tanh, classes = false, alpha = 0.5, scale = 1 } = options;
  const order = options.order ?? 'rows';
  const [n, ...units] = layers as [number, ...number[]];
  const X = input(n, 'm', { name: 'X', order });
  const last = units.at(-1)!;
  const Y = input(last, 'm', { name: 'Y', distribution: classes });
  let A = X;
  units.forEach((count, i) => {
    const l = i + 1;
    const init = { kind: 'variance', scale: 1, fan: 'in', distribution: 'normal' } as const;
    const W = param(count, A.shape[0]!, { name: `W${l}`, init });
    const b = param(count, 1, { name: `b${l}` });
    const Z = named(add(matmul(W, A), b), `Z${l}`);
    const output = classes ? softmax(Z, 0) : sigmoid(Z);
    A = named(l === units.length ? output : hidden(Z), `A${l}`);
  });
  const cost = classes ? neg(mean(sum(mul(Y, log(A)), 0))) : literalCrossEntropy(A, Y);
  const J = named(cost, 'J');
  return { J, A, program: descend(J, alpha), sizes: { m }, feeds: dataFor(n, last, m, scale) };
}

function dataFor(n: number, classes: number, m: number, scale: number) {
  const random = createRandom(7);
  const X = Float32Array.from({ length: n * m }, () => scale * random.normal());
  const labels = Array.from({ length: m }, () => random.integer(Math.max(2, classes)));
  const Y =
    classes === 1
      ? Float32Array.from(labels)
      : Float32Array.from({ length: classes * m }, (_, i) =>
          labels[i % m] === Math.floor(i / m) ? 1 : 0,
        );
  return { X, Y };
}

/** The nets that every backend must train alike. */
export const cases: Readonly<Record<string, () => Case>> = {
  'logistic regression': () => net({ layers: [5, 1], m: 33 }),
  'logistic regression, one example after another': () =>
    net({ layers: [5, 1], m: 33, order: 'columns' }),
  'three layers of tanh': () => net({ layers: [3, 6, 4, 1], m: 17 }),
  'three layers of ReLU': () => net({ layers: [3, 7, 5, 1], m: 19, hidden: relu, alpha: 0.1 }),
  'softmax over four classes': () => net({ layers: [6, 8, 4], m: 21, classes: true }),
  'one example': () => net({ layers: [3, 4, 1], m: 1 }),
  'a long inner loop': () => net({ layers: [1500, 2], m: 3, classes: true, alpha: 1e-3 }),
};
