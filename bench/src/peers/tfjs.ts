// TensorFlow.js on a backend that is registered: cpu and webgl always are. It must run in Node and
// in pages alike.
import * as tf from '@tensorflow/tfjs';
import { type Contender, costsOf } from './contender.ts';
import {
  ADAM,
  ALPHA,
  BOTH,
  CHECKED,
  type LaidOut,
  type NetWork,
  type ProductWork,
} from './works.ts';

function optimizerOf({ optimizer }: NetWork): tf.Optimizer {
  if (optimizer === 'sgd') return tf.train.sgd(ALPHA);
  return tf.train.adam(ADAM.rate, ADAM.beta1, ADAM.beta2, ADAM.epsilon);
}

/** Waits as costs the backend least; for WebGPU one can wait asynchronously only. */
const numbersOf = async (tensor: tf.Tensor) =>
  tf.getBackend() === 'webgpu' ? tensor.data() : tensor.dataSync();

function startNet(work: NetWork, data: LaidOut) {
  const { layout } = data;
  const before = tf.memory().numBytes;
  const X = tf.tensor2d(data.X.data, data.X.shape);
  const Y = tf.tensor2d(data.Y.data, data.Y.shape);
  // Tidied, so that the tensors of the first values go once the variables have others.
  const variable = (value: () => tf.Tensor2D) => tf.tidy(() => tf.variable(value()));
  const W = data.layers.map(({ W }) => variable(() => tf.tensor2d(W.data, W.shape)));
  const b = data.layers.map(({ b }) => variable(() => tf.zeros(b)));
  const cost = () => {
    const last = W.reduce<tf.Tensor>((A, w, i) => {
      const z = tf.add(layout === 'rows' ? tf.matMul(A, w) : tf.matMul(w, A), b[i]!);
      return i === W.length - 1 ? z : work.hidden === 'tanh' ? tf.tanh(z) : tf.relu(z);
    }, X);
    const Z = layout === 'rows' ? last : tf.transpose(last);
    return data.classes === 1
      ? tf.losses.sigmoidCrossEntropy(Y, Z)
      : tf.losses.softmaxCrossEntropy(Y, Z);
  };
  const optimizer = optimizerOf(work);
  const variables = [...W, ...b] as tf.Variable[];
  const step = () => {
    optimizer.minimize(cost as () => tf.Scalar, false, variables);
  };
  return {
    cost: async () => {
      const value = tf.tidy(cost);
      const [number] = await numbersOf(value);
      value.dispose();
      return number!;
    },
    step,
    wait: () => numbersOf(b[0]!),
    memory: async () => {
      const held = tf.memory().numBytes - before;
      const { peakBytes } = await tf.profile(() => {
        step();
        return [];
      });
      return { held, peak: peakBytes - before };
    },
    close: () => {
      optimizer.dispose();
      tf.dispose([X, Y, ...variables]);
    },
  };
}

function startProduct({ transposed, A, B }: ProductWork) {
  const left = tf.tensor2d(A.data, A.shape);
  const right = tf.tensor2d(B.data, B.shape);
  const multiply = () => tf.matMul(left, right, transposed === 'left', transposed === 'right');
  return {
    read: () => tf.tidy(() => multiply().dataSync()),
    multiply: () => multiply().dispose(),
    close: () => tf.dispose([left, right]),
  };
}

/** TensorFlow.js on its backend `backend`. */
export async function tensorflow(
  backend: 'cpu' | 'wasm' | 'webgl' | 'webgpu',
): Promise<Contender> {
  // Otherwise it prints that its native package would be faster; numbers are the same.
  tf.enableProdMode();
  // The backend is a global of the library, and contenders take turns.
  const use = async () => {
    if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} does not start`);
  };
  await use();
  return {
    name: `TensorFlow.js ${backend}`,
    version: tf.version.tfjs,
    layouts: BOTH,
    net: async (work, data) => {
      await use();
      const { cost, step, wait, memory, close } = startNet(work, data);
      const check = async () => {
        await use();
        return costsOf(CHECKED, cost, step);
      };
      const turns = async (n: number) => {
        await use();
        for (let i = 0; i < n; i++) step();
        await wait();
      };
      return { check, turns, cost, memory, close };
    },
    product: async (work) => {
      await use();
      const { read, multiply, close } = startProduct(work);
      const check = async () => {
        await use();
        const C = read();
        return work.places.map((i) => C[i]!);
      };
      const turns = async (n: number) => {
        await use();
        for (let i = 0; i < n; i++) multiply();
      };
      return { check, turns, close };
    },
  };
}
