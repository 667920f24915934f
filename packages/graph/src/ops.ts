// The ops as functions. What an op means, and its derivative, stand in its row.
export type { Init } from './node.ts';
export * from './ops/activations.ts';
export * from './ops/arithmetic.ts';
export * from './ops/elementary.ts';
export * from './ops/gelu.ts';
export * from './ops/logic.ts';
export { broadcast, expand, expandTo, type Operand } from './ops/operand.ts';
export * from './ops/power.ts';
export { dropout, normal, type RandomOptions, uniform } from './ops/random.ts';
export * from './ops/reduce.ts';
export * from './ops/rounding.ts';
export * from './ops/structure.ts';
