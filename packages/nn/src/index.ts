// The public entry point of @chainrule/nn.
export * from './data/index.ts';
export {
  type EpochFigures,
  evaluate,
  type Figures,
  type FitOptions,
  fit,
  type Progress,
} from './fit.ts';
export { glorot, he, normal, xavier, zeros } from './initializers.ts';
export { type Activation, activationNames, type DenseOptions, dense } from './layers.ts';
export {
  accuracy,
  binaryCrossEntropy,
  meanSquaredError,
  softmaxCrossEntropy,
} from './losses.ts';
export {
  type AdamOptions,
  adam,
  type MomentumOptions,
  momentum,
  type Optimizer,
  type RmspropOptions,
  rmsprop,
  sgd,
} from './optimizers.ts';
export { type TrainOptions, train } from './train.ts';
