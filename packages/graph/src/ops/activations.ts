// The functions of neurons.
import { make, type Node } from '../node.ts';
import { max } from './arithmetic.ts';
import { elementwise, type Operand, shapeError, toNode } from './operand.ts';

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
  const a = toNode(x);
  if (!(slope >= 0)) {
    throw shapeError('leakyRelu', [a], `the slope ${slope} is below 0.`, 'use e.g. 0.01.');
  }
  return make('leakyRelu', [a], { slope }, a.shape);
}
