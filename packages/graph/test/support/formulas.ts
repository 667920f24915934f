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
];

/** Values for the leaves, 2 columns; of the size at which the functions bend. */
export function values(seed: number): Record<string, number[]> {
  const x = normal(seed, 25);
  const take = (from: number, count: number) => x.slice(from, from + count);
  return {
    A: take(0, 6),
    R: take(6, 2),
    b: take(8, 3),
    W: take(11, 9),
    s: take(20, 1),
    o: take(21, 1),
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

const all = { ...smooth, ...bent };
const BINARY = new Set(['add', 'sub', 'mul', 'div', 'matmul', 'max', 'min', 'where', 'prelu']);

/** The product of matrices, transposed where it takes that to fit. */
function product(a: Node, b: Node): Node {
  if (a.shape.length < 2 || b.shape.length < 2) return g.mul(a, b);
  const fits = (x: Node, y: Node) => x.shape[1] === y.shape[0];
  if (fits(a, b)) return g.matmul(a, b);
  if (fits(g.transpose(a), b)) return g.matmul(g.transpose(a), b);
  return fits(a, g.transpose(b)) ? g.matmul(a, g.transpose(b)) : broadcast(g.mul, a, b);
}

/** Two matrices of other sizes (W and A) are summed up before they meet. */
function broadcast(f: (a: Node, b: Node) => Node, a: Node, b: Node): Node {
  const sizes = (x: Node, i: number) => x.shape.at(i) ?? 1;
  const fits = [-1, -2].every(
    (i) => sizes(a, i) === sizes(b, i) || sizes(a, i) === 1 || sizes(b, i) === 1,
  );
  return fits ? f(a, b) : f(a, g.mean(b));
}

export function build(tree: Tree, nodes: readonly Node[]): Node {
  if ('leaf' in tree) return nodes[tree.leaf]!;
  if ('number' in tree) return g.constant(tree.number);
  return all[tree.f]!(...tree.of.map((t) => build(t, nodes)));
}

/** Random trees over the smooth functions, and those with kinks if asked for. */
export function trees(kinks: boolean, except: readonly string[] = []): fc.Arbitrary<Tree> {
  const names = Object.keys(kinks ? all : smooth).filter((name) => !except.includes(name));
  const leaf = fc.oneof(
    { weight: 5, arbitrary: fc.nat(5).map((i) => ({ leaf: i })) },
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
