// Comparisons and logic: 1 is true and 0 is false; any other number counts as true. Derivatives
// are 0. As in IEEE 754, every comparison with NaN is false but `notEqual`.
import { isConst } from '../leaves.ts';
import type { Node } from '../node.ts';
import { equal, mul, where } from './arithmetic.ts';
import { elementwise, type Operand, toNode } from './operand.ts';

/** Is a node known to be 0 or 1 everywhere? */
function isMask(x: Node): boolean {
  if (x.op === 'where') return isConst(x.src[1]!, 0) ? isConst(x.src[2]!, 1) : isBit(x);
  if (x.op === 'mul' || x.op === 'expand') return x.src.every(isMask);
  return ['less', 'lessEqual', 'equal', 'isFinite', 'isNaN'].includes(x.op);
}

const isBit = (x: Node): boolean => isConst(x.src[1]!, 1) && isConst(x.src[2]!, 0);

/** 1 where x is not 0. */
function truth(x: Operand): Node {
  const node = toNode(x);
  return isMask(node) ? node : where(node, 1, 0);
}

/** 1 where a is not b, else 0; true if either is NaN. */
export const notEqual = (a: Operand, b: Operand): Node => not(equal(a, b));
/** 1 where both are true. */
export const and = (a: Operand, b: Operand): Node => mul(truth(a), truth(b));
/** 1 where either is true. */
export const or = (a: Operand, b: Operand): Node => where(a, 1, truth(b));
/** 1 where x is 0, else 0. */
export const not = (x: Operand): Node => where(x, 0, 1);
/** 1 where just one of two is true. */
export const xor = (a: Operand, b: Operand): Node => where(a, not(b), truth(b));
/** 1 where x is neither infinite nor NaN. GPUs may not tell: check for NaN on the host. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the op is named after the function.
export const isFinite = (x: Operand): Node => elementwise('isFinite', x);
/** 1 where x is NaN. GPUs may not tell: check for NaN on the host. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the op is named after the function.
export const isNaN = (x: Operand): Node => elementwise('isNaN', x);
