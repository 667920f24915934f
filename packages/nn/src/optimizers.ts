// Optimizers: from a parameter and its gradient to the updates of one step, as graphs.
import type { Update } from '@chainrule/compiler';
import {
  add,
  ChainruleError,
  div,
  isNode,
  mul,
  type Node,
  nameOf,
  neg,
  param,
  sqrt,
  square,
  sub,
} from '@chainrule/graph';

/** How parameters learn. State of its own (a momentum) is a parameter that it updates too. */
export interface Optimizer {
  readonly name: string;
  /** The updates that a parameter brings along, its own first. */
  update(param: Node, gradient: Node): readonly Update[];
  /** Updates made once a step, whatever learns. */
  readonly shared?: readonly Update[];
}

/** Options of `momentum`. */
export interface MomentumOptions {
  /** The learning rate, 0.01 unless given: a number, or a scalar input to feed a schedule. */
  readonly rate?: number | Node;
  /** How much of the average stays in each step, at least 0 and below 1; 0.9 unless given. */
  readonly beta?: number;
}

/** Options of `rmsprop`. */
export interface RmspropOptions {
  /** The learning rate, 0.001 unless given: a number, or a scalar input to feed a schedule. */
  readonly rate?: number | Node;
  /** How much of the average stays in each step, at least 0 and below 1; 0.9 unless given. */
  readonly beta?: number;
  /** Added to the root of the average, so that nothing is divided by 0; 1e-8 unless given. */
  readonly epsilon?: number;
}

/** Options of `adam`; the values unless given are those of the paper. */
export interface AdamOptions {
  /** The learning rate, 0.001 unless given: a number, or a scalar input to feed a schedule. */
  readonly rate?: number | Node;
  /** How much of the average of gradients stays in each step: 0.9 unless given. */
  readonly beta1?: number;
  /** How much of the average of squared gradients stays in each step: 0.999 unless given. */
  readonly beta2?: number;
  /** Added to the root of the average, so that nothing is divided by 0; 1e-8 unless given. */
  readonly epsilon?: number;
}

/**
 * Gradient descent: `w := w - alpha dJ/dw`.
 * @param alpha the learning rate: a number, or a scalar input to feed a schedule
 * @throws ChainruleError if the number is not positive
 */
export function sgd(alpha: number | Node): Optimizer {
  checkRate('sgd', alpha);
  return {
    name: 'sgd',
    // The difference as it comes out of rewriting: fewer forms on the way to a first step.
    update: (param, gradient) => [{ param, value: add(param, mul(neg(alpha), gradient)) }],
  };
}

/**
 * Gradient descent along an average of gradients: `v := beta v + (1 - beta) dw; w := w - rate v`,
 * with v = 0 at first. Of a parameter `W1` the average is the parameter `v_dW1`.
 * Polyak, Some methods of speeding up the convergence of iteration methods, 1964; as an average
 * it moves (1 - beta) times as far as where gradients are added up.
 * @throws ChainruleError if a number is out of its range
 */
export function momentum(options: MomentumOptions = {}): Optimizer {
  checkOptions('momentum', options, ['rate', 'beta']);
  const { rate = 0.01, beta = 0.9 } = options;
  checkRate('momentum', rate);
  checkBeta('momentum', 'beta', beta);
  return {
    name: 'momentum',
    update: (param, gradient) => {
      const v = average(stateOf('momentum', 'v', param), beta, gradient);
      return [{ param, value: sub(param, mul(rate, v.value)) }, v];
    },
  };
}

/**
 * Steps measured by the size that gradients have of late:
 * `s := beta s + (1 - beta) dw^2; w := w - rate dw / (sqrt(s) + epsilon)`, with s = 0 at first.
 * Of a parameter `W1` the average is the parameter `s_dW1`.
 * Hinton, Neural networks for machine learning, lecture 6e, 2012.
 * @throws ChainruleError if a number is out of its range
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  checkOptions('rmsprop', options, ['rate', 'beta', 'epsilon']);
  const { rate = 0.001, beta = 0.9, epsilon = 1e-8 } = options;
  checkRate('rmsprop', rate);
  checkBeta('rmsprop', 'beta', beta);
  checkEpsilon('rmsprop', epsilon);
  return {
    name: 'rmsprop',
    update: (param, gradient) => {
      const s = average(stateOf('rmsprop', 's', param), beta, square(gradient));
      const change = mul(rate, div(gradient, add(sqrt(s.value), epsilon)));
      return [{ param, value: sub(param, change) }, s];
    },
  };
}

/**
 * Adam: steps of about the learning rate in every entry,
 * `w := w - rate mhat / (sqrt(vhat) + epsilon)` with `mhat = m / (1 - beta1^t)`,
 * `vhat = v / (1 - beta2^t)` in step t, and the averages `m := beta1 m + (1 - beta1) dw`,
 * `v := beta2 v + (1 - beta2) dw^2`, 0 at first. Of a parameter `W1` they are the parameters
 * `m_dW1` and `v_dW1`; the corrections are `c_m` and `c_v`.
 * Kingma, Ba, Adam: a method for stochastic optimization, ICLR 2015, Algorithm 1.
 * @throws ChainruleError if a number is out of its range
 */
