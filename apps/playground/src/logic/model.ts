// From choices to the graph that is trained. It knows the libraries, not sessions or the DOM.
import type { Program } from '@chainrule/compiler';
import {
  add,
  derive,
  type Init,
  input,
  matmul,
  type Node,
  named,
  nameOf,
  param,
  paramsOf,
  sigmoid,
  transpose,
} from '@chainrule/graph';
import {
  accuracy,
  adam,
  binaryCrossEntropy,
  dense,
  he,
  momentum,
  normal,
  type Optimizer,
  rmsprop,
  sgd,
  train,
  xavier,
  zeros,
} from '@chainrule/nn';
import type { Config, InitName, OptimizerName } from './config.ts';

/** The names of one layer's parameters, and what it computes. */
export interface Layer {
  readonly weights: string;
  readonly biases: string;
  readonly units: number;
  readonly inputs: number;
  /** A, [units, m]. */
  readonly out: Node;
}

export interface Model {
  readonly J: Node;
  readonly accuracy: Node;
  readonly layers: readonly Layer[];
  /** The learning rate is fed as `alpha`. */
  readonly optimizer: Optimizer;
  /** One step of it. */
  readonly program: Program;
  /** dJ/dparameter by the parameter's name. */
  readonly gradients: Readonly<Record<string, Node>>;
}

type Choices = Pick<Config, 'features' | 'hidden' | 'activation' | 'init' | 'optimizer'>;

const inits: Record<InitName, () => Init | undefined> = {
  auto: () => undefined,
  he,
  xavier,
  small: () => normal(0.01),
  zeros,
};

const optimizers: Record<OptimizerName, (rate: Node) => Optimizer> = {
  sgd,
  momentum: (rate) => momentum({ rate }),
  rmsprop: (rate) => rmsprop({ rate }),
  adam: (rate) => adam({ rate }),
};

/** The graph of a net; without hidden layers it is the course's logistic regression. */
export function buildModel(choices: Choices): Model {
  const X = input(choices.features.length, 'm', { name: 'X', order: 'columns' });
  const Y = input(1, 'm', { name: 'Y' });
  const layers = choices.hidden.length === 0 ? [logistic(X, choices)] : net(X, choices);
  const A = layers.at(-1)!.out;
  const J = binaryCrossEntropy(A, Y);
  const params = paramsOf([J]);
  const { gradients } = derive(J, params);
  const optimizer = optimizers[choices.optimizer](input({ name: 'alpha' }));
  return {
    J,
    accuracy: accuracy(A, Y),
    layers,
    optimizer,
    program: train(J, optimizer),
    gradients: Object.fromEntries(params.map((p, i) => [nameOf(p)!, gradients[i]!])),
  };
}

function logistic(X: Node, { features, init }: Choices): Layer {
  const start = inits[init]() ?? xavier();
  const w = param(features.length, 1, { name: 'w', init: forColumn(start, features.length) });
  const b = param(1, 1, { name: 'b' });
  const Z = named(add(matmul(transpose(w), X), b), 'Z');
  const out = named(sigmoid(Z), 'A');
  return { weights: 'w', biases: 'b', units: 1, inputs: features.length, out };
}

/** w stands upright, so its fan in is its rows: a variance becomes a plain deviation. */
const forColumn = (init: Init, fanIn: number): Init =>
  init.kind === 'variance' ? { kind: 'normal', std: Math.sqrt(init.scale / fanIn) } : init;

function net(X: Node, { hidden, activation, init }: Choices): Layer[] {
  const layers: Layer[] = [];
  let below = X;
  for (const [i, units] of [...hidden, 1].entries()) {
    const start = inits[init]();
    const last = i === hidden.length;
    const out = dense(below, units, {
      activation: last ? 'sigmoid' : activation,
      ...(start && { init: start }),
    });
    const inputs = below.shape[0] as number;
    layers.push({ weights: `W${i + 1}`, biases: `b${i + 1}`, units, inputs, out });
    below = out;
  }
  return layers;
}
