// The ops as functions: shapes are checked and broadcasting is made explicit here, and only here.
// What an op means, and its derivative, stand in its row (rows.ts).
import { explain, ShapeError } from './errors.ts';
import { foldConstant } from './fold.ts';
import { constant, size } from './leaves.ts';
import {
  checkNode,
  type Dim,
  type Init,
  make,
  type Node,
  nameOf,
  type OpName,
  type Shape,
  sameShape,
  showShape,
} from './node.ts';

/** What ops take: a node, or a number that stands for a constant. */
export type Operand = Node | number;

function node(x: Operand): Node {
  if (typeof x === 'number') return constant(x);
  checkNode(x);
  return x;
}

const describe = (x: Node): string => {
  const unnamed = x.src.length === 0 ? `an unnamed ${x.op}` : `the result of ${x.op}`;
  return `${nameOf(x) ?? unnamed} is ${showShape(x.shape)}`;
};

function shapeError(op: string, operands: readonly Node[], why: string, fix: string): ShapeError {
  const shown = operands.filter((x) => x.op !== 'const').map(describe);
  return new ShapeError(explain(`${op}: ${shown.join(' and ')}: ${why}`, [], fix));
}

// ---- structure

/**
 * Repeats a node along new or size-1 dimensions; sizes are aligned at the right.
 * @throws ShapeError if a dimension is neither equal nor 1.
 */
export function expand(x: Operand, shape: Shape): Node {
  const source = node(x);
  const lead = shape.length - source.shape.length;
  const fits = lead >= 0 && source.shape.every((d, i) => d === 1 || d === shape[lead + i]);
  if (!fits) {
    throw shapeError('expand', [source], `it cannot repeat to ${showShape(shape)}.`, EQUAL_OR_1);
  }
  return expandTo(
    source,
    shape,
    source.shape.map((_, i) => lead + i),
  );
}

const EQUAL_OR_1 = 'sizes must be equal or 1, aligned at the right.';

/** Repeats `x`, its dimension i becoming dimension `dims[i]` of the result. Checks nothing. */
export function expandTo(x: Node, shape: Shape, dims: readonly number[]): Node {
  if (x.op === 'const') return constant(x.attr.value, shape);
  const identity = sameShape(x.shape, shape) && dims.every((d, i) => d === i);
  return identity ? x : make('expand', [x], { dims }, shape);
}

/** What operands have in common, aligned at the right; the last `apart` dimensions left out. */
function broadcastShape(op: string, operands: readonly Node[], apart = 0): Shape {
  const shapes = operands.map((x) => x.shape.slice(0, x.shape.length - apart));
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const at = (shape: Shape, i: number): Dim => shape[i - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, i) => {
    const dims = new Set(shapes.map((shape) => at(shape, i)).filter((d) => d !== 1));
    if (dims.size > 1) {
      const why = `the sizes ${[...dims].join(' and ')} differ.`;
      throw shapeError(op, operands, why, EQUAL_OR_1);
    }
    return [...dims][0] ?? 1;
  });
}

type Plain = 'add' | 'mul' | 'max' | 'min' | 'less' | 'where' | Unary;
type Unary = Extract<
  OpName,
  'exp' | 'log' | 'log1p' | 'expm1' | 'sin' | 'cos' | 'abs' | 'sigmoid' | 'tanh' | 'softplus'
>;

/** Operands repeated to the shape that they share. @throws ShapeError if they share none */
export function broadcast(name: string, operands: readonly Operand[]): Node[] {
  const nodes = operands.map(node);
  const shape = broadcastShape(name, nodes);
  return nodes.map((x) => expand(x, shape));
}

function elementwise(op: Plain, ...args: readonly Operand[]): Node {
  const src = broadcast(op, args);
  return folded(make(op, src, {}, src[0]!.shape));
}

/** A node of numbers only is a number. */
const folded = (x: Node): Node => foldConstant(x) ?? x;

/** Swaps the last two dimensions of a matrix. @throws ShapeError below rank 2. */
export function transpose(x: Operand): Node {
  const a = node(x);
  const n = a.shape.length;
  if (n === 0) return a;
  if (n === 1) {
    const fix = 'declare a row as input(1, n) or a column as input(n, 1).';
    throw shapeError('transpose', [a], 'a vector has no transpose.', fix);
  }
  const axes = a.shape.map((_, i) => i);
  return permute(a, [...axes.slice(0, -2), n - 1, n - 2]);
}

/** Reorders dimensions: dimension i of the result is dimension `axes[i]` of `x`. */
export function permute(x: Operand, axes: readonly number[]): Node {
  const a = node(x);
  if ([...axes].sort((p, q) => p - q).join() !== a.shape.map((_, i) => i).join()) {
    const fix = `name each of 0 ... ${a.shape.length - 1} once.`;
    throw shapeError('permute', [a], `[${axes.join(', ')}] is no order of its dimensions.`, fix);
  }
  return make(
    'permute',
    [a],
    { axes },
    axes.map((i) => a.shape[i]!),
  );
}

