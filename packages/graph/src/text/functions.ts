// The functions and operators of formulas. A function has the name of the op that it calls: to add
// one is to write its name in the list of what it takes.
import { ShapeError } from '../errors.ts';
import type { Dim, Node } from '../node.ts';
import { padTo } from '../ops/views.ts';
import * as op from '../ops.ts';

/** What the arguments of a function are to its op. */
interface ArgumentOf {
  node: Node;
  /** All arguments but those that follow in the list. */
  '...node': readonly Node[];
  number: number;
  /** One axis, or several as `[0, 2]`. */
  axes: number | readonly number[];
  /** `[1, 0]` */
  list: readonly number[];
  /** `[3, m]` */
  shape: readonly Dim[];
}

/** What an argument is; a question mark lets it be left out. */
export type Argument = keyof ArgumentOf | `${keyof ArgumentOf}?`;

type ArgumentsOf<K extends readonly Argument[]> = {
  [I in keyof K]: K[I] extends `${infer A extends keyof ArgumentOf}?`
    ? ArgumentOf[A] | undefined
    : K[I] extends keyof ArgumentOf
      ? ArgumentOf[K[I]]
      : never;
};

/** A function of formulas: what it takes, in order, and what makes its node. */
export interface TextFunction {
  readonly takes: readonly Argument[];
  readonly build: (...args: never) => Node;
}

/** What each of so many arguments is. */
export function kindsOf(takes: readonly Argument[], count: number): readonly Argument[] {
  const rest = takes.indexOf('...node');
  if (rest < 0) return takes;
  const many = Array.from({ length: count - takes.length + 1 }, () => 'node' as const);
  return [...takes.slice(0, rest), ...many, ...takes.slice(rest + 1)];
}

/** Functions that take the same. */
const all = <const K extends readonly Argument[]>(
  takes: K,
  builds: Readonly<Record<string, (...args: ArgumentsOf<K>) => Node>>,
): [string, TextFunction][] =>
  Object.entries(builds).map(([name, build]) => [name, { takes, build }]);

type Reduction = (x: Node, axis?: number | readonly number[], o?: op.ReduceOptions) => Node;

/** As in NumPy, an axis counts from 0; here a reduced axis stays, so that rows stay rows. */
const reductions = (builds: Readonly<Record<string, Reduction>>): [string, TextFunction][] =>
  Object.entries(builds).flatMap(([name, build]) =>
    all(['node', 'axes?'], {
      [name]: (x, axis) => build(x, axis, { keepdims: axis !== undefined }),
    }),
  );

/** x inside of zeros of a shape, from the positions `starts` on, `steps` apart; as printed. */
function pad(
  x: Node,
  shape: readonly Dim[],
  starts: readonly number[],
  steps: readonly number[] = starts.map(() => 1),
): Node {
  const { length } = x.shape;
  const good =
    [shape, starts, steps].every((list) => list.length === length) &&
    starts.every((n) => Number.isInteger(n) && n >= 0) &&
    steps.every((n) => Number.isInteger(n) && n >= 1) &&
    x.shape.every((n, d) => fits(n, starts[d]!, steps[d]!, shape[d]!));
  if (good) return padTo(x, { starts, steps }, shape);
  const fix =
    'give a shape that has room, and whole numbers for each axis: pad(x, [4, m], [1, 0]).';
  throw new ShapeError(`pad: [${shape.join(', ')}] has no such place.\nfix: ${fix}`);
}

/** Do n entries fit into a size? Of symbolic ones it shows when they are bound. */
function fits(n: Dim, start: number, step: number, size: Dim): boolean {
  if (n === size) return start === 0 && step === 1;
  if (typeof n === 'string') return false;
  return typeof size === 'string' || start + step * (n - 1) < size;
}

const { exp, expm1, log, log1p, log2, log10, log1mexp, logaddexp, sqrt, square, cbrt } = op;
const { rsqrt, reciprocal, abs, sign, neg, sin, cos, tan, asin, acos, atan, atan2 } = op;
const { sinh, cosh, asinh, acosh, atanh, erf, erfc, logErfc, erfcHazard, hypot } = op;
const { floor, ceil, round, trunc, mod, clip, and, or, not, xor } = op;
const { xlogx, xlogy, logit, stopGradient, hash, dropout } = op;
const { sigmoid, logSigmoid, hardSigmoid, tanh, relu, relu6, leakyRelu, prelu, elu, selu } = op;
const { celu, gelu, silu, swish, mish, softplus, softsign, hardSwish, softmax, logSoftmax } = op;
const { add, sub, mul, div, pow, max, min, matmul, where, dot, outer } = op;
const { less, lessEqual, greater, greaterEqual, equal, notEqual } = op;
const { sum, mean, prod, maxOver, minOver, logsumexp, norm, variance, std, any, cumsum } = op;
const { transpose, permute, expand, reshape, ravel, flip, iota, concat, stack } = op;
const { tril, triu, diag, trace, oneHot } = op;

