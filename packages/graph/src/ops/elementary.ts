// Elementary and special functions beyond exp, log, sin and cos, elementwise. What an op means,
// and its slope where that is a convention, stands in its row.
import type { Node } from '../node.ts';
import { pow } from './arithmetic.ts';
import { elementwise, type Operand } from './operand.ts';

/** The logarithm to base 2. */
export const log2 = (x: Operand): Node => elementwise('log2', x);
/** The logarithm to base 10. */
export const log10 = (x: Operand): Node => elementwise('log10', x);
/** log(1 - exp(x)) for x < 0, accurate near 0 and far out. */
export const log1mexp = (x: Operand): Node => elementwise('log1mexp', x);
/** log(exp(a) + exp(b)), finite at any finite a and b. */
export const logaddexp = (a: Operand, b: Operand): Node => elementwise('logaddexp', a, b);

/** The cube root, negative where x is; its derivative is infinite at 0. */
export const cbrt = (x: Operand): Node => elementwise('cbrt', x);
/** 1 / sqrt(x) */
export const rsqrt = (x: Operand): Node => pow(x, -0.5);
/** 1 / x */
export const reciprocal = (x: Operand): Node => pow(x, -1);
/** sqrt(a^2 + b^2), without overflow on the way; derivative 0 at the origin. */
export const hypot = (a: Operand, b: Operand): Node => elementwise('hypot', a, b);

/** The tangent of x in radians. */
export const tan = (x: Operand): Node => elementwise('tan', x);
/** The inverse sine, in [-pi/2, pi/2]; its derivative is infinite at -1 and 1. */
export const asin = (x: Operand): Node => elementwise('asin', x);
/** The inverse cosine, in [0, pi]; its derivative is infinite at -1 and 1. */
export const acos = (x: Operand): Node => elementwise('acos', x);
/** The inverse tangent, in (-pi/2, pi/2). */
export const atan = (x: Operand): Node => elementwise('atan', x);
/**
 * The angle of the point (x, y), in (-pi, pi]; y comes first, as in NumPy. Zeros have no sign
 * here; at the origin the angle and its derivatives are 0.
 */
export const atan2 = (y: Operand, x: Operand): Node => elementwise('atan2', y, x);

/** The hyperbolic sine. */
export const sinh = (x: Operand): Node => elementwise('sinh', x);
/** The hyperbolic cosine. */
export const cosh = (x: Operand): Node => elementwise('cosh', x);
/** The inverse hyperbolic sine. */
export const asinh = (x: Operand): Node => elementwise('asinh', x);
/** The inverse hyperbolic cosine, for x >= 1; its derivative is infinite at 1. */
export const acosh = (x: Operand): Node => elementwise('acosh', x);
/** The inverse hyperbolic tangent, for -1 < x < 1. */
export const atanh = (x: Operand): Node => elementwise('atanh', x);

/** The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
export const erf = (x: Operand): Node => elementwise('erf', x);
/** 1 - erf(x), with all its digits where it is small. */
export const erfc = (x: Operand): Node => elementwise('erfc', x);
/** log(erfc(x)), finite where erfc underflows. */
export const logErfc = (x: Operand): Node => elementwise('logErfc', x);
/** The hazard rate of the error function, 2/sqrt(pi) exp(-x^2) / erfc(x): -d logErfc/dx. */
export const erfcHazard = (x: Operand): Node => elementwise('erfcHazard', x);
