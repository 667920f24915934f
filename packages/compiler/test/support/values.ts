// One suite for every device: what the graph can say of structure, the compiled program computes.
import * as g from '@chainrule/graph';
import { createRandom, interpret, type Node, paramsOf } from '@chainrule/graph';
import { expect, test } from 'vitest';
import { compile, type DeviceRequest, type Tensor } from '../../src/index.ts';

const X = g.param(4, 'm', { name: 'X' });
const B = g.param(2, 4, 'm', { name: 'B' });
const W = g.param(3, 4, { name: 'W' });
const S = g.param(4, 4, { name: 'S' });
const v = g.param(6, { name: 'v' });
const labels = g.input('m', { name: 'labels' });

/** Nodes of every kind of view, reduction and product; the sizes of all but m are numbers. */
const nodes: Readonly<Record<string, Node>> = {
  'a view alone': g.transpose(X),
  'a copy': X,
  'a constant': g.add(g.mul(X, 0), 3),
  'X X^T': g.matmul(X, g.transpose(X)),
  'X^T X': g.matmul(g.transpose(X), X),
  'a product and its transpose added': g.add(
    g.matmul(X, g.transpose(X)),
    g.transpose(g.matmul(X, g.transpose(X))),
  ),
  'a batch of products': g.matmul(B, g.permute(B, [0, 2, 1])),
  'a batch broadcast over a matrix': g.matmul(W, B),
  'sum over all': g.sum(X),
  'sum over rows': g.sum(X, 0),
  'sum over columns, kept': g.sum(X, 1, { keepdims: true }),
  'sum over two of three': g.sum(B, [0, 2]),
  'mean of means': g.mean(g.mean(X, 0)),
  'max over rows': g.maxOver(X, 0),
  'min over columns': g.minOver(X, 1),
  'logsumexp over columns': g.logsumexp(X, 1),
  'logsumexp over all': g.logsumexp(X),
  'product over rows': g.prod(X, 0),
  'product over all': g.prod(g.add(1, g.mul(0.1, B))),
  'norm over rows': g.norm(X, 0),
  'norm over all': g.norm(X),
  'norm far out': g.norm(g.mul(1e30, X)),
  'norm of one number each': g.norm(g.sum(X, 0, { keepdims: true }), 0),
  'variance over rows': g.variance(X, 0),
  'standard deviation over columns, kept': g.std(X, 1, { keepdims: true }),
  'variance with one degree of freedom less': g.variance(S, 0, { ddof: 1 }),
  'any and all': g.sub(g.any(g.less(X, 0), 0), g.all(g.less(X, 1), 0)),
  'two reductions in one expression': g.mul(g.sum(X, 0), g.maxOver(X, 0)),
  'a reduction of a reduction': g.sum(g.exp(g.logsumexp(X, 0))),
  'centred and scaled': g.mul(g.sub(X, g.mean(X, 1, { keepdims: true })), 2),
  'an outer product': g.matmul(g.sum(X, 1, { keepdims: true }), g.sum(X, 0, { keepdims: true })),
  'a choice': g.where(g.less(X, 0.5), g.exp(X), g.tanh(X)),
  'permuted three dimensions': g.permute(g.mul(B, B), [2, 0, 1]),
  // A lowering uses its argument up to five times: what is not printed once is printed 5^10 times.
  'a chain of ten functions': Array.from({ length: 10 }).reduce<Node>((x) => g.tanh(x), X),
  // Their gradients compare with values that were stored: these have no float32 of their own.
  'clipped at what float32 does not have': g.clip(X, -0.7, 0.7),
  'the largest product': g.maxOver(g.mul(g.mul(X, X), 0.1)),
  'the largest products of rows': g.square(g.maxOver(g.mul(g.exp(X), g.sin(X)), 1)),
  'the larger of two products': g.exp(g.square(g.max(g.mul(X, 0.3), g.mul(g.square(X), 0.1)))),
  positions: g.add(X, g.iota(X.shape, 0)),
  reshaped: g.reshape(S, [2, 8]),
  'reshaped with a symbolic size': g.reshape(X, [2, 2, 'm']),
  'reshaped and transposed': g.transpose(g.reshape(g.exp(S), [8, 2])),
  'raveled and summed in threes': g.sum(g.reshape(W, [4, 3]), 1),
  'reshaped and reversed': g.flip(g.reshape(W, [2, 6])),
  'reversed, reshaped and reversed along one': g.flip(g.reshape(g.flip(W), [6, 2]), 0),
  'a reshaped product': g.reshape(g.matmul(W, S), [2, 6]),
  'a product of reshaped': g.matmul(g.reshape(v, [2, 3]), W),
  'a part': g.slice(X, [{ start: 1, stop: 3 }]),
  'every second row of a product': g.slice(g.matmul(W, X), [{ step: 2 }]),
  padded: g.pad(X, [[1, 2]]),
  'padded on both sides with ones': g.pad(
    g.exp(W),
    [
      [1, 0],
      [2, 1],
    ],
    1,
  ),
  'a sum of padded': g.sum(g.mul(g.pad(v, [[1, 1]]), g.pad(v, [[2, 0]]))),
  reversed: g.flip(X),
  'reversed columns of a product': g.flip(g.matmul(W, X), 1),
  'one after another': g.concat([W, S, g.exp(W)]),
  'side by side': g.stack([v, g.exp(v)], 1),
  'cumulative sums': g.cumsum(X, 1),
  'cumulative sums from the end': g.flip(g.cumsum(g.flip(v))),
  triangles: g.add(g.tril(S, -1), g.triu(g.exp(S), 1)),
  'a diagonal matrix': g.diag(v),
  'a diagonal': g.diag(S),
  'a trace': g.trace(g.matmul(S, S)),
  'an outer product of vectors': g.outer(v, g.exp(v)),
  'a dot product': g.dot(v, g.exp(v)),
  'one-hot labels': g.oneHot(labels, 4),
  'the largest positions': g.argmax(X, 0),
  'the smallest positions, kept': g.argmin(X, 1, { keepdims: true }),
  'einsum of a batch': g.einsum('bim,bjm->bij', B, B),
  'einsum over two letters': g.einsum('bim,im->b', B, X),
  'einsum of three': g.einsum('ij,jm,im->m', W, X, g.matmul(W, X)),
  'einsum of a diagonal': g.einsum('ii->i', S),
};

