// Random formulas for fast-check: trees as data, built into graphs over a few named leaves.
import fc from 'fast-check';
import type { Node } from '../../src/index.ts';
import * as g from '../../src/index.ts';
import { normal } from './nets.ts';

/** A formula as data, so that fast-check can shrink it. */
export type Tree =
  | { readonly leaf: number }
  | { readonly number: number }
  | { readonly f: string; readonly of: readonly Tree[] };

/** Leaves of every shape that meets in a net; rebuilt for each formula. */
export const leaves = () => [
  g.param(3, 'm', { name: 'A' }),
  g.param(1, 'm', { name: 'R' }),
  g.param(3, 1, { name: 'b' }),
  g.param(3, 3, { name: 'W' }),
  g.param({ name: 's' }),
  g.param(1, 1, { name: 'o' }),
  g.param(3, { name: 'c' }),
  g.param('m', { name: 'h' }),
  g.param(2, 3, 'm', { name: 'T' }),
];
const LEAVES = 9;

/** Values for the leaves, 2 columns; of the size at which the functions bend. */
export function values(seed: number): Record<string, number[]> {
  const x = normal(seed, 39);
  const take = (from: number, count: number) => x.slice(from, from + count);
  return {
    A: take(0, 6),
    R: take(6, 2),
    b: take(8, 3),
    W: take(11, 9),
    s: take(20, 1),
    o: take(21, 1),
    c: take(22, 3),
    h: take(25, 2),
    T: take(27, 12),
  };
}

type Build = (...x: Node[]) => Node;
const matrixOr = (f: (a: Node) => Node) => (a: Node) => (a.shape.length === 2 ? f(a) : a);
const alongRows = (f: (x: Node, axis: number, o: { keepdims: true }) => Node) =>
  matrixOr((a) => f(a, 0, { keepdims: true }));

const slopes = { derivative: { x: '(1 - 2 * x^2) * exp(-x^2)' } };
const bump = g.elementwise('bump', 'x * exp(-x^2)', ['x'], slopes);

/** Smooth functions, safe ones and those that only the rewriting makes safe. */
const smooth: Readonly<Record<string, Build>> = {
  exp: (a) => g.exp(g.tanh(a!)),
  sin: (a) => g.sin(a!),
  cos: (a) => g.cos(a!),
  tanh: (a) => g.tanh(a!),
  sigmoid: (a) => g.sigmoid(a!),
  softplus: (a) => g.softplus(a!),
  neg: (a) => g.neg(a!),
  half: (a) => g.mul(0.5, a!),
  square: (a) => g.square(a!),
  cube: (a) => g.pow(a!, 3),
  log: (a) => g.log(g.add(g.square(a!), 0.5)),
  log1p: (a) => g.log1p(g.square(a!)),
  expm1: (a) => g.expm1(g.tanh(a!)),
  sqrt: (a) => g.sqrt(g.add(1, g.square(a!))),
  inverse: (a) => g.div(1, g.add(1, g.square(a!))),
  logSigmoid: (a) => g.log(g.sigmoid(a!)),
  logOther: (a) => g.log(g.sub(1, g.sigmoid(a!))),
  logistic: (a) => g.div(1, g.add(1, g.exp(g.neg(a!)))),
  logistic2: (a) => g.div(g.exp(a!), g.add(1, g.exp(a!))),
  logOfExp: (a) => g.log(g.add(1, g.exp(a!))),
  logOfExps: (a, b) => broadcast((p, q) => g.log(g.add(g.exp(p), g.exp(q))), a!, b!),
  tanhOfExps: (a) => {
    const x = g.sin(a!);
    const [up, down] = [g.exp(x), g.exp(g.neg(x))];
    return g.div(g.sub(up, down), g.add(up, down));
  },
  productOfExps: (a, b) =>
    broadcast((p, q) => g.mul(g.exp(g.sin(p)), g.exp(g.neg(q))), a!, g.tanh(b!)),
  variance: matrixOr((a) => {
    const mean = (x: Node) => g.mean(x, 0, { keepdims: true });
    return g.sub(mean(g.square(a)), g.square(mean(a)));
  }) as Build,
  shifted: matrixOr((a) => {
    const e = g.exp(g.sub(a, g.maxOver(a, 0, { keepdims: true })));
    return g.div(e, g.sum(e, 0, { keepdims: true }));
  }) as Build,
  ratio: (a) => g.div(a!, g.add(a!, g.add(3, g.square(a!)))),
  silu: (a) => g.silu(a!),
  mish: (a) => g.mish(a!),
  gelu: (a) => g.gelu(a!, { approximate: 'tanh' }),
  power: (a) => g.pow(g.add(g.square(a!), 0.5), g.tanh(a!)),
  twoTo: (a) => g.pow(2, g.tanh(a!)),
  xlogx: (a) => g.xlogx(g.add(g.square(a!), 0.5)),
  custom: (a) => bump(a!),
  softmax: matrixOr((a) => g.softmax(a)) as Build,
  exponentials: matrixOr((a) => g.div(g.exp(a), g.sum(g.exp(a), 0, { keepdims: true }))) as Build,
  logsumexp: alongRows(g.logsumexp) as Build,
  sumRows: alongRows(g.sum) as Build,
  meanRows: alongRows(g.mean) as Build,
  mean: (a) => g.mean(a!),
  matmul: (a, b) => product(a!, b!),
  gram: matrixOr((a) => g.matmul(g.transpose(a), a)) as Build,
  add: (a, b) => broadcast(g.add, a!, b!),
  sub: (a, b) => broadcast(g.sub, a!, b!),
  mul: (a, b) => broadcast(g.mul, a!, b!),
  div: (a, b) => broadcast(g.div, a!, g.add(1, g.square(b!))),
};

