// jax-js on one of its backends, whole steps under jit. An array that is used twice says `ref` at
// all uses but the last: that is how the library frees memory. It must run in Node and in pages.
import {
  blockUntilReady,
  defaultDevice,
  grad,
  init,
  jit,
  nn,
  numpy as np,
  tree,
} from '@jax-js/jax';
import packages from '../../package.json' with { type: 'json' };
import { type Contender, costsOf, type Runner } from './contender.ts';
import {
  ADAM,
  ALPHA,
  BOTH,
  CHECKED,
  type LaidOut,
  type Layout,
  type Matrix,
  type NetWork,
  type ProductWork,
} from './works.ts';

type Layers = { W: np.Array; b: np.Array }[];
/** What learns, and of Adam its averages and their corrections 1 - beta^t. */
type State = { params: Layers; m: Layers; v: Layers; cm: np.Array; cv: np.Array };

const arrayOf = ({ data, shape }: Matrix) => np.array(data, { shape });

function costOf({ layers, hidden }: NetWork, layout: Layout) {
  const activation = hidden === 'tanh' ? np.tanh : nn.relu;
  return (params: Layers, X: np.Array, Y: np.Array) => {
    const last = params.reduce((A, { W, b }, i) => {
      const z = (layout === 'rows' ? np.matmul(A, W) : np.matmul(W, A)).add(b);
      return i === params.length - 1 ? z : activation(z);
    }, X);
    const Z = layout === 'rows' ? last : np.transpose(last);
    return layers.at(-1) === 1
      ? np.mean(nn.softplus(Z.ref).sub(Y.mul(Z)))
      : np.mean(np.sum(Y.mul(nn.logSoftmax(Z)), -1)).neg();
  };
}

/** `f` of every array of `first` with those in its place in `others`. */
const zip = (f: (...arrays: np.Array[]) => np.Array, first: Layers, ...others: Layers[]): Layers =>
  first.map(({ W, b }, i) => ({
    W: f(W, ...others.map((layers) => layers[i]!.W)),
    b: f(b, ...others.map((layers) => layers[i]!.b)),
  }));

const descend = (params: Layers, gradients: Layers): Layers =>
  zip((w, g) => w.sub(g.mul(ALPHA)), params, gradients);

/** Algorithm 1 of Kingma and Ba. */
function adam({ params, m, v, cm, cv }: State, gradients: Layers): State {
  const { rate, beta1, beta2, epsilon } = ADAM;
  const next = {
    m: zip((m, g) => m.mul(beta1).add(g.mul(1 - beta1)), m, tree.ref(gradients)),
    v: zip((v, g) => v.mul(beta2).add(np.square(g).mul(1 - beta2)), v, gradients),
    cm: cm.mul(beta1).add(1 - beta1),
    cv: cv.mul(beta2).add(1 - beta2),
  };
  const moved = (w: np.Array, m: np.Array, v: np.Array) => {
    const size = np.sqrt(v.div(next.cv.ref)).add(epsilon);
    return w.sub(m.div(next.cm.ref).div(size).mul(rate));
  };
  return { ...next, params: zip(moved, params, tree.ref(next.m), tree.ref(next.v)) };
}

const zerosLike = (params: Layers): Layers => zip((w) => np.zeros(w.shape), params);

async function startNet(work: NetWork, data: LaidOut): Promise<Runner> {
  const X = arrayOf(data.X);
  const Y = arrayOf(data.Y);
  const params: Layers = data.layers.map(({ W, b }) => ({ W: arrayOf(W), b: np.zeros(b) }));
  const isAdam = work.optimizer === 'adam';
  const zeros = () => (isAdam ? zerosLike(params) : []);
  let state: State = { params, m: zeros(), v: zeros(), cm: np.zeros([]), cv: np.zeros([]) };
  const f = costOf(work, data.layout);
  const cost = jit(f);
  const step = jit((old: State, X: np.Array, Y: np.Array): State => {
    const gradients = grad(f)(tree.ref(old.params), X, Y) as Layers;
    if (isAdam) return adam(old, gradients);
    return { ...old, params: descend(old.params, gradients) };
  });
  const turns = async (n: number) => {
    for (let i = 0; i < n; i++) state = step(state, X.ref, Y.ref) as State;
    await blockUntilReady(state.params);
  };
  const read = async () => (await cost(tree.ref(state.params), X.ref, Y.ref).data())[0]!;
  return {
    check: () => costsOf(CHECKED, read, () => turns(1)),
    turns,
    cost: read,
    close: () => {
      tree.dispose([state, X, Y]);
      cost.dispose();
      step.dispose();
    },
  };
}

async function startProduct(work: ProductWork): Promise<Runner> {
  const { transposed, places } = work;
  const [A, B] = [arrayOf(work.A), arrayOf(work.B)];
  const multiply = jit((A: np.Array, B: np.Array) =>
    np.matmul(
      transposed === 'left' ? np.transpose(A) : A,
      transposed === 'right' ? np.transpose(B) : B,
    ),
  );
  const once = () => multiply(A.ref, B.ref);
  return {
    check: async () => {
      const C = await once().data();
      return places.map((i) => C[i]!);
    },
    turns: async (n) => {
      // One by one: a product that is let go before it is computed is never computed.
      for (let i = 0; i < n; i++) (await once().blockUntilReady()).dispose();
    },
    close: () => {
      tree.dispose([A, B]);
      multiply.dispose();
    },
  };
}

/** jax-js, ready on its backend `device`. */
export async function jax(device: 'wasm' | 'webgl' | 'webgpu'): Promise<Contender> {
  if (!(await init(device)).includes(device)) throw new Error(`${device} does not start`);
  defaultDevice(device);
  return {
    name: `jax-js ${device}`,
    version: packages.devDependencies['@jax-js/jax'],
    layouts: BOTH,
    net: startNet,
    product: startProduct,
  };
}
