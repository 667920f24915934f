// The training loop: epochs of shuffled mini-batches, measured, watched and stopped by a callback.
import type { Feeds, Held, Session } from '@chainrule/compiler';
import { ChainruleError, createRandom, type Node } from '@chainrule/graph';
import { DataError } from './data/errors.ts';
import { type Examples, gather, sliceExamples } from './data/examples.ts';
import { permutation } from './data/permutation.ts';
import type { Dataset } from './data/split.ts';

/** Figures by name, such as `{ loss: 0.21, accuracy: 0.94 }`. */
export type Figures = Readonly<Record<string, number>>;

/** What callbacks learn. */
export interface Progress {
  /** From 1. */
  readonly epoch: number;
  /** Batches done in this epoch, and in an epoch. */
  readonly batch: number;
  readonly batches: number;
  /** Steps done in all, and to do. */
  readonly step: number;
  readonly steps: number;
}

/** What `onEpoch` learns, and what `fit` returns for every epoch. */
export interface EpochFigures {
  readonly epoch: number;
  /** The metrics over all training examples, after the epoch. */
  readonly train: Figures;
  /** The same over the validation data, if any were given. */
  readonly validation?: Figures;
}

/** Options of `fit`. */
export interface FitOptions {
  readonly epochs: number;
  /** Examples in a step; all of them unless given. The last batch of an epoch may be smaller. */
  readonly batchSize?: number;
  /** Seed of the order of examples; 1 unless given. `false` keeps the order. */
  readonly seed?: number | false;
  /** Scalars to measure after each epoch, such as `{ loss: J, accuracy: accuracy(A, Y) }`. */
  readonly metrics?: Readonly<Record<string, Node>>;
  /** Data to measure the metrics on as well. */
  readonly validation?: Dataset;
  /** Feeds that are not one per example, such as a learning rate: `({ step }) => ({ alpha })`. */
  readonly feeds?: (progress: Progress) => Feeds;
  /** Called after every step. `return false` ends the training. */
  readonly onBatch?: (progress: Progress, batch: Dataset) => unknown;
  /** Called after every epoch. `return false` ends the training. */
  readonly onEpoch?: (figures: EpochFigures) => unknown;
}

/** Examples that are measured at once: bounds the memory of activations. */
const MEASURE_AT_ONCE = 1000;

/**
 * Trains a session on data, by input name: `fit(run, { X, Y }, { epochs: 10, batchSize: 64 })`.
 * Data that are one batch are copied when it begins, and stay on the device until it ends.
 * @returns the figures of every epoch
 * @throws DataError if the data differ in their number of examples; ChainruleError if a metric is
 *   no longer finite, naming it and the epoch
 */
export async function fit(
  run: Session,
  data: Dataset,
  options: FitOptions,
): Promise<EpochFigures[]> {
  const { epochs, metrics, validation } = options;
  const count = countOf(data);
  const batchSize = options.batchSize ?? count;
  checkCount('epochs', epochs);
  checkCount('batchSize', batchSize);
  checkFinite(data);
  const batches = Math.ceil(count / batchSize);
  const random = options.seed === false ? undefined : createRandom(options.seed ?? 1);
  const buffers = new Map<string, Float32Array>();
  const history: EpochFigures[] = [];
  // What is one batch is the same in every epoch.
  const whole = batches === 1 && epochs > 1 ? run.hold(data) : undefined;
  const rest = createRest();
  let step = 0;
  try {
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const order = random && batchSize < count ? permutation(count, random) : undefined;
      for (let batch = 1; batch <= batches; batch++) {
        const part = takeBatch(
          data,
          order,
          (batch - 1) * batchSize,
          Math.min(batch * batchSize, count),
          buffers,
        );
        const progress = { epoch, batch, batches, step: ++step, steps: epochs * batches };
        await run.steps(1, { ...(whole ?? part), ...options.feeds?.(progress) });
        await rest();
        if ((await options.onBatch?.(progress, part)) === false) return history;
      }
      const figures = await epochFigures(run, epoch, data, whole, metrics, validation);
      history.push(figures);
      if ((await options.onEpoch?.(figures)) === false) return history;
    }
    return history;
  } finally {
    if (whole) run.release(whole);
  }
}

/** Milliseconds of work after which others get their turn: one frame of a page. */
const FRAME = 16;

/** Lets events of the page or process through, once a frame. */
function createRest(): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < FRAME) return undefined;
    return new Promise<void>((resolve) => setTimeout(resolve)).then(() => {
      last = performance.now();
    });
  };
}

