// The functions of neurons.
import { show } from '../checks.ts';
import { make } from '../node.ts';
import type { Binary, Unary, UnaryWith } from '../shapes.ts';
import { div, less, max, mul, neg, where } from './arithmetic.ts';
import { elementwise, folded, type Operand, shapeError, toNode } from './operand.ts';

const isFrom0 = (x: unknown): boolean => typeof x === 'number' && x >= 0;

/** 1 / (1 + exp(-x)), finite at any x. */
export const sigmoid: Unary = (x: Operand) => elementwise('sigmoid', x);
/** The hyperbolic tangent. */
export const tanh: Unary = (x: Operand) => elementwise('tanh', x);
/** log(1 + exp(x)), finite at any x. */
export const softplus: Unary = (x: Operand) => elementwise('softplus', x);
/** max(x, 0); derivative 0 at 0. */
export const relu: Unary = (x: Operand) => max(x, 0);
/** x where x > 0, else slope * x; derivative `slope` at 0. @throws ShapeError for a slope < 0. */
export const leakyRelu: UnaryWith<number> = (x: Operand, slope = 0.01) => {
  const a = toNode(x);
  if (!isFrom0(slope)) {
    throw shapeError(
      'leakyRelu',
      [a],
      `the slope ${show(slope)} is no number from 0 on.`,
      'use e.g. 0.01.',
    );
  }
  return folded(make('leakyRelu', [a], { slope }, a.shape));
};

/** log(sigmoid(x)), finite at any x. */
export const logSigmoid: Unary = (x: Operand) => neg(softplus(neg(x)));
/** x where x > 0, else a x with an a that is learned; derivative a at 0. */
export const prelu: Binary = (x: Operand, a: Operand) => where(less(0, x), x, mul(a, x));

/**
 * x where x > 0, else alpha (exp(x) - 1) (Clevert et al. 2015); derivative alpha at 0.
 * @throws ShapeError for an alpha < 0.
 */
export const elu: UnaryWith<number> = (x: Operand, alpha = 1) => {
  const a = toNode(x);
  if (!isFrom0(alpha)) {
    throw shapeError('elu', [a], `alpha ${show(alpha)} is no number from 0 on.`, 'use e.g. 1.');
  }
  return folded(make('elu', [a], { alpha }, a.shape));
};

// The fixed point of mean 0 and variance 1 (Klambauer et al. 2017, equation 14).
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;
/** The self-normalizing scale * elu(x, alpha) of Klambauer et al. 2017; see `elu` for x = 0. */
export const selu: Unary = (x: Operand) => mul(SELU_SCALE, elu(x, SELU_ALPHA));

/**
 * x where x > 0, else alpha (exp(x / alpha) - 1) (Barron 2017): its derivative has no jump.
 * @throws ShapeError for an alpha <= 0.
 */
export const celu: UnaryWith<number> = (x: Operand, alpha = 1) => {
  if (isFrom0(alpha) && alpha > 0) return mul(alpha, elu(div(x, alpha)));
  throw shapeError('celu', [toNode(x)], `alpha ${show(alpha)} is not above 0.`, 'use e.g. 1.');
};

/** x sigmoid(x) (Elfwing et al. 2017). */
export const silu: Unary = (x: Operand) => mul(x, sigmoid(x));
/** Another name of `silu`. */
export const swish: Unary = (x: Operand) => silu(x);
/** x tanh(softplus(x)) (Misra 2019). */
export const mish: Unary = (x: Operand) => mul(x, tanh(softplus(x)));
/** x / (1 + |x|) */
export const softsign: Unary = (x: Operand) => elementwise('softsign', x);