/** Every function of formulas, by its name. */
export const FUNCTIONS: ReadonlyMap<string, TextFunction> = new Map([
  ...all(['node'], { exp, expm1, log, log1p, log2, log10, log1mexp, sqrt, square, cbrt }),
  ...all(['node'], { rsqrt, reciprocal, abs, sign, neg, sin, cos, tan, asin, acos, atan }),
  ...all(['node'], { sinh, cosh, asinh, acosh, atanh, erf, erfc, logErfc, erfcHazard }),
  ...all(['node'], { floor, ceil, round, trunc, not, xlogx, logit }),
  ...all(['node'], { sigmoid, logSigmoid, hardSigmoid, tanh, relu, relu6, selu, silu, swish }),
  ...all(['node'], { gelu: (x) => gelu(x), mish, softplus, softsign, hardSwish, stopGradient }),
  ...all(['node'], { isFinite: op.isFinite, isNaN: op.isNaN }),
  ...all(['node'], { transpose, ravel, diag, trace }),
  ...all(['node', 'node'], { add, sub, mul, div, pow, max, min, matmul, mod, and, or, xor }),
  ...all(['node', 'node'], { less, lessEqual, greater, greaterEqual, equal, notEqual }),
  ...all(['node', 'node'], { logaddexp, atan2, hypot, xlogy, hash, prelu, dot, outer }),
  ...all(['node', 'node', 'node'], { where, clip }),
  ...all(['node', 'number?'], { leakyRelu, elu, celu, softmax, logSoftmax, cumsum, tril, triu }),
  ...reductions({ sum, mean, prod, maxOver, minOver, logsumexp, norm, variance, std, any }),
  ...reductions({ all: op.all }),
  ...all(['node', 'number?'], {
    argmax: (x, axis) => op.argmax(x, axis, { keepdims: true }),
    argmin: (x, axis) => op.argmin(x, axis, { keepdims: true }),
  }),
  ...all(['node', 'axes?'], { flip }),
  ...all(['node', 'list'], { permute }),
  ...all(['node', 'shape', 'list', 'list?'], { pad }),
  ...all(['node', 'shape'], { expand, reshape }),
  ...all(['shape', 'number?'], { iota }),
  ...all(['...node', 'number'], {
    concat: (list, axis) => concat(list, axis),
    stack: (list, axis) => stack(list, axis),
  }),
  ...all(['node', 'number', 'number?'], {
    oneHot,
    dropout: (x, rate, seed) => dropout(x, rate, seed === undefined ? {} : { seed }),
  }),
  ...all(['shape', 'number'], {
    uniform: (shape, seed) => op.uniform(shape, { seed }),
    normal: (shape, seed) => op.normal(shape, { seed }),
  }),
]);

/** Numbers multiply anything; matrices multiply as matrices. */
function times(a: Node, b: Node): Node {
  return a.shape.length === 0 || b.shape.length === 0 ? mul(a, b) : matmul(a, b);
}

function over(a: Node, b: Node): Node {
  if (b.shape.length === 0) return div(a, b);
  throw new ShapeError('/: the divisor is a matrix.\nfix: use ./ to divide element by element.');
}

function power(a: Node, b: Node): Node {
  if (a.shape.length === 0) return pow(a, b);
  throw new ShapeError('^: the base is a matrix.\nfix: use .^ for the power of each element.');
}

/** Every operator of formulas, by mathjs's name for it. */
export const OPERATORS: ReadonlyMap<string, (a: Node, b: Node) => Node> = new Map(
  Object.entries({
    add,
    subtract: sub,
    unaryMinus: neg,
    unaryPlus: (a: Node) => a,
    multiply: times,
    dotMultiply: mul,
    divide: over,
    dotDivide: div,
    pow: power,
    dotPow: pow,
    ctranspose: transpose,
    mod,
    smaller: less,
    larger: greater,
    smallerEq: lessEqual,
    largerEq: greaterEqual,
    equal,
    unequal: notEqual,
    not,
    and,
    or,
    xor,
  }),
);
export const KNOWN_OPERATORS = "use + - * .* / ./ ^ .^ ' % < > <= >= == != and or xor not ?:.";
