// Layers are functions of nodes. They know graphs only.
import {
  add,
  ChainruleError,
  type Init,
  isNode,
  leakyRelu,
  matmul,
  type Node,
  named,
  nameOf,
  param,
  paramsOf,
  relu,
  sigmoid,
  softmax,
  softplus,
  tanh,
} from '@chainrule/graph';
import { he, xavier, zeros } from './initializers.ts';

/** An activation by name, with the initialization that suits it. */
const activations = {
  linear: { apply: (z) => z, init: xavier },
  sigmoid: { apply: sigmoid, init: xavier },
  tanh: { apply: tanh, init: xavier },
  relu: { apply: relu, init: he },
  leakyRelu: { apply: (z) => leakyRelu(z), init: he },
  softplus: { apply: softplus, init: he },
  softmax: { apply: (z) => softmax(z, -2), init: xavier },
} as const satisfies Record<string, { apply: (z: Node) => Node; init: () => Init }>;

export type Activation = keyof typeof activations;
/** The names of the activations, for menus. */
export const activationNames = Object.keys(activations) as readonly Activation[];

/** Options of `dense`. */
export interface DenseOptions {
  /** By name, or any function of Z; linear unless given. */
  readonly activation?: Activation | ((z: Node) => Node);
  /** First values of the weights: He for the relu family, Xavier else. */
  readonly init?: Init;
  /** First values of the biases; zeros unless given. */
  readonly biasInit?: Init;
  /** The number in the names W1, b1, Z1, A1; one more than the layers below unless given. */
  readonly layer?: number;
}

/**
 * A fully connected layer: `A = g(W A_prev + b)` with W [units, n], b [units, 1].
 * @param below the layer below, [n, m], one example per column
 * @returns A, [units, m]
 * @throws ChainruleError for an unknown activation, or units that are no positive whole number
 */
export function dense(below: Node, units: number, options: DenseOptions = {}): Node {
  if (typeof options !== 'object') {
    throw new ChainruleError(
      `dense: the options are ${JSON.stringify(options)}.`,
      `write dense(below, ${units}, { activation: ${JSON.stringify(options)} }).`,
    );
  }
  const { activation = 'linear', layer = layersBelow(below) + 1 } = options;
  const fanIn = below.shape.at(-2);
  if (fanIn === undefined || !Number.isInteger(units) || units < 1) {
    throw new ChainruleError(
      `dense: ${units} units on a node of shape [${below.shape.join(', ')}].`,
      'give a positive whole number of units and a matrix with one example per column.',
    );
  }
  const { apply, init } =
    typeof activation === 'function' ? { apply: activation, init: xavier } : find(activation);
  const W = param(units, fanIn, { name: `W${layer}`, init: options.init ?? init() });
  const b = param(units, 1, { name: `b${layer}`, init: options.biasInit ?? zeros() });
  const Z = named(add(matmul(W, below), b), `Z${layer}`);
  const A: unknown = apply(Z);
  if (isNode(A)) return named(A, `A${layer}`);
  throw new ChainruleError(
    `dense: the activation of layer ${layer} returned ${String(A)}, not a node.`,
    'build it from ops: (Z) => mul(Z, 2), (Z) => max(Z, 0).',
  );
}

function find(name: string): { apply: (z: Node) => Node; init: () => Init } {
  if (Object.hasOwn(activations, name)) return activations[name as Activation];
  throw new ChainruleError(
    `dense: there is no activation ${JSON.stringify(name)}.`,
    `choose one of ${activationNames.join(', ')}, or pass a function of Z.`,
  );
}

/** The highest layer number among the weights below. */
function layersBelow(node: Node): number {
  const numbers = paramsOf([node]).map((p) => Number(/^W(\d+)$/.exec(nameOf(p) ?? '')?.[1] ?? 0));
  return Math.max(0, ...numbers);
}
