// Elementary and special functions beyond exp, log, sin and cos, elementwise. What an op means,
// and its slope where that is a convention, stands in its row.
import type { Binary, Unary } from '../shapes.ts';
import { pow } from './arithmetic.ts';
import { elementwise, type Operand } from './operand.ts';

/** The logarithm to base 2. */
export const log2: Unary = (x: Operand) => elementwise('log2', x);
/** The logarithm to base 10. */
export const log10: Unary = (x: Operand) => elementwise('log10', x);
/** log(1 - exp(x)) for x < 0, accurate near 0 and far out. */
export const log1mexp: Unary = (x: Operand) => elementwise('log1mexp', x);
/** log(exp(a) + exp(b)), finite at any finite a and b. */
export const logaddexp: Binary = (a: Operand, b: Operand) => elementwise('logaddexp', a, b);

/** The cube root, negative where x is; its derivative is infinite at 0. */
export const cbrt: Unary = (x: Operand) => elementwise('cbrt', x);
/** 1 / sqrt(x) */
export const rsqrt: Unary = (x: Operand) => pow(x, -0.5);
/** 1 / x */
export const reciprocal: Unary = (x: Operand) => pow(x, -1);
/** sqrt(a^2 + b^2), without overflow on the way; derivative 0 at the origin. */
export const hypot: Binary = (a: Operand, b: Operand) => elementwise('hypot', a, b);

/** The tangent of x in radians. */
export const tan: Unary = (x: Operand) => elementwise('tan', x);
/** The inverse sine, in [-pi/2, pi/2]; its derivative is infinite at -1 and 1. */
export const asin: Unary = (x: Operand) => elementwise('asin', x);
/** The inverse cosine, in [0, pi]; its derivative is infinite at -1 and 1. */
export const acos: Unary = (x: Operand) => elementwise('acos', x);
/** The inverse tangent, in (-pi/2, pi/2). */
export const atan: Unary = (x: Operand) => elementwise('atan', x);
/**
 * The angle of the point (x, y), in (-pi, pi]; y comes first, as in NumPy. Zeros have no sign
 * here; at the origin the angle and its derivatives are 0.
 */
export const atan2: Binary = (y: Operand, x: Operand) => elementwise('atan2', y, x);

/** The hyperbolic sine. */
export const sinh: Unary = (x: Operand) => elementwise('sinh', x);
/** The hyperbolic cosine. */
export const cosh: Unary = (x: Operand) => elementwise('cosh', x);
/** The inverse hyperbolic sine. */
export const asinh: Unary = (x: Operand) => elementwise('asinh', x);
/** The inverse hyperbolic cosine, for x >= 1; its derivative is infinite at 1. */
export const acosh: Unary = (x: Operand) => elementwise('acosh', x);
/** The inverse hyperbolic tangent, for -1 < x < 1. */
export const atanh: Unary = (x: Operand) => elementwise('atanh', x);

/** The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
export const erf: Unary = (x: Operand) => elementwise('erf', x);
/** 1 - erf(x), with all its digits where it is small. */
export const erfc: Unary = (x: Operand) => elementwise('erfc', x);
/** log(erfc(x)), finite where erfc underflows. */
export const logErfc: Unary = (x: Operand) => elementwise('logErfc', x);
/** The hazard rate of the error function, 2/sqrt(pi) exp(-x^2) / erfc(x): -d logErfc/dx. */
export const erfcHazard: Unary = (x: Operand) => elementwise('erfcHazard', x);
