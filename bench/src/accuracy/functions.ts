// The functions whose accuracy is measured, and what is true of them in float64, whose error no
// float32 shows. It must not know how chainrule computes them.
import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cos,
  cosh,
  erf,
  exp,
  expm1,
  log,
  log1p,
  log2,
  log10,
  type Node,
  sigmoid,
  sin,
  sinh,
  softplus,
  tan,
  tanh,
} from '@chainrule/graph';

/** A function of one number. */
export interface Measured {
  readonly build: (x: Node) => Node;
  readonly truth: (x: number) => number;
}

/** exp(-x^2) 2/sqrt(pi) times the sum of x (2 x^2)^n / (2n + 1)!!: no term takes another away. */
export function erf64(x: number): number {
  // 1 - erf(6) is 2e-17: in float64 it is 1 from here on.
  if (Math.abs(x) > 6) return Math.sign(x);
  let [sum, term] = [0, x];
  for (let n = 1; sum + term !== sum; n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** What a device must have of its own. */
export const primitive: Readonly<Record<string, Measured>> = {
  exp: { build: exp, truth: Math.exp },
  log: { build: log, truth: Math.log },
  sin: { build: sin, truth: Math.sin },
  cos: { build: cos, truth: Math.cos },
};

/** What is made of these and of arithmetic. */
export const composed: Readonly<Record<string, Measured>> = {
  log1p: { build: log1p, truth: Math.log1p },
  expm1: { build: expm1, truth: Math.expm1 },
  tanh: { build: tanh, truth: Math.tanh },
  erf: { build: erf, truth: erf64 },
  sigmoid: {
    build: sigmoid,
    truth: (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
  },
  softplus: {
    build: softplus,
    truth: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  },
  log2: { build: log2, truth: Math.log2 },
  log10: { build: log10, truth: Math.log10 },
  sinh: { build: sinh, truth: Math.sinh },
  cosh: { build: cosh, truth: Math.cosh },
  asinh: { build: asinh, truth: Math.asinh },
  acosh: { build: acosh, truth: Math.acosh },
  atanh: { build: atanh, truth: Math.atanh },
  tan: { build: tan, truth: Math.tan },
  asin: { build: asin, truth: Math.asin },
  acos: { build: acos, truth: Math.acos },
  atan: { build: atan, truth: Math.atan },
};
