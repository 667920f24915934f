// Arithmetic and elementary functions, elementwise. What an op means stands in its row.
import { constant } from '../leaves.ts';
import { make, type Node } from '../node.ts';
import type { Binary, Ternary, Unary } from '../shapes.ts';
import { broadcast, elementwise, folded, type Operand, toNode } from './operand.ts';

/** a + b, elementwise. Here and below operands broadcast: sizes are equal or 1, from the right. */
export const add: Binary = (a: Operand, b: Operand) => elementwise('add', a, b);
/** a * b, elementwise. */
export const mul: Binary = (a: Operand, b: Operand) => elementwise('mul', a, b);
/** -x */
export const neg: Unary = (x: Operand) => mul(-1, x);
/** a - b, elementwise. */
export const sub: Binary = (a: Operand, b: Operand) => add(a, neg(b));
/** a / b, elementwise. */
export const div: Binary = (a: Operand, b: Operand) => {
  const inverse = pow(b, -1);
  const one = a === 1 || (typeof a === 'object' && a === constant(1));
  return one ? inverse : mul(a, inverse);
};
/** exp(x) */
export const exp: Unary = (x: Operand) => elementwise('exp', x);
/** The natural logarithm. */
export const log: Unary = (x: Operand) => elementwise('log', x);
/** log(1 + x), accurate near 0. */
export const log1p: Unary = (x: Operand) => elementwise('log1p', x);
/** exp(x) - 1, accurate near 0. */
export const expm1: Unary = (x: Operand) => elementwise('expm1', x);
/** The sine of x in radians. */
export const sin: Unary = (x: Operand) => elementwise('sin', x);
/** The cosine of x in radians. */
export const cos: Unary = (x: Operand) => elementwise('cos', x);
/** The absolute value; derivative 0 at 0. */
export const abs: Unary = (x: Operand) => elementwise('abs', x);
/** The larger of two, elementwise; at a tie the derivative goes to `b`. */
export const max: Binary = (a: Operand, b: Operand) => elementwise('max', a, b);
/** The smaller of two, elementwise; at a tie the derivative goes to `b`. */
export const min: Binary = (a: Operand, b: Operand) => elementwise('min', a, b);
/** 1 where a < b, else 0; derivative 0, as that of all comparisons. */
export const less: Binary = (a: Operand, b: Operand) => elementwise('less', a, b);
/** 1 where a > b, else 0. */
export const greater: Binary = (a: Operand, b: Operand) => less(b, a);
/** 1 where a <= b, else 0. */
export const lessEqual: Binary = (a: Operand, b: Operand) => elementwise('lessEqual', a, b);
/** 1 where a >= b, else 0. */
export const greaterEqual: Binary = (a: Operand, b: Operand) => lessEqual(b, a);
/** 1 where a = b, else 0. */
export const equal: Binary = (a: Operand, b: Operand) => elementwise('equal', a, b);
/** `a` where the condition is not 0, else `b`; no gradient leaks from the branch not taken. */
export const where: Ternary = (condition: Operand, a: Operand, b: Operand) =>
  elementwise('where', condition, a, b);
/** -1, 0 or 1; derivative 0. */
export const sign: Unary = (x: Operand) => sub(less(0, x), less(x, 0));

/**
 * x^y, elementwise. The derivative by y is log(x) x^y, taken as 0 for x <= 0; negative x have
 * powers with whole y.
 */
export const pow: Binary = (x: Operand, exponent: Operand) => {
  if (typeof exponent === 'number') return powerOf(toNode(x), exponent);
  const [a, power] = broadcast('pow', [x, exponent]) as [Node, Node];
  return power.op === 'const' ? powerOf(a, power.attr.value) : elementwise('power', a, power);
};

function powerOf(x: Node, exponent: number): Node {
  if (exponent === 1) return x;
  if (exponent === 0) return constant(1, x.shape);
  return folded(make('pow', [x], { exponent }, x.shape));
}

/** The square root; its derivative is infinite at 0. */
export const sqrt: Unary = (x: Operand) => pow(x, 0.5);
/** x * x */
export const square: Unary = (x: Operand) => pow(x, 2);
