// chainrule's formulas, compiled for the device wasm and interpreted in float64.
import { compile } from '@chainrule/compiler';
import {
  abs,
  acos,
  acosh,
  add,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  cbrt,
  cos,
  cosh,
  div,
  elu,
  erf,
  erfc,
  exp,
  expm1,
  gelu,
  grad,
  greater,
  hardSwish,
  hypot,
  input,
  inputsOf,
  interpret,
  leakyRelu,
  log,
  log1p,
  log2,
  log10,
  logaddexp,
  logSigmoid,
  mish,
  mul,
  type Node,
  nameOf,
  neg,
  pow,
  reciprocal,
  relu6,
  rsqrt,
  selu,
  sigmoid,
  silu,
  simplify,
  sin,
  sinh,
  softmax,
  softplus,
  softsign,
  sqrt,
  square,
  sub,
  sum,
  tan,
  tanh,
  where,
} from '@chainrule/graph';
import type { Contender, Formulas } from './contender.ts';
import { argument, type Cell } from './truth.ts';

/** The label is data, as it is for the others: a constant 0 would take its term away. */
const crossEntropy = (z: Node): Node => {
  const y = input({ name: 'y' });
  return neg(add(mul(y, log(sigmoid(z))), mul(sub(1, y), log(sub(1, sigmoid(z))))));
};

/** The first of three entries, and none of the others' gradients. */
const first = (x: Node): Node => sum(where(input(3, { name: 'first' }), x, 0));
const FIRST = [1, 0, 0];

export const formulas: Formulas<(x: Node) => Node> = {
  '-(y log(sigmoid(z)) + (1 - y) log(1 - sigmoid(z))), y = 1': crossEntropy,
  '-(y log(sigmoid(z)) + (1 - y) log(1 - sigmoid(z))), y = 0': crossEntropy,
  'log(softmax([z, 0, -z])), first entry': (x) => first(log(softmax(x))),
  'log(1 + exp(z))': (z) => log(add(1, exp(z))),
  'log(sigmoid(z))': (z) => log(sigmoid(z)),
  'sqrt(sum(x^2)), x = [0, 0, 0]': (x) => sqrt(sum(pow(x, 2))),
  'where(x > 0, log(x), 0)': (x) => where(greater(x, 0), log(x), 0),
  'x log(x)': (x) => mul(x, log(x)),

  'exp(x)': exp,
  'expm1(x)': expm1,
  'log(x)': log,
  'log1p(x)': log1p,
  'log2(x)': log2,
  'log10(x)': log10,
  'sqrt(x)': sqrt,
  'cbrt(x)': cbrt,
  'rsqrt(x)': rsqrt,
  'square(x)': square,
  'reciprocal(x)': reciprocal,
  'abs(x)': abs,
  'sin(x)': sin,
  'cos(x)': cos,
  'tan(x)': tan,
  'asin(x)': asin,
  'acos(x)': acos,
  'atan(x)': atan,
  'sinh(x)': sinh,
  'cosh(x)': cosh,
  'tanh(x)': tanh,
  'asinh(x)': asinh,
  'acosh(x)': acosh,
  'atanh(x)': atanh,
  'erf(x)': erf,
  'erfc(x)': erfc,
  'sigmoid(x)': sigmoid,
  'logSigmoid(x)': logSigmoid,
  'softplus(x)': softplus,
  'softsign(x)': softsign,
  'relu6(x)': relu6,
  'leakyRelu(x, 0.25)': (x) => leakyRelu(x, 0.25),
  'elu(x)': (x) => elu(x),
  'selu(x)': selu,
  'gelu(x), exact': (x) => gelu(x),
  'gelu(x), tanh': (x) => gelu(x, { approximate: 'tanh' }),
  'silu(x)': silu,
  'mish(x)': mish,
  'hardSwish(x)': hardSwish,
  'hypot(x, 2)': (x) => hypot(x, 2),
  'atan2(x, 2)': (x) => atan2(x, 2),
  'pow(x, 2.5)': (x) => pow(x, 2.5),
  'pow(2, x)': (x) => pow(2, x),
  'logaddexp(x, 0)': (x) => logaddexp(x, 0),
  'sin(x) / x': (x) => div(sin(x), x),
};

/** What a cell asks for as a simplified graph, and the data of its inputs. */
function question({ row, x, order }: Cell) {
  const at = argument(row, x);
  const leaf = typeof at === 'number' ? input({ name: 'x' }) : input(3, { name: 'x' });
  let node = formulas[row](leaf);
  for (let i = 0; i < order; i++) node = grad(node, leaf);
  node = simplify(node);
  const data = { x: at, y: row.endsWith('y = 1') ? 1 : 0, first: FIRST };
  // What has dropped out, as x has from the second derivative of its square, cannot be fed.
  const names = inputsOf([node]).map((leaf) => nameOf(leaf) as keyof typeof data);
  return { node, feeds: Object.fromEntries(names.map((name) => [name, data[name]])) };
}

/** chainrule as its users run it: compiled, in float32 memory. */
export const chainrule: Contender = {
  name: 'chainrule',
  composed: [],
  find: async (cell) => {
    const { node, feeds } = question(cell);
    using run = await compile(node, { device: 'wasm' });
    const value = await run.value(node, feeds);
    return typeof value === 'number' ? value : value.data[0]!;
  },
};

/** The same graphs, simplified, in the interpreter. */
export const interpreted: Contender = {
  name: 'chainrule, float64',
  composed: [],
  find: async (cell) => {
    const { node, feeds } = question(cell);
    return interpret(node, feeds).data[0]!;
  },
};
