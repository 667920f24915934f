// Powers of tensors, entropies, and what hides a value from differentiation.
import type { Binary, Unary } from '../shapes.ts';
import { log, sub } from './arithmetic.ts';
import { elementwise, type Operand } from './operand.ts';

/** x log(x), 0 at x = 0; derivative 1 + log(x). */
export const xlogx: Unary = (x: Operand) => elementwise('xlogx', x);
/** x log(y), 0 where x = 0; the derivative by y, x / y, is taken as 0 at y = 0. */
export const xlogy: Binary = (x: Operand, y: Operand) => elementwise('xlogy', x, y);
/** log(p / (1 - p)), the inverse of sigmoid; infinite at 0 and 1. */
export const logit: Unary = (p: Operand) => sub(log(p), log(sub(1, p)));
/** x as a constant to differentiation: no gradient flows through it. */
export const stopGradient: Unary = (x: Operand) => elementwise('stopGradient', x);
