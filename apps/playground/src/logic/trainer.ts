// A model in training: its session, its data, and how far it has come. It knows no DOM; time is
// handed in.
import { compile, type DeviceChoice, type Session, type Tensor } from '@chainrule/compiler';
import { type Config, type DeviceName, rates } from './config.ts';
import { batchSize, createBatches, type Data, type Feeds } from './examples.ts';
import { centred, gridFeatures, scaled } from './grid.ts';
import type { Model } from './model.ts';

export interface Figures {
  readonly loss: number;
  readonly accuracy: number;
}

export interface Progress {
  readonly step: number;
  readonly epoch: number;
}

/** What the net does with the plane, and its parameters. */
export interface View {
  /** Layer, unit, point of the grid: the response, scaled to -1 ... 1. */
  readonly maps: readonly (readonly Float32Array[])[];
  readonly params: Readonly<Record<string, Tensor>>;
}

/** What outlives a new device or batch size. */
export interface Carry {
  readonly state: Readonly<Record<string, Tensor>>;
  readonly progress: Progress;
}

export interface Trainer {
  readonly session: Session;
  /** Why the device that was asked for is not the one that runs. */
  readonly notice: string | undefined;
  readonly progress: Progress;
  /** Steps until `steps` are done or `now()` is past the deadline, whatever is first. */
  train(limits: Limits): Promise<void>;
  figures(): Promise<{ train: Figures; test: Figures }>;
  view(): Promise<View>;
  /** dJ/dparameter over all training examples. */
  gradients(): Promise<Record<string, Tensor>>;
  carry(): Promise<Carry>;
  dispose(): void;
}

export interface Limits {
  readonly steps: number;
  readonly rate: number;
  readonly deadline: number;
  readonly now: () => number;
}

type Choices = Pick<Config, 'device' | 'seed' | 'batch' | 'features' | 'activation'>;

/** Compiles a model for its device and data, or for another device with a notice that says why. */
export async function createTrainer(
  model: Model,
  data: Data,
  choices: Choices,
  carry?: Carry,
): Promise<Trainer> {
  const size = batchSize(choices.batch, data.train.count);
  const { session, notice } = await open(model, choices.device, choices.seed, size);
  if (carry) session.restore(carry.state);
  const batches = createBatches(data.train, size, choices.seed);
  let { step, epoch } = carry?.progress ?? { step: 0, epoch: 0 };
  const look = viewer(session, model, choices);
  return {
    session,
    notice,
    get progress() {
      return { step, epoch };
    },
    train: async ({ steps, rate, deadline, now }) => {
      for (let i = 0; i < steps && (i === 0 || now() < deadline); i++) {
        const { X, Y, epochEnds } = batches.next();
        await session.steps(1, { X, Y, alpha: rate });
        step++;
        if (epochEnds) epoch++;
      }
    },
    figures: async () => ({
      train: await figuresOf(session, model, data.train),
      test: await figuresOf(session, model, data.test),
    }),
    view: look,
    gradients: () => session.run(model.gradients, { X: data.train.X, Y: data.train.Y }),
    carry: async () => ({ state: await session.state(), progress: { step, epoch } }),
    dispose: () => session.dispose(),
  };
}

/** Does the device queue its steps, so that their time shows only when a result is read? */
export const queues = ({ kind }: DeviceChoice): boolean =>
  kind.startsWith('webg') || kind === 'headlessgl';

async function open(model: Model, device: DeviceName, seed: number, m: number) {
  const options = { sizes: { m }, seed };
  try {
    return { session: await compile(model.program, { ...options, device }), notice: undefined };
  } catch (error) {
    if (device === 'auto') throw error;
    const session = await compile(model.program, options);
    return { session, notice: (error as Error).message };
  }
}

async function figuresOf(session: Session, model: Model, { X, Y }: Feeds): Promise<Figures> {
  const { J, accuracy } = model;
  const found = await session.run({ loss: J, accuracy }, { X, Y });
  return { loss: found.loss.data[0]!, accuracy: found.accuracy.data[0]! };
}

function viewer(session: Session, { layers }: Model, { features, activation }: Choices) {
  const X = gridFeatures(features);
  const nodes = Object.fromEntries(layers.map(({ out }, l) => [`${l}`, out]));
  return async (): Promise<View> => {
    const values = await session.run(nodes, { X });
    const maps = layers.map(({ units }, l) => {
      const { data } = values[`${l}`]!;
      const points = data.length / units;
      const unit = (u: number) => data.subarray(u * points, (u + 1) * points);
      const probability = l === layers.length - 1 || activation === 'sigmoid';
      const show = probability ? centred : activation === 'tanh' ? keep : scaled;
      return Array.from({ length: units }, (_, u) => show(unit(u)));
    });
    return { maps, params: await session.state() };
  };
}

const keep = (values: Float32Array): Float32Array => values;

/** Is a loss one that training can go on from? */
export const sound = ({ loss }: Figures): boolean => Number.isFinite(loss);

/** The next smaller learning rate, to recommend. */
export const smallerRate = (rate: number): number =>
  [...rates].reverse().find((r) => r < rate / 2) ?? rates[0];