/**
 * The matrix product; leading dimensions are batch and broadcast.
 * @throws ShapeError if the inner sizes differ or an operand is no matrix.
 */
export function matmul(x: Operand, y: Operand): Node {
  const a = node(x);
  const b = node(y);
  if (a.shape.length < 2 || b.shape.length < 2) {
    const fix =
      'declare vectors as matrices, e.g. param(n, 1); for a product with a number use mul.';
    throw shapeError('matmul', [a, b], 'both must be matrices.', fix);
  }
  const [p, inner] = a.shape.slice(-2) as [Dim, Dim];
  const [innerB, q] = b.shape.slice(-2) as [Dim, Dim];
  if (inner !== innerB) {
    throw shapeError(
      'matmul',
      [a, b],
      `the inner sizes ${inner} and ${innerB} differ.`,
      matmulFix(a, b, inner, innerB),
    );
  }
  const batch = broadcastShape('matmul', [a, b], 2);
  const src = [expand(a, [...batch, p, inner]), expand(b, [...batch, inner, q])];
  return make('matmul', src, {}, [...batch, p, q]);
}

function matmulFix(a: Node, b: Node, inner: Dim, innerB: Dim): string {
  if (sameShape(a.shape, b.shape)) return 'to multiply element by element use .* (mul).';
  if (a.shape.at(-2) === innerB) return `transpose the left side: ${nameOf(a) ?? 'it'}'.`;
  if (b.shape.at(-1) === inner) return `transpose the right side: ${nameOf(b) ?? 'it'}'.`;
  if (a.op === 'param') {
    const name = nameOf(a) ?? 'the left side';
    const dims = [...a.shape.slice(0, -1), innerB].join(', ');
    const right = nameOf(b) ?? 'the right side';
    const columns = `check that ${right} holds one example per column.`;
    return `declare ${name} as param(${dims}), or ${columns}`;
  }
  return 'make the columns of the left side equal the rows of the right side.';
}

function axesOf(op: string, x: Node, axis: number | readonly number[] | undefined): number[] {
  const rank = x.shape.length;
  const list = axis === undefined ? x.shape.map((_, i) => i) : [axis].flat();
  const axes = list.map((a) => (a < 0 ? a + rank : a));
  const bad = axes.findIndex((a) => !Number.isInteger(a) || a < 0 || a >= rank);
  if (bad >= 0 || new Set(axes).size < axes.length) {
    const why = bad >= 0 ? `it has no axis ${list[bad]}.` : `${list.join(', ')} repeats an axis.`;
    throw shapeError(op, [x], why, `use axes from 0 to ${rank - 1}, each once.`);
  }
  return axes.sort((p, q) => p - q);
}

type Reduction = 'sum' | 'maxOver' | 'logsumexp';

/** Options of reductions. */
export interface ReduceOptions {
  /** Keep the reduced dimensions as size 1. */
  readonly keepdims?: boolean;
}

function reduce(
  op: Reduction,
  operand: Operand,
  axis: number | readonly number[] | undefined,
  options: ReduceOptions,
): Node {
  const x = node(operand);
  const axes = axesOf(op, x, axis);
  const result = reduceAxes(op, x, axes);
  return options.keepdims
    ? unreduce(
        result,
        axes,
        x.shape.map((d, i) => (axes.includes(i) ? 1 : d)),
      )
    : result;
}

/** Reduces over `axes` (sorted) and drops them. Checks nothing. */
export function reduceAxes(op: Reduction, x: Node, axes: readonly number[]): Node {
  if (axes.length === 0) return x;
  return make(
    op,
    [x],
    { axes },
    x.shape.filter((_, i) => !axes.includes(i)),
  );
}

/** Puts reduced axes back: the result has `shape`, its dimensions but `axes` are those of x. */
export function unreduce(x: Node, axes: readonly number[], shape: Shape): Node {
  const kept = shape.map((_, i) => i).filter((i) => !axes.includes(i));
  return expandTo(x, shape, kept);
}

/**
 * The sum over an axis, several, or all of them; they are dropped unless `keepdims` is set.
 * @throws ShapeError for an axis that is not there
 */
export const sum = (
  x: Operand,
  axis?: number | readonly number[],
  options: ReduceOptions = {},
): Node => reduce('sum', x, axis, options);

/** The largest value over an axis, several, or all. Ties share the gradient equally. */
export const maxOver = (
  x: Operand,
  axis?: number | readonly number[],
  options: ReduceOptions = {},
): Node => reduce('maxOver', x, axis, options);

/** log(sum(exp(x))) over an axis, several, or all, finite at any finite x. */
export const logsumexp = (
  x: Operand,
  axis?: number | readonly number[],
  options: ReduceOptions = {},
): Node => reduce('logsumexp', x, axis, options);