/** Functions with kinks; a random point is not near one. */
const bent: Readonly<Record<string, Build>> = {
  abs: (a) => g.abs(a!),
  relu: (a) => g.relu(a!),
  leakyRelu: (a) => g.leakyRelu(a!, 0.1),
  max: (a, b) => broadcast(g.max, a!, b!),
  min: (a, b) => broadcast(g.min, a!, b!),
  where: (a, b) => broadcast((p, q) => g.where(g.greater(p, q), g.sin(p), q), a!, b!),
  relu6: (a) => g.relu6(g.mul(3, a!)),
  prelu: (a, b) => broadcast(g.prelu, a!, b!),
  elu: (a) => g.elu(a!, 0.5),
  celu: (a) => g.celu(a!, 2),
  softsign: (a) => g.softsign(a!),
  hardSwish: (a) => g.hardSwish(g.mul(3, a!)),
  mask: (a) => g.mul(a!, g.and(g.lessEqual(a!, 1), g.less(-1, a!))),
  guarded: (a) => g.where(g.greater(a!, 0), g.log(a!), 0),
};

/** The most dimensions and entries of a node; m counts as 2. */
const MAX_RANK = 3;
const MAX_SIZE = 36;
const sizeOf = (x: Node): number =>
  x.shape.reduce<number>((n, d) => n * (typeof d === 'number' ? d : 2), 1);

/** Ops that need a dimension, on one; for a number, nothing is done. */
const along =
  (f: (x: Node, axis: number) => Node, middle = true) =>
  (a?: Node) => {
    const axis = middle ? a!.shape.length >> 1 : 0;
    return a!.shape.length === 0 ? a! : f(a!, axis);
  };
/** The same along a size that is a number, below 6. */
const alongNumber = (f: (x: Node, axis: number) => Node) => (a?: Node) => {
  const axis = a!.shape.findLastIndex((d) => typeof d === 'number' && d < 6);
  return axis < 0 || sizeOf(a!) > MAX_SIZE ? a! : f(a!, axis);
};
/** Ops that make it larger. */
const growing = (f: (x: Node) => Node) => (a?: Node) =>
  a!.shape.length < MAX_RANK && sizeOf(a!) <= MAX_SIZE ? f(a!) : a!;

/** What is left of a node in one dimension. */
function vector(x: Node): Node {
  if (x.shape.length === 0) return g.expand(x, [2]);
  const rest = x.shape.slice(1).map((_, i) => i + 1);
  return rest.length === 0 ? x : g.mean(x, rest);
}

/** Sums of products, by the number of dimensions. */
const EINSUMS: Readonly<Record<number, (x: Node) => Node>> = {
  1: (x) => g.einsum('i,j->ij', x, g.sin(x)),
  2: (x) => g.einsum('ij,kj->ik', x, g.sin(x)),
  3: (x) => g.einsum('bij,ij->bi', x, g.sum(g.sin(x), 0)),
};

