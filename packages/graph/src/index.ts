// The public entry point of @chainrule/graph.

export { bind } from './bind.ts';
export { hessian, hvp, jacobian, jvp } from './derivatives.ts';
export { type Derivation, derive } from './derive.ts';
export { costOf, type ElementwiseRow, rowOf } from './elementwise.ts';
export * from './equations.ts';
export * from './errors.ts';
export {
  type Data,
  type Flat,
  flatten,
  type Sizes,
  type Slot,
  solveSizes,
  type TensorLike,
} from './feed.ts';
export { grad, inputsOf, paramsOf, valueAndGrad, vjp } from './grad.ts';
export * from './gradcheck.ts';
export {
  bindShape,
  interpret,
  interpretAll,
  sizeOf,
  slotOf,
  type Tensor64,
  type Values,
} from './interpret.ts';
export { fromJSON, type Graph, type GraphJSON, type NodeJSON, toJSON } from './json/json.ts';
export { constant, type InputOptions, input, type ParamOptions, param, size } from './leaves.ts';
export type { Machine } from './machine.ts';
export {
  type AnyShape,
  type AttrOf,
  type Dim,
  type Init,
  isLeaf,
  isNode,
  type Node,
  type NodeOf,
  named,
  nameOf,
  type OpName,
  type Order,
  reachable,
  type Shape,
} from './node.ts';
export * from './ops/activations.ts';
export * from './ops/arithmetic.ts';
export * from './ops/einsum.ts';
export * from './ops/elementary.ts';
export * from './ops/gelu.ts';
export * from './ops/logic.ts';
export * from './ops/matrix.ts';
export { expand, type Operand } from './ops/operand.ts';
export * from './ops/power.ts';
export { dropout, hash, normal, type RandomOptions, uniform } from './ops/random.ts';
export {
  type Axis,
  logSoftmax,
  logsumexp,
  maxOver,
  mean,
  type ReduceOptions,
  type Reducer,
  softmax,
  sum,
} from './ops/reduce.ts';
export * from './ops/rounding.ts';
export * from './ops/statistics.ts';
export * from './ops/structure.ts';
export {
  concat,
  expandDims,
  flip,
  iota,
  pad,
  type Range,
  ravel,
  reshape,
  slice,
  stack,
} from './ops/views.ts';
export type { Inside, Positions } from './positions.ts';
export { toDot } from './print/dot.ts';
export { print } from './print/print.ts';
export { tex, texOfName, texWithShapes } from './print/tex.ts';
export { createRandom, type Random } from './random.ts';
export { type DerivationStep, derivation } from './reading/derivation.ts';
export { type Step, simplify, simplifyAll } from './rewrite/rewrite.ts';
export * from './shapes.ts';
export { type Fold, structureOf, type ViewRow } from './structural.ts';
export { type Elementwise, type ElementwiseOptions, elementwise } from './text/elementwise.ts';
export { type Bindings, type Formula, math } from './text/math.ts';
