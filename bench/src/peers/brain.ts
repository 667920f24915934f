// brain.js, which trains example by example in plain JavaScript, one activation in all layers and
// half the squared error: it takes part where the work is just that.
import packages from '../../package.json' with { type: 'json' };
import { column } from './chainrule.ts';
import { type Absent, type Contender, messageOf, type Runner } from './contender.ts';
import { ALPHA, CHECKED, type PassWork } from './works.ts';

const NAME = 'brain.js';

const load = () => import('brain.js');

function start({ NeuralNetwork }: Awaited<ReturnType<typeof load>>, work: PassWork): Runner {
  const { layers, m, weights } = work;
  // It takes no momentum of 0.
  const options = { activation: 'sigmoid', learningRate: ALPHA, momentum: 1e-30 };
  const net = new NeuralNetwork<number[], number[]>({
    inputSize: layers[0]!,
    hiddenLayers: layers.slice(1, -1),
    outputSize: layers.at(-1)!,
    ...options,
  });
  net.initialize();
  for (const [l, W] of weights.entries()) {
    const n = layers[l]!;
    const units = layers[l + 1]!;
    net.weights[l + 1] = Array.from({ length: units }, (_, i) => W.slice(i * n, (i + 1) * n));
    net.biases[l + 1] = new Float32Array(units);
  }
  const examples = Array.from({ length: m }, (_, i) => ({
    input: [...column(work.X, m, i)],
    output: [...column(work.Y, m, i)],
  }));
  // It stops when the error is below a threshold, and says the error of the last pass.
  const train = (iterations: number) =>
    net.train(examples, { iterations, errorThresh: 1e-30, ...options });
  return {
    // Its error is a mean of squares over the outputs.
    check: async () =>
      Array.from({ length: CHECKED }, () => (train(1).error * layers.at(-1)!) / 2),
    turns: async (n) => {
      train(n);
    },
    close: () => {},
  };
}

/** brain.js, or why it cannot be had. */
export async function brain(): Promise<Contender | Absent> {
  try {
    const library = await load();
    const version = packages.devDependencies[NAME];
    return { name: NAME, version, layouts: [], pass: async (work) => start(library, work) };
  } catch (error) {
    return { name: NAME, reason: messageOf(error) };
  }
}
