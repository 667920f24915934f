// TODO(lead): delete this file and import these names from @chainrule/graph in chainrule.ts.

import type { Node, Operand } from '@chainrule/graph';
import * as graph from '@chainrule/graph';

export class Pending extends Error {}

type Op = (x: Operand, ...rest: readonly unknown[]) => Node;

const later =
  (name: string): Op =>
  (...args) => {
    const found = (graph as unknown as Record<string, Op>)[name];
    if (!found) throw new Pending(`${name} is not in @chainrule/graph yet`);
    return found(...args);
  };

export const acos = later('acos');
export const acosh = later('acosh');
export const asin = later('asin');
export const asinh = later('asinh');
export const atan = later('atan');
export const atan2 = later('atan2');
export const atanh = later('atanh');
export const cbrt = later('cbrt');
export const cosh = later('cosh');
export const elu = later('elu');
export const erf = later('erf');
export const erfc = later('erfc');
export const gelu = later('gelu');
export const hardSwish = later('hardSwish');
export const hypot = later('hypot');
export const log2 = later('log2');
export const log10 = later('log10');
export const logaddexp = later('logaddexp');
export const logSigmoid = later('logSigmoid');
export const mish = later('mish');
export const reciprocal = later('reciprocal');
export const relu6 = later('relu6');
export const rsqrt = later('rsqrt');
export const selu = later('selu');
export const silu = later('silu');
export const sinh = later('sinh');
export const softsign = later('softsign');
export const tan = later('tan');
