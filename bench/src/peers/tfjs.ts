// TensorFlow.js on its cpu or its wasm backend, which has one thread in Node.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { type Contender, costsOf } from './contender.ts';
import { ALPHA, CHECKED, type Layout, laidOut, type NetWork, type ProductWork } from './works.ts';

function startNet(work: NetWork, layout: Layout) {
  const data = laidOut(work, layout);
  const X = tf.tensor2d(data.X.data, data.X.shape);
  const Y = tf.tensor2d(data.Y.data, data.Y.shape);
  const W = data.layers.map(({ W }) => tf.variable(tf.tensor2d(W.data, W.shape)));
  const b = data.layers.map(({ b }) => tf.variable(tf.zeros(b)));
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
  const optimizer = tf.train.sgd(ALPHA);
  const variables = [...W, ...b] as tf.Variable[];
  return {
    cost: () => tf.tidy(() => cost().dataSync()[0]!),
    step: () => {
      optimizer.minimize(cost as () => tf.Scalar, false, variables);
    },
    wait: () => b[0]!.dataSync(),
    close: () => tf.dispose([X, Y, ...variables]),
  };
}

function startProduct({ size, transposed, A, B }: ProductWork) {
  const [left, right] = [A, B].map((data) => tf.tensor2d(data, [size, size])) as [
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const multiply = () => tf.matMul(left, right, transposed);
  return {
    read: () => tf.tidy(() => multiply().dataSync()),
    multiply: () => multiply().dispose(),
    close: () => tf.dispose([left, right]),
  };
}

/** TensorFlow.js on its backend `backend`. */
export async function tensorflow(backend: 'cpu' | 'wasm'): Promise<Contender> {
  // Otherwise it prints that its native package would be faster; numbers are the same.
  tf.enableProdMode();
  const { resolve } = createRequire(import.meta.url);
  setWasmPaths(`${dirname(resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  // The backend is a global of the library, and contenders take turns.
  const use = async () => {
    if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} does not start`);
  };
  await use();
  return {
    name: `TensorFlow.js ${backend}`,
    version: tf.version.tfjs,
    layouts: ['rows', 'columns'],
    net: async (work, layout) => {
      await use();
      const { cost, step, wait, close } = startNet(work, layout);
      const check = async () => {
        await use();
        return costsOf(CHECKED, cost, step);
      };
      const turns = async (n: number) => {
        await use();
        for (let i = 0; i < n; i++) step();
        wait();
      };
      return { check, turns, close };
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
