// The functions of neurons.
import { make, type Node } from '../node.ts';
import { div, less, max, mul, neg, where } from './arithmetic.ts';
import { elementwise, folded, type Operand, shapeError, toNode } from './operand.ts';

/** 1 / (1 + exp(-x)), finite at any x. */
export const sigmoid = (x: Operand): Node => elementwise('sigmoid', x);
/** The hyperbolic tangent. */
export const tanh = (x: Operand): Node => elementwise('tanh', x);
/** log(1 + exp(x)), finite at any x. */
export const softplus = (x: Operand): Node => elementwise('softplus', x);
/** max(x, 0); derivative 0 at 0. */
export const relu = (x: Operand): Node => max(x, 0);
/** x where x > 0, else slope * x; derivative `slope` at 0. @throws ShapeError for a slope < 0. */
export function leakyRelu(x: Operand, slope = 0.01): Node {
  const a = toNode(x);
  if (!(slope >= 0)) {
    throw shapeError('leakyRelu', [a], `the slope ${slope} is below 0.`, 'use e.g. 0.01.');
  }
  return folded(make('leakyRelu', [a], { slope }, a.shape));
}

/** log(sigmoid(x)), finite at any x. */
export const logSigmoid = (x: Operand): Node => neg(softplus(neg(x)));
/** x where x > 0, else a x with an a that is learned; derivative a at 0. */
export const prelu = (x: Operand, a: Operand): Node => where(less(0, x), x, mul(a, x));

/**
 * x where x > 0, else alpha (exp(x) - 1) (Clevert et al. 2015); derivative alpha at 0.
 * @throws ShapeError for an alpha < 0.
 */
export function elu(x: Operand, alpha = 1): Node {
  const a = toNode(x);
  if (!(alpha >= 0)) throw shapeError('elu', [a], `alpha ${alpha} is below 0.`, 'use e.g. 1.');
  return folded(make('elu', [a], { alpha }, a.shape));
}

// The fixed point of mean 0 and variance 1 (Klambauer et al. 2017, equation 14).
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;
/** The self-normalizing scale * elu(x, alpha) of Klambauer et al. 2017; see `elu` for x = 0. */
export const selu = (x: Operand): Node => mul(SELU_SCALE, elu(x, SELU_ALPHA));

/**
 * x where x > 0, else alpha (exp(x / alpha) - 1) (Barron 2017): its derivative has no jump.
 * @throws ShapeError for an alpha <= 0.
 */
export function celu(x: Operand, alpha = 1): Node {
  if (alpha > 0) return mul(alpha, elu(div(x, alpha)));
  throw shapeError('celu', [toNode(x)], `alpha ${alpha} is not above 0.`, 'use e.g. 1.');
}

/** x sigmoid(x) (Elfwing et al. 2017). */
export const silu = (x: Operand): Node => mul(x, sigmoid(x));
/** Another name of `silu`. */
export const swish = silu;
/** x tanh(softplus(x)) (Misra 2019). */
export const mish = (x: Operand): Node => mul(x, tanh(softplus(x)));
/** x / (1 + |x|) */
export const softsign = (x: Operand): Node => elementwise('softsign', x);
