// jax-js on its wasm backend, whole steps under jit. An array that is used twice says `ref` at all
// uses but the last: that is how the library frees memory.
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
import { ALPHA, CHECKED, type Layout, laidOut, type NetWork, type ProductWork } from './works.ts';

type Layers = { W: np.Array; b: np.Array }[];

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

async function startNet(work: NetWork, layout: Layout): Promise<Runner> {
  const data = laidOut(work, layout);
  const X = np.array(data.X.data, { shape: data.X.shape });
  const Y = np.array(data.Y.data, { shape: data.Y.shape });
  let params: Layers = data.layers.map(({ W, b }) => ({
    W: np.array(W.data, { shape: W.shape }),
    b: np.zeros(b),
  }));
  const f = costOf(work, layout);
  const cost = jit(f);
  const step = jit((old: Layers, X: np.Array, Y: np.Array): Layers => {
    const gradients = grad(f)(tree.ref(old), X, Y) as Layers;
    return old.map(({ W, b }, i) => ({
      W: W.sub(gradients[i]!.W.mul(ALPHA)),
      b: b.sub(gradients[i]!.b.mul(ALPHA)),
    }));
  });
  const turns = async (n: number) => {
    for (let i = 0; i < n; i++) params = step(params, X.ref, Y.ref) as Layers;
    await blockUntilReady(params);
  };
  const read = async () => (await cost(tree.ref(params), X.ref, Y.ref).data())[0]!;
  return {
    check: () => costsOf(CHECKED, read, () => turns(1)),
    turns,
    close: () => {
      tree.dispose([params, X, Y]);
      cost.dispose();
      step.dispose();
    },
  };
}

async function startProduct(work: ProductWork): Promise<Runner> {
  const { size, transposed, places } = work;
  const [A, B] = [work.A, work.B].map((data) => np.array(data, { shape: [size, size] }));
  const multiply = jit((A: np.Array, B: np.Array) =>
    np.matmul(transposed ? np.transpose(A) : A, B),
  );
  const once = () => multiply(A!.ref, B!.ref);
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

/** jax-js, ready on its wasm backend. */
export async function jax(): Promise<Contender> {
  await init('wasm');
  defaultDevice('wasm');
  return {
    name: 'jax-js wasm',
    version: packages.devDependencies['@jax-js/jax'],
    layouts: ['rows', 'columns'],
    net: startNet,
    product: startProduct,
  };
}
