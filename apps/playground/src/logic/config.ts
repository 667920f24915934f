// Everything that a user can choose, as plain data, with its limits. Whoever reads an untrusted
// value goes through `sanitize`. Pure.
import { DEVICES } from '@chainrule/compiler';
import { type DatasetName, datasetNames } from './datasets.ts';
import { type FeatureName, featureNames } from './features.ts';

export const activations = {
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  relu: 'ReLU',
  leakyRelu: 'leaky ReLU',
  linear: 'linear',
} as const;
export type ActivationName = keyof typeof activations;

export const optimizers = {
  sgd: 'gradient descent',
  momentum: 'momentum',
  rmsprop: 'RMSprop',
  adam: 'Adam',
} as const;
export type OptimizerName = keyof typeof optimizers;

export const initializers = {
  auto: 'automatic',
  he: 'He',
  xavier: 'Xavier',
  small: 'small, normal · 0.01',
  zeros: 'zeros',
} as const;
export type InitName = keyof typeof initializers;

/** Steps per drawn frame; `full` takes as many as fit into a frame. */
export const speeds = { slow: 1, normal: 10, full: Number.POSITIVE_INFINITY } as const;
export type Speed = keyof typeof speeds;

export const rates = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 1.2, 3] as const;
/** Where to begin with an optimizer: one that divides by the gradient's size moves by the rate. */
export const firstRates: Readonly<Record<OptimizerName, (typeof rates)[number]>> = {
  sgd: 0.1,
  momentum: 0.1,
  rmsprop: 0.01,
  adam: 0.01,
};
/** Examples in a step; 0 stands for all of them. */
export const batches = [0, 1, 5, 10, 20, 50, 100] as const;
export const seeds = { min: 1, max: 9999, step: 1 } as const;
export const noises = { min: 0, max: 1, step: 0.05 } as const;
export const testParts = { min: 0.1, max: 0.8, step: 0.1 } as const;
export const counts = { min: 50, max: 1000, step: 50 } as const;
export const MAX_LAYERS = 4;
export const MAX_UNITS = 8;

/** Devices that a page can be asked to use; headlessgl is Node's, and gpu is one of the others. */
export const devices = DEVICES.filter((kind) => kind !== 'headlessgl' && kind !== 'gpu');
export type DeviceName = (typeof devices)[number];

/** One experiment. */
export interface Config {
  readonly data: DatasetName;
  readonly count: number;
  readonly noise: number;
  /** The part of the points that is held back for testing. */
  readonly test: number;
  readonly features: readonly FeatureName[];
  /** Units of each hidden layer; none is logistic regression. */
  readonly hidden: readonly number[];
  readonly activation: ActivationName;
  readonly init: InitName;
  readonly seed: number;
  readonly optimizer: OptimizerName;
  readonly rate: number;
  readonly batch: number;
  readonly speed: Speed;
  readonly device: DeviceName;
}

export const defaults: Config = {
  data: 'circles',
  count: 400,
  noise: 0.2,
  test: 0.3,
  features: ['x1', 'x2'],
  hidden: [4, 3],
  activation: 'tanh',
  init: 'auto',
  seed: 1,
  optimizer: 'sgd',
  rate: 0.1,
  batch: 20,
  speed: 'normal',
  device: 'auto',
};

interface Range {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

const oneOf = <T>(list: readonly T[], value: unknown, fallback: T): T =>
  list.includes(value as T) ? (value as T) : fallback;

/** The nearest value of a range; the fallback for what is no number. */
function inRange({ min, max, step }: Range, value: unknown, fallback: number): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return fallback;
  const snapped = min + Math.round((value - min) / step) * step;
  // Two digits undo what binary fractions add: 0.1 + 4 * 0.05.
  return Number(Math.min(max, Math.max(min, snapped)).toFixed(2));
}

function layers(value: unknown): readonly number[] {
  if (!Array.isArray(value)) return defaults.hidden;
  return value
    .slice(0, MAX_LAYERS)
    .map((units) => inRange({ min: 1, max: MAX_UNITS, step: 1 }, units, 1));
}

function chosenFeatures(value: unknown): readonly FeatureName[] {
  if (!Array.isArray(value)) return defaults.features;
  const chosen = featureNames.filter((name) => value.includes(name));
  return chosen.length > 0 ? chosen : defaults.features;
}

/** A valid experiment made of values of any origin: what does not fit is clamped or replaced. */
export const sanitize = (raw: Readonly<Partial<Record<keyof Config, unknown>>>): Config => ({
  data: oneOf(datasetNames, raw.data, defaults.data),
  count: inRange(counts, raw.count, defaults.count),
  noise: inRange(noises, raw.noise, defaults.noise),
  test: inRange(testParts, raw.test, defaults.test),
  features: chosenFeatures(raw.features),
  hidden: layers(raw.hidden),
  activation: oneOf(keys(activations), raw.activation, defaults.activation),
  init: oneOf(keys(initializers), raw.init, defaults.init),
  seed: inRange(seeds, raw.seed, defaults.seed),
  optimizer: oneOf(keys(optimizers), raw.optimizer, defaults.optimizer),
  rate: oneOf<number>(rates, raw.rate, defaults.rate),
  batch: oneOf<number>(batches, raw.batch, defaults.batch),
  speed: oneOf(keys(speeds), raw.speed, defaults.speed),
  device: oneOf(devices, raw.device, defaults.device),
});

export const keys = <K extends string>(table: Readonly<Record<K, unknown>>): readonly K[] =>
  Object.keys(table) as K[];