export function adam(options: AdamOptions = {}): Optimizer {
  checkOptions('adam', options, ['rate', 'beta1', 'beta2', 'epsilon']);
  const { rate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  checkRate('adam', rate);
  checkBeta('adam', 'beta1', beta1);
  checkBeta('adam', 'beta2', beta2);
  checkEpsilon('adam', epsilon);
  // 1 - beta^t is the average of ones. As a difference it loses digits in the first steps:
  // 1 - 0.999 in float32 is off by 1e-5.
  const cm = average(param({ name: 'c_m' }), beta1, 1);
  const cv = average(param({ name: 'c_v' }), beta2, 1);
  return {
    name: 'adam',
    shared: [cm, cv],
    update: (param, gradient) => {
      const m = average(stateOf('adam', 'm', param), beta1, gradient);
      const v = average(stateOf('adam', 'v', param), beta2, square(gradient));
      const mhat = div(m.value, cm.value);
      const vhat = div(v.value, cv.value);
      const change = mul(rate, div(mhat, add(sqrt(vhat), epsilon)));
      return [{ param, value: sub(param, change) }, m, v];
    },
  };
}

/** A moving average that takes in `next`: `state := beta state + (1 - beta) next`. */
const average = (state: Node, beta: number, next: Node | number): Update => ({
  param: state,
  value: add(mul(beta, state), mul(complement(beta), next)),
});

/** 1 - beta as one writes it, 0.001 and not 0.0010000000000000009: float32 has seven digits. */
const complement = (beta: number) => Number((1 - beta).toPrecision(12));

/** What an optimizer keeps for a parameter: a parameter of its shape that starts at 0. */
function stateOf(optimizer: string, letter: string, of: Node): Node {
  const name = nameOf(of);
  if (name !== undefined) return param(...of.shape, { name: `${letter}_d${name}` });
  throw new ChainruleError(
    `${optimizer}: a parameter of shape [${of.shape.join(', ')}] has no name.`,
    "its state is named after it: give it one, param(..., { name: 'W1' }).",
  );
}

const isPositive = (x: unknown) => typeof x === 'number' && x > 0 && x < Infinity;

function checkRate(optimizer: string, rate: unknown): void {
  if (isPositive(rate) || isNode(rate)) return;
  const what = `${optimizer}: the learning rate is ${String(rate)}.`;
  throw new ChainruleError(what, `give e.g. 0.1.`);
}

function checkBeta(optimizer: string, name: string, beta: unknown): void {
  if (typeof beta === 'number' && beta >= 0 && beta < 1) return;
  const what = `${optimizer}: ${name} is ${String(beta)}.`;
  throw new ChainruleError(what, 'give a number from 0 to below 1, e.g. 0.9.');
}

function checkEpsilon(optimizer: string, epsilon: unknown): void {
  if (isPositive(epsilon)) return;
  throw new ChainruleError(`${optimizer}: epsilon is ${String(epsilon)}.`, 'give e.g. 1e-8.');
}

function checkOptions(optimizer: string, options: object, known: readonly string[]): void {
  const isObject = typeof options === 'object' && options !== null && !isNode(options);
  const wrong = isObject ? Object.keys(options).find((key) => !known.includes(key)) : undefined;
  if (isObject && wrong === undefined) return;
  throw new ChainruleError(
    `${optimizer}: ${isObject ? `there is no option ${wrong}` : 'the options are no object'}.`,
    `write ${optimizer}({ rate: 0.01 }); options: ${known.join(', ')}.`,
  );
}