/** Ops that move, count and sum along any dimension. */
const structural: Readonly<Record<string, Build>> = {
  sumFirst: along((x, axis) => g.sum(x, axis), false),
  sumMiddle: along((x, axis) => g.sum(x, axis)),
  meanKept: along((x, axis) => g.mean(x, axis, { keepdims: true })),
  centered: along((x, axis) => g.sub(x, g.mean(x, axis, { keepdims: true }))),
  logsumexpOf: along((x, axis) => g.logsumexp(x, axis)),
  softmaxOf: along((x, axis) => g.softmax(x, axis)),
  prodOf: along((x, axis) => g.prod(g.tanh(x), axis)),
  normOf: along((x, axis) => g.norm(g.add(0.5, g.square(x)), axis)),
  cumsum: along((x, axis) => g.cumsum(x, axis)),
  flip: along((x, axis) => g.flip(x, axis)),
  counted: along((x, axis) => g.mul(x, g.iota(x.shape, axis))),
  first: along((x, axis) => g.slice(x, [...Array(axis), { start: 0, stop: 1 }])),
  slice: alongNumber((x, axis) => {
    const start = x.shape[axis] === 1 ? 0 : 1;
    return g.slice(x, [...Array(axis), { start, step: 2 }]);
  }),
  pad: alongNumber((x, axis) => g.pad(x, [...Array(axis), [1, 0]])),
  concat: alongNumber((x, axis) => g.concat([x, g.sin(x)], axis)),
  reshape: (a) => g.reshape(a!, a!.shape.toReversed()),
  permute: (a) => g.permute(a!, [...a!.shape.keys()].toReversed()),
  expandDims: growing((x) => g.expandDims(x, (x.shape.length + 1) >> 1)),
  stack: growing((x) => g.stack([x, g.sin(x)], x.shape.length >> 1)),
  diag: growing((x) => (x.shape.length === 1 ? g.diag(x) : g.diag(g.diag(vector(x))))),
  tril: (a) => (a!.shape.length < 2 ? a! : g.tril(a!)),
  einsum: (a) => (sizeOf(a!) > MAX_SIZE ? a! : (EINSUMS[a!.shape.length]?.(a!) ?? a!)),
  outer: (a, b) => g.outer(vector(a!), vector(b!)),
};

const all = { ...smooth, ...structural, ...bent };
const BINARY = new Set([
  ...['add', 'sub', 'mul', 'div', 'matmul', 'outer', 'max', 'min', 'where', 'prelu'],
  ...['logOfExps', 'productOfExps'],
]);

/** Do sizes agree, the last `apart` dimensions left out? */
function fit(a: Node, b: Node, apart = 0): boolean {
  const size = (x: Node, i: number) => x.shape.at(i) ?? 1;
  const places = Array.from({ length: MAX_RANK + 1 - apart }, (_, i) => -1 - i - apart);
  return places.every((i) => new Set([size(a, i), size(b, i), 1]).size < 3);
}

/** The product of matrices, transposed where it takes that to fit. */
function product(a: Node, b: Node): Node {
  if (a.shape.length < 2 || b.shape.length < 2 || !fit(a, b, 2)) return broadcast(g.mul, a, b);
  const fits = (x: Node, y: Node) => x.shape.at(-1) === y.shape.at(-2);
  if (fits(a, b)) return g.matmul(a, b);
  if (fits(g.transpose(a), b)) return g.matmul(g.transpose(a), b);
  return fits(a, g.transpose(b)) ? g.matmul(a, g.transpose(b)) : broadcast(g.mul, a, b);
}

/** Two matrices of other sizes (W and A) are summed up before they meet. */
const broadcast = (f: (a: Node, b: Node) => Node, a: Node, b: Node): Node =>
  fit(a, b) ? f(a, b) : f(a, g.mean(b));

export function build(tree: Tree, nodes: readonly Node[]): Node {
  if ('leaf' in tree) return nodes[tree.leaf]!;
  if ('number' in tree) return g.constant(tree.number);
  return all[tree.f]!(...tree.of.map((t) => build(t, nodes)));
}

/** Random trees over the smooth functions, and those with kinks if asked for. */
export function trees(kinks: boolean, except: readonly string[] = []): fc.Arbitrary<Tree> {
  const names = Object.keys(kinks ? all : { ...smooth, ...structural }).filter(
    (name) => !except.includes(name),
  );
  const leaf = fc.oneof(
    { weight: 5, arbitrary: fc.nat(LEAVES - 1).map((i) => ({ leaf: i })) },
    { weight: 1, arbitrary: fc.constantFrom(-1, 0, 0.5, 1, 2).map((number) => ({ number })) },
  );
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => {
    const branch = fc
      .constantFrom(...names)
      .chain((f) =>
        fc
          .tuple(...Array.from({ length: BINARY.has(f) ? 2 : 1 }, () => tie('tree')))
          .map((of) => ({ f, of })),
      );
    const options = { maxDepth: 6, depthSize: 'max', withCrossShrink: true } as const;
    return {
      tree: fc.oneof(options, { weight: 1, arbitrary: leaf }, { weight: 4, arbitrary: branch }),
    };
  });
  return tree;
}