/** The mean over an axis, several, or all: the sum times 1/m. */
export function mean(
  operand: Operand,
  axis?: number | readonly number[],
  options: ReduceOptions = {},
): Node {
  const x = node(operand);
  const count = axesOf('mean', x, axis)
    .filter((i) => x.shape[i] !== 1)
    .map((i) => size(x.shape[i]!));
  const total = sum(x, axis, options);
  if (count.length === 0) return total;
  return mul(
    pow(
      count.reduce((p, q) => mul(p, q)),
      -1,
    ),
    total,
  );
}

/** exp(x) / sum(exp(x)) along an axis (0, the classes, unless given), finite at any finite x. */
export function softmax(x: Operand, axis = 0): Node {
  return exp(logSoftmax(x, axis));
}

/** log(softmax(x)) along an axis (0 unless given). */
export function logSoftmax(x: Operand, axis = 0): Node {
  return sub(x, logsumexp(x, axis, { keepdims: true }));
}

// ---- elementwise

/** a + b, elementwise. Here and below operands broadcast: sizes are equal or 1, from the right. */
export const add = (a: Operand, b: Operand): Node => elementwise('add', a, b);
/** a * b, elementwise. */
export const mul = (a: Operand, b: Operand): Node => elementwise('mul', a, b);
/** -x */
export const neg = (x: Operand): Node => mul(-1, x);
/** a - b, elementwise. */
export const sub = (a: Operand, b: Operand): Node => add(a, neg(b));
/** a / b, elementwise. */
export const div = (a: Operand, b: Operand): Node => {
  const inverse = pow(b, -1);
  const one = a === 1 || (typeof a === 'object' && a === constant(1));
  return one ? inverse : mul(a, inverse);
};
/** exp(x) */
export const exp = (x: Operand): Node => elementwise('exp', x);
/** The natural logarithm. */
export const log = (x: Operand): Node => elementwise('log', x);
/** log(1 + x), accurate near 0. */
export const log1p = (x: Operand): Node => elementwise('log1p', x);
/** exp(x) - 1, accurate near 0. */
export const expm1 = (x: Operand): Node => elementwise('expm1', x);
/** The sine of x in radians. */
export const sin = (x: Operand): Node => elementwise('sin', x);
/** The cosine of x in radians. */
export const cos = (x: Operand): Node => elementwise('cos', x);
/** The absolute value; derivative 0 at 0. */
export const abs = (x: Operand): Node => elementwise('abs', x);
/** The larger of two, elementwise; at a tie the derivative goes to `b`. */
export const max = (a: Operand, b: Operand): Node => elementwise('max', a, b);
/** The smaller of two, elementwise; at a tie the derivative goes to `b`. */
export const min = (a: Operand, b: Operand): Node => elementwise('min', a, b);
/** 1 where a < b, else 0; derivative 0, as that of all comparisons. */
export const less = (a: Operand, b: Operand): Node => elementwise('less', a, b);
/** 1 where a > b, else 0. */
export const greater = (a: Operand, b: Operand): Node => less(b, a);
/** 1 where a <= b, else 0. */
export const lessEqual = (a: Operand, b: Operand): Node => sub(1, less(b, a));
/** 1 where a >= b, else 0. */
export const greaterEqual = (a: Operand, b: Operand): Node => sub(1, less(a, b));
/** 1 where a = b, else 0. */
export const equal = (a: Operand, b: Operand): Node => mul(lessEqual(a, b), greaterEqual(a, b));
/** `a` where the condition is not 0, else `b`; no gradient leaks from the branch not taken. */
export const where = (condition: Operand, a: Operand, b: Operand): Node =>
  elementwise('where', condition, a, b);
/** -1, 0 or 1; derivative 0. */
export const sign = (x: Operand): Node => sub(less(0, x), less(x, 0));

/** x^y, elementwise. If y is no number but a node, it is exp(y log(x)), for x > 0. */
export function pow(x: Operand, exponent: Operand): Node {
  const [a, power] = broadcast('pow', [x, exponent]) as [Node, Node];
  if (power.op !== 'const') return exp(mul(exponent, log(x)));
  const y = power.attr.value;
  if (y === 1) return a;
  if (y === 0) return constant(1, a.shape);
  return folded(make('pow', [a], { exponent: y }, a.shape));
}

/** The square root; its derivative is infinite at 0. */
export const sqrt = (x: Operand): Node => pow(x, 0.5);
/** x * x */
export const square = (x: Operand): Node => pow(x, 2);
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
  const a = node(x);
  if (!(slope >= 0)) {
    throw shapeError('leakyRelu', [a], `the slope ${slope} is below 0.`, 'use e.g. 0.01.');
  }
  return make('leakyRelu', [a], { slope }, a.shape);
}

export type { Init };
