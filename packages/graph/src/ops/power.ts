// Powers of tensors, entropies, and what hides a value from differentiation.
import type { Node } from '../node.ts';
import { log, sub } from './arithmetic.ts';
import { elementwise, type Operand } from './operand.ts';

/** x log(x), 0 at x = 0; derivative 1 + log(x). */
export const xlogx = (x: Operand): Node => elementwise('xlogx', x);
/** x log(y), 0 where x = 0; the derivative by y, x / y, is taken as 0 at y = 0. */
export const xlogy = (x: Operand, y: Operand): Node => elementwise('xlogy', x, y);
/** log(p / (1 - p)), the inverse of sigmoid; infinite at 0 and 1. */
export const logit = (p: Operand): Node => sub(log(p), log(sub(1, p)));
/** x as a constant to differentiation: no gradient flows through it. */
export const stopGradient = (x: Operand): Node => elementwise('stopGradient', x);
