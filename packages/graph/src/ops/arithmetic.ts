// Arithmetic and elementary functions, elementwise. What an op means stands in its row.
import { constant } from '../leaves.ts';
import { make, type Node } from '../node.ts';
import { broadcast, elementwise, folded, type Operand } from './operand.ts';

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
export const lessEqual = (a: Operand, b: Operand): Node => elementwise('lessEqual', a, b);
/** 1 where a >= b, else 0. */
export const greaterEqual = (a: Operand, b: Operand): Node => lessEqual(b, a);
/** 1 where a = b, else 0. */
export const equal = (a: Operand, b: Operand): Node => elementwise('equal', a, b);
/** `a` where the condition is not 0, else `b`; no gradient leaks from the branch not taken. */
export const where = (condition: Operand, a: Operand, b: Operand): Node =>
  elementwise('where', condition, a, b);
/** -1, 0 or 1; derivative 0. */
export const sign = (x: Operand): Node => sub(less(0, x), less(x, 0));

/**
 * x^y, elementwise. The derivative by y is log(x) x^y, taken as 0 for x <= 0; negative x have
 * powers with whole y.
 */
export function pow(x: Operand, exponent: Operand): Node {
  const [a, power] = broadcast('pow', [x, exponent]) as [Node, Node];
  if (power.op !== 'const') return elementwise('power', a, power);
  const y = power.attr.value;
  if (y === 1) return a;
  if (y === 0) return constant(1, a.shape);
  return folded(make('pow', [a], { exponent: y }, a.shape));
}

/** The square root; its derivative is infinite at 0. */
export const sqrt = (x: Operand): Node => pow(x, 0.5);
/** x * x */
export const square = (x: Operand): Node => pow(x, 2);