/** A number whose gradient reaches every element differently, and no rounding very much. */
const cost = (y: Node): Node => g.mean(g.softplus(y));

const data = (length: number, seed: number): Float32Array => {
  const random = createRandom(seed);
  return Float32Array.from({ length }, () => random.normal());
};

/** float32 rounding of sums of a few hundred terms, relative to the largest value. */
const TOLERANCE = 1e-5;

/** Data of every leaf, for m columns. */
const dataFor = (m: number): Readonly<Record<string, Float32Array>> => ({
  X: data(4 * m, 1),
  B: data(8 * m, 2),
  W: data(12, 3),
  S: data(16, 4),
  v: data(6, 5),
  labels: Float32Array.from({ length: m }, (_, i) => i % 4),
});

const pick = (from: Readonly<Record<string, Float32Array>>, leaves: readonly Node[]) =>
  Object.fromEntries(leaves.map((leaf) => [g.nameOf(leaf)!, from[g.nameOf(leaf)!]!]));

async function agrees(node: Node, device: DeviceRequest, m: number): Promise<void> {
  const gradients = paramsOf([node]).map((p) => g.grad(cost(node), p));
  const asked = Object.fromEntries([node, ...gradients].map((n, i) => [`y${i}`, n]));
  const all = Object.values(asked);
  const hasM = g.reachable(all).some(({ shape }) => shape.includes('m'));
  const sizes = hasM ? { m } : {};
  using run = await compile(asked, { device, sizes });
  expect(run.device.kind).toBe(device);
  const parameters = pick(dataFor(m), paramsOf(all));
  const feeds = pick(dataFor(m), g.inputsOf(all));
  for (const [name, value] of Object.entries(parameters)) run.write(name, value);
  const found = (await run.run(asked, feeds)) as Record<string, Tensor>;
  for (const [name, want] of Object.entries(asked)) {
    const leaves = [...paramsOf([want]), ...g.inputsOf([want])];
    const expected = interpret(want, pick(dataFor(m), leaves), sizes);
    const got = found[name]!;
    expect(got.shape).toEqual(expected.shape);
    // The deviation of one number has no slope: 0 / 0.
    const finite = [...expected.data.keys()].filter((i) => Number.isFinite(expected.data[i]!));
    const scale = Math.max(1e-30, ...finite.map((i) => Math.abs(expected.data[i]!)));
    const errors = finite.map((i) => Math.abs(got.data[i]! - expected.data[i]!) / scale);
    expect(Math.max(0, ...errors), `${name}: ${g.print(want)}`).toBeLessThan(TOLERANCE);
  }
}

/** Registers the suite: inside a `describe` of the device. */
export function values(device: DeviceRequest): void {
  test.each(Object.entries(nodes))('%s, and its gradients', async (_, node) => {
    // On the CPU also one, and a multiple of 4; GPUs take their time to compile each size.
    for (const m of ['js', 'wasm'].includes(device) ? [1, 3, 8] : [3])
      await agrees(node, device, m);
  });
}
