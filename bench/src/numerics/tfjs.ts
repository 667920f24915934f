// TensorFlow.js's formulas, on its cpu backend; what it lacks is written from its own ops.
import * as tf from '@tensorflow/tfjs';
import type { Contender, Formulas } from './contender.ts';
import { argument, type Second } from './truth.ts';

type Formula = (x: tf.Tensor) => tf.Tensor;

const crossEntropy =
  (y: number): Formula =>
  (z) => {
    const a = tf.sigmoid(z);
    return tf.neg(tf.add(tf.mul(y, tf.log(a)), tf.mul(1 - y, tf.log(tf.sub(1, a)))));
  };

const half = (x: tf.Tensor, y: tf.Tensor) => tf.mul(tf.mul(0.5, x), tf.add(1, y));

const formulas: Formulas<Formula> = {
  '-(y log(sigmoid(z)) + (1 - y) log(1 - sigmoid(z))), y = 1': crossEntropy(1),
  '-(y log(sigmoid(z)) + (1 - y) log(1 - sigmoid(z))), y = 0': crossEntropy(0),
  'log(softmax([z, 0, -z])), first entry': (x) => tf.slice(tf.log(tf.softmax(x)), [0], [1]),
  'log(1 + exp(z))': (z) => tf.log(tf.add(1, tf.exp(z))),
  'log(sigmoid(z))': (z) => tf.log(tf.sigmoid(z)),
  'sqrt(sum(x^2)), x = [0, 0, 0]': (x) => tf.sqrt(tf.sum(tf.square(x))),
  'where(x > 0, log(x), 0)': (x) => tf.where(tf.greater(x, 0), tf.log(x), tf.scalar(0)),
  'x log(x)': (x) => tf.mul(x, tf.log(x)),

  'exp(x)': tf.exp,
  'expm1(x)': tf.expm1,
  'log(x)': tf.log,
  'log1p(x)': tf.log1p,
  'log2(x)': (x) => tf.div(tf.log(x), Math.LN2),
  'log10(x)': (x) => tf.div(tf.log(x), Math.LN10),
  'sqrt(x)': tf.sqrt,
  'cbrt(x)': (x) => tf.mul(tf.sign(x), tf.pow(tf.abs(x), 1 / 3)),
  'rsqrt(x)': tf.rsqrt,
  'square(x)': tf.square,
  'reciprocal(x)': tf.reciprocal,
  'abs(x)': tf.abs,
  'sin(x)': tf.sin,
  'cos(x)': tf.cos,
  'tan(x)': tf.tan,
  'asin(x)': tf.asin,
  'acos(x)': tf.acos,
  'atan(x)': tf.atan,
  'sinh(x)': tf.sinh,
  'cosh(x)': tf.cosh,
  'tanh(x)': tf.tanh,
  'asinh(x)': tf.asinh,
  'acosh(x)': tf.acosh,
  'atanh(x)': tf.atanh,
  'erf(x)': tf.erf,
  'erfc(x)': (x) => tf.sub(1, tf.erf(x)),
  'sigmoid(x)': tf.sigmoid,
  'logSigmoid(x)': tf.logSigmoid,
  'softplus(x)': tf.softplus,
  'softsign(x)': (x) => tf.div(x, tf.add(1, tf.abs(x))),
  'relu6(x)': tf.relu6,
  'leakyRelu(x, 0.25)': (x) => tf.leakyRelu(x, 0.25),
  'elu(x)': tf.elu,
  'selu(x)': tf.selu,
  'gelu(x), exact': (x) => half(x, tf.erf(tf.div(x, Math.SQRT2))),
  'gelu(x), tanh': (x) => {
    const inner = tf.add(x, tf.mul(0.044715, tf.pow(x, 3)));
    return half(x, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), inner)));
  },
  'silu(x)': (x) => tf.mul(x, tf.sigmoid(x)),
  'mish(x)': (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
  'hardSwish(x)': (x) => tf.div(tf.mul(x, tf.relu6(tf.add(x, 3))), 6),
  'hypot(x, 2)': (x) => tf.sqrt(tf.add(tf.square(x), 4)),
  'atan2(x, 2)': (x) => tf.atan2(x, tf.scalar(2)),
  'pow(x, 2.5)': (x) => tf.pow(x, 2.5),
  'pow(2, x)': (x) => tf.pow(2, x),
  'logaddexp(x, 0)': (x) => tf.logSumExp(tf.stack([x, tf.scalar(0)])),
  'sin(x) / x': (x) => tf.div(tf.sin(x), x),
};

const composed: readonly Second[] = [
  'log2(x)',
  'log10(x)',
  'cbrt(x)',
  'erfc(x)',
  'softsign(x)',
  'gelu(x), exact',
  'gelu(x), tanh',
  'silu(x)',
  'mish(x)',
  'hardSwish(x)',
  'hypot(x, 2)',
  'logaddexp(x, 0)',
];

/** TensorFlow.js, ready on its cpu backend. */
export async function tensorflow(): Promise<Contender> {
  // Otherwise it prints that its native package would be faster; numbers are the same.
  tf.enableProdMode();
  await tf.setBackend('cpu');
  return {
    name: `TensorFlow.js ${tf.version.tfjs}`,
    composed,
    find: async ({ row, x, order }) => {
      let f = formulas[row];
      for (let i = 0; i < order; i++) f = tf.grad(f);
      return tf.tidy(() => f(tf.tensor(argument(row, x) as number)).dataSync()[0]!);
    },
  };
}
