// A node of every op that moves, counts or sums, over leaves with data.
import * as g from '../../src/index.ts';
import { type Node, param, type TensorLike } from '../../src/index.ts';
import figures from '../fixtures/views.json' with { type: 'json' };

/** Data of the leaves. */
export const inputs: Readonly<Record<string, TensorLike>> = figures.inputs;
const leaf = (name: string): Node => param(...inputs[name]!.shape, { name });
export const [A, B, S, v, w, k] = ['A', 'B', 'S', 'v', 'w', 'k'].map(leaf) as [
  Node,
  Node,
  Node,
  Node,
  Node,
  Node,
];

/** By what `fixtures/views.py` calls them. */
export const nodes: Readonly<Record<string, Node>> = {
  iota: g.iota([3, 4], 1),
  'iota rows': g.iota([3, 4], -2),
  eye: g.eye(3),
  reshape: g.reshape(A, [2, 6]),
  'reshape open': g.reshape(B, [4, -1]),
  ravel: g.ravel(B),
  expandDims: g.expandDims(A, 1),
  slice: g.slice(A, [{ start: 1, stop: 3 }]),
  'slice steps': g.slice(A, [{ step: 2 }, { start: 1, step: 2 }]),
  'slice negative': g.slice(B, [undefined, { start: -2 }, { stop: -1 }]),
  pad: g.pad(A, [[1, 2]]),
  'pad value': g.pad(
    A,
    [
      [1, 0],
      [2, 1],
    ],
    -1.5,
  ),
  flip: g.flip(A),
  'flip 1': g.flip(A, 1),
  concat: g.concat([A, g.slice(A, [{ stop: 2 }]), g.square(A)]),
  'concat 1': g.concat([A, A], 1),
  stack: g.stack([A, g.square(A)]),
  'stack last': g.stack([v, w], -1),
  tril: g.tril(S),
  'tril 1': g.tril(S, 1),
  'triu -1': g.triu(S, -1),
  'triu batch': g.triu(B),
  'diag of vector': g.diag(v),
  'diag of matrix': g.diag(S),
  trace: g.trace(S),
  outer: g.outer(v, w),
  dot: g.dot(v, w),
  oneHot: g.oneHot(k, 4),
  'oneHot last': g.oneHot(k, 4, -1),
  cumsum: g.cumsum(A),
  'cumsum 1': g.cumsum(A, 1),
  'cumsum vector': g.cumsum(v),
  prod: g.prod(A),
  'prod 0': g.prod(A, 0),
  'prod 0,2': g.prod(B, [0, 2]),
  'prod with zeros': g.prod(w),
  'prod with a zero': g.prod(g.slice(w, [{ start: 1, stop: 3 }])),
  'prod kept': g.prod(A, 1, { keepdims: true }),
  norm: g.norm(v),
  'norm 0': g.norm(A, 0),
  'norm kept': g.norm(A, 1, { keepdims: true }),
  'norm 1': g.norm(A, 0, { ord: 1 }),
  'norm Infinity': g.norm(A, 0, { ord: Number.POSITIVE_INFINITY }),
  'norm of a number': g.norm(g.reshape(g.slice(v, [{ start: 1, stop: 2 }]), [])),
  minOver: g.minOver(A, 0),
  variance: g.variance(A),
  'variance 0': g.variance(A, 0),
  'variance ddof': g.variance(A, 1, { ddof: 1 }),
  'variance far': g.variance(g.add(A, 1e8), 0),
  std: g.std(A, 1, { keepdims: true }),
  any: g.any(w),
  all: g.all(w),
  'any 0': g.any(g.greater(A, 0), 0),
  'all 0': g.all(g.greater(A, -1), 0),
  argmax: g.argmax(A),
  'argmax 1': g.argmax(A, 1),
  'argmin kept': g.argmin(A, 1, { keepdims: true }),
  'argmax of ties': g.argmax(g.mul(0, g.iota([3]))),
  'einsum product': g.einsum('ij,kj->ik', A, S),
  'einsum batch': g.einsum('bij,bkj->bik', B, B),
  'einsum transpose': g.einsum('ij->ji', A),
  'einsum sum': g.einsum('bij->j', B),
  'einsum dot': g.einsum('i,i->', v, w),
  'einsum outer': g.einsum('i,j->ij', v, w),
  'einsum matrix vector': g.einsum('ij,j->i', A, g.reshape(g.slice(S, [{ stop: 1 }]), [4])),
  'einsum two letters': g.einsum('bij,ij->b', B, A),
  'einsum three': g.einsum('ij,jk,ik->k', A, S, A),
  'einsum diagonal': g.einsum('ii->i', S),
  'einsum trace': g.einsum('ii->', S),
  'einsum bilinear': g.einsum('ij,jk,lk->il', A, S, A),
  'einsum hadamard': g.einsum('ij, ij -> ij', A, A),
};

/** The data of the leaves that a node has. */
export const dataOf = (node: Node) =>
  Object.fromEntries(g.paramsOf([node]).map((p) => [g.nameOf(p)!, inputs[g.nameOf(p)!]!]));
