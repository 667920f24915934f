// The functions and operators of formulas. A function has the name of the op that it calls: to add
// one is to write its name in the list of what it takes.
import { ShapeError } from '../errors.ts';
import type { Dim, Node } from '../node.ts';
import * as op from '../ops.ts';
import { and, mod, not, or, xor } from './temporary.ts';

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

const { exp, expm1, log, log1p, sqrt, square, abs, sign, neg, sin, cos } = op;
const { sigmoid, tanh, relu, softplus, transpose, leakyRelu, softmax, logSoftmax } = op;
const { add, sub, mul, div, pow, max, min, matmul, where } = op;
const { less, lessEqual, greater, greaterEqual, equal } = op;
const { sum, mean, maxOver, logsumexp, permute, expand } = op;

/** Every function of formulas, by its name. */
export const FUNCTIONS: ReadonlyMap<string, TextFunction> = new Map([
  ...all(['node'], { exp, expm1, log, log1p, sqrt, square, abs, sign, neg, sin, cos }),
  ...all(['node'], { sigmoid, tanh, relu, softplus, transpose, not }),
  ...all(['node', 'node'], { add, sub, mul, div, pow, max, min, matmul, mod, and, or, xor }),
  ...all(['node', 'node'], { less, lessEqual, greater, greaterEqual, equal }),
  ...all(['node', 'node', 'node'], { where }),
  ...all(['node', 'number?'], { leakyRelu, softmax, logSoftmax }),
  ...reductions({ sum, mean, maxOver, logsumexp }),
  ...all(['node', 'list'], { permute }),
  ...all(['node', 'shape'], { expand }),
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
    unequal: (a: Node, b: Node) => sub(1, equal(a, b)),
    not,
    and,
    or,
    xor,
  }),
);
export const KNOWN_OPERATORS = "use + - * .* / ./ ^ .^ ' % < > <= >= == != and or xor not ?:.";
