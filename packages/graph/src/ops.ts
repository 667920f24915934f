// The ops as functions. What an op means, and its derivative, stand in its row.
export * from './ops/activations.ts';
export * from './ops/arithmetic.ts';
export * from './ops/einsum.ts';
export * from './ops/elementary.ts';
export * from './ops/gelu.ts';
export * from './ops/logic.ts';
export * from './ops/matrix.ts';
export { broadcast, expand, expandTo, type Operand, withoutExpand } from './ops/operand.ts';
export * from './ops/power.ts';
export { dropout, hash, normal, uniform } from './ops/random.ts';
export * from './ops/reduce.ts';
export * from './ops/rounding.ts';
export * from './ops/statistics.ts';
export * from './ops/structure.ts';
export * from './ops/views.ts';