type HeldByName = Readonly<Record<string, Held>>;

async function epochFigures(
  run: Session,
  epoch: number,
  data: Dataset,
  whole: HeldByName | undefined,
  metrics: FitOptions['metrics'],
  validation: Dataset | undefined,
): Promise<EpochFigures> {
  if (!metrics) return { epoch, train: {} };
  const train = await measure(run, metrics, data, whole);
  for (const [name, value] of Object.entries(train)) {
    if (Number.isFinite(value)) continue;
    throw new ChainruleError(
      `fit: ${name} is ${value} after epoch ${epoch}: the training diverged.`,
      `use a smaller learning rate.`,
    );
  }
  return {
    epoch,
    train,
    ...(validation && { validation: await evaluate(run, metrics, validation) }),
  };
}

/**
 * Means of scalars over data, measured in parts so that memory stays bounded.
 * @param metrics scalars that are means over examples, such as a cost or an accuracy
 */
export function evaluate(
  run: Session,
  metrics: Readonly<Record<string, Node>>,
  data: Dataset,
): Promise<Record<string, number>> {
  return measure(run, metrics, data);
}

/** @param whole all data, if they are held: fed where they are measured at once */
async function measure(
  run: Session,
  metrics: Readonly<Record<string, Node>>,
  data: Dataset,
  whole?: HeldByName,
): Promise<Record<string, number>> {
  const count = countOf(data);
  const totals: Record<string, number> = {};
  for (let start = 0; start < count; start += MEASURE_AT_ONCE) {
    const end = Math.min(start + MEASURE_AT_ONCE, count);
    const part = whole && end - start === count ? whole : slice(data, start, end);
    const values = await run.run(metrics, part);
    for (const [name, tensor] of Object.entries(values)) {
      if (tensor.shape.length > 0) {
        throw new ChainruleError(
          `the metric ${name} is [${tensor.shape.join(', ')}], not a number.`,
          `take its mean.`,
        );
      }
      totals[name] = (totals[name] ?? 0) + (tensor.data[0]! * (end - start)) / count;
    }
  }
  return totals;
}

function countOf(data: Dataset): number {
  const [first, ...rest] = Object.entries(data);
  if (!first) throw new DataError('there are no data.', 'pass e.g. { X, Y }.');
  for (const [name, examples] of Object.entries(data)) {
    if (examples?.shape?.length === 2 && examples.data instanceof Float32Array) continue;
    throw new DataError(
      `${name} is no set of examples.`,
      'wrap its data: examples(size, numbers), all values of the first example, then the next.',
    );
  }
  const count = first[1].shape[1];
  for (const [name, examples] of rest) {
    if (examples.shape[1] === count) continue;
    throw new DataError(
      `${first[0]} has ${count} examples and ${name} has ${examples.shape[1]}.`,
      'pass the same examples for every input.',
    );
  }
  return count;
}

/** Looks at all data before the first step: a NaN in the last batch would come late. */
function checkFinite(data: Dataset): void {
  for (const [name, { data: values, shape }] of Object.entries(data)) {
    const [size] = shape;
    // A loop: `findIndex` takes ten times as long, a second for MNIST.
    let index = 0;
    while (index < values.length && Number.isFinite(values[index])) index++;
    if (index === values.length) continue;
    const where = `value ${index % size} of example ${Math.floor(index / size)}`;
    throw new DataError(
      `${name} holds ${values[index]}: ${where}.`,
      `clean the data of ${name}: leave that example out, or fill the value in.`,
    );
  }
}

function checkCount(name: string, value: number): void {
  if (Number.isInteger(value) && value > 0) return;
  throw new ChainruleError(`fit: ${name} is ${value}.`, `give a positive whole number.`);
}

const slice = (data: Dataset, start: number, end: number): Dataset =>
  Object.fromEntries(
    Object.entries(data).map(([name, x]) => [name, sliceExamples(x, start, end)]),
  );

/** A batch: a view where the order is kept, else gathered into one array, used again. */
function takeBatch(
  data: Dataset,
  order: Uint32Array | undefined,
  start: number,
  end: number,
  buffers: Map<string, Float32Array>,
): Dataset {
  if (!order) return slice(data, start, end);
  const indices = order.subarray(start, end);
  const take = (name: string, from: Examples): Examples => {
    const out = buffers.get(name) ?? new Float32Array(from.shape[0] * (end - start));
    buffers.set(name, out);
    return gather(from, indices, out);
  };
  return Object.fromEntries(Object.entries(data).map(([name, x]) => [name, take(name, x)]));
}
