// The Gaussian error linear unit (Hendrycks and Gimpel 2016).
import { checkOptions, show } from '../checks.ts';
import { ChainruleError } from '../errors.ts';
import type { Node } from '../node.ts';
import { sigmoid } from './activations.ts';
import { add, mul, pow } from './arithmetic.ts';
import { erfc } from './elementary.ts';
import type { Operand } from './operand.ts';

/** Options of `gelu`. */
export interface GeluOptions {
  /** `'tanh'`: by x sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)), up to 5e-4 off. */
  readonly approximate?: 'none' | 'tanh';
}

/** x P(N <= x) for a standard normal N: x erfc(-x / sqrt(2)) / 2, full digits far below 0 too. */
export function gelu(x: Operand, options: GeluOptions = {}): Node {
  checkOptions('gelu', options, 'approximate');
  const { approximate = 'none' } = options;
  if (approximate !== 'none' && approximate !== 'tanh') {
    const what = `gelu: there is no approximation ${show(approximate)}.`;
    throw new ChainruleError(what, "say 'none' or 'tanh'.");
  }
  if (approximate === 'none') return mul(mul(0.5, x), erfc(mul(-Math.SQRT1_2, x)));
  const cubic = add(x, mul(0.044715, pow(x, 3)));
  // (1 + tanh(u)) / 2 = sigmoid(2 u), which keeps its digits far below 0
  return mul(x, sigmoid(mul(2 * Math.sqrt(2 / Math.PI), cubic)));
}
