// jax-js's formulas, on its wasm backend; what it lacks is written from its own ops. An array that
// is used twice says `ref` at all uses but the last: that is how the library frees memory.
import { defaultDevice, grad, init, nn, numpy as np, scipySpecial } from '@jax-js/jax';
import packages from '../../package.json' with { type: 'json' };
import type { Contender, Formulas } from './contender.ts';
import { argument, type Second } from './truth.ts';

type Formula = (x: np.Array) => np.Array;

/**
 * Arguments and labels are cut from a longer array, as data are: an array of equal numbers would
 * be taken for a constant, and the formula computed in float64 while it is compiled.
 */
function data(x: number | readonly number[]): np.Array {
  const list = [x].flat();
  const longer = np.array([...list, 0.5, 0.25]);
  return typeof x === 'number' ? longer.slice(0) : longer.slice([0, list.length]);
}

/** The label is data: the library would leave a term times the constant 0 out. */
const crossEntropy =
  (label: number): Formula =>
  (z) => {
    const y = data(label);
    const a = nn.sigmoid(z);
    const yes = y.ref.mul(np.log(a.ref));
    return yes.add(np.subtract(1, y).mul(np.log(np.subtract(1, a)))).neg();
  };

const formulas: Formulas<Formula> = {
  '-(y log(sigmoid(z)) + (1 - y) log(1 - sigmoid(z))), y = 1': crossEntropy(1),
  '-(y log(sigmoid(z)) + (1 - y) log(1 - sigmoid(z))), y = 0': crossEntropy(0),
  'log(softmax([z, 0, -z])), first entry': (x) => np.log(nn.softmax(x)).slice(0),
  'log(1 + exp(z))': (z) => np.log(np.add(1, np.exp(z))),
  'log(sigmoid(z))': (z) => np.log(nn.sigmoid(z)),
  'sqrt(sum(x^2)), x = [0, 0, 0]': (x) => np.sqrt(np.sum(np.square(x))),
  'where(x > 0, log(x), 0)': (x) => np.where(np.greater(x.ref, 0), np.log(x), 0),
  'x log(x)': (x) => x.ref.mul(np.log(x)),

  'exp(x)': np.exp,
  'expm1(x)': np.expm1,
  'log(x)': np.log,
  'log1p(x)': np.log1p,
  'log2(x)': np.log2,
  'log10(x)': np.log10,
  'sqrt(x)': np.sqrt,
  'cbrt(x)': np.cbrt,
  'rsqrt(x)': (x) => np.reciprocal(np.sqrt(x)),
  'square(x)': np.square,
  'reciprocal(x)': np.reciprocal,
  'abs(x)': np.abs,
  'sin(x)': np.sin,
  'cos(x)': np.cos,
  'tan(x)': np.tan,
  'asin(x)': np.asin,
  'acos(x)': np.acos,
  'atan(x)': np.atan,
  'sinh(x)': np.sinh,
  'cosh(x)': np.cosh,
  'tanh(x)': np.tanh,
  'asinh(x)': np.asinh,
  'acosh(x)': np.acosh,
  'atanh(x)': np.atanh,
  'erf(x)': scipySpecial.erf,
  'erfc(x)': scipySpecial.erfc,
  'sigmoid(x)': nn.sigmoid,
  'logSigmoid(x)': nn.logSigmoid,
  'softplus(x)': nn.softplus,
  'softsign(x)': nn.softSign,
  'relu6(x)': nn.relu6,
  'leakyRelu(x, 0.25)': (x) => nn.leakyRelu(x, 0.25),
  'elu(x)': (x) => nn.elu(x),
  'selu(x)': nn.selu,
  'gelu(x), exact': (x) => nn.gelu(x, { approximate: false }),
  'gelu(x), tanh': (x) => nn.gelu(x, { approximate: true }),
  'silu(x)': nn.silu,
  'mish(x)': nn.mish,
  'hardSwish(x)': nn.hardSwish,
  'hypot(x, 2)': (x) => np.hypot(x, 2),
  'atan2(x, 2)': (x) => np.atan2(x, 2),
  'pow(x, 2.5)': (x) => np.pow(x, 2.5),
  'pow(2, x)': (x) => np.pow(2, x),
  'logaddexp(x, 0)': (x) => np.logaddexp(x, 0),
  'sin(x) / x': (x) => np.sin(x.ref).div(x),
};

const composed: readonly Second[] = ['rsqrt(x)'];

/** jax-js, ready on its wasm backend. */
export async function jax(): Promise<Contender> {
  await init('wasm');
  defaultDevice('wasm');
  return {
    name: `jax-js ${packages.devDependencies['@jax-js/jax']}`,
    composed,
    find: async ({ row, x, order }) => {
      let f = formulas[row];
      for (let i = 0; i < order; i++) f = grad(f) as Formula;
      return (await f(data(argument(row, x))).data())[0]!;
    },
  };
}
