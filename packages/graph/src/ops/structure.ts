// Ops that move or multiply: transposes, orders of dimensions, matrix products.
import { checkList, show } from '../checks.ts';
import { type Dim, make, type Node, nameOf, sameShape } from '../node.ts';
import type { Multiplies, NodeLike, Product, ShapeOf, Transposed } from '../shapes.ts';
import { broadcastShape, expand, type Operand, shapeError, toNode } from './operand.ts';

/** Swaps the last two dimensions of a matrix. @throws ShapeError below rank 2. */
export function transpose<X extends Operand>(x: X): NodeLike<Transposed<ShapeOf<X>>>;
export function transpose(x: Operand): Node {
  const a = toNode(x);
  const n = a.shape.length;
  if (n === 0) return a;
  if (n === 1) {
    const fix = 'declare a row as input(1, n) or a column as input(n, 1).';
    throw shapeError('transpose', [a], 'a vector has no transpose.', fix);
  }
  const axes = a.shape.map((_, i) => i);
  return permute(a, [...axes.slice(0, -2), n - 1, n - 2]);
}

/** Reorders dimensions: dimension i of the result is dimension `axes[i]` of `x`. */
export function permute(x: Operand, axes: readonly number[]): Node {
  const a = toNode(x);
  checkList('permute', axes, '[1, 0]');
  if (axes.length !== a.shape.length || !a.shape.every((_, i) => axes.includes(i))) {
    const fix = `name each of 0 ... ${a.shape.length - 1} once.`;
    throw shapeError(
      'permute',
      [a],
      `[${axes.map(show).join(', ')}] is no order of its dimensions.`,
      fix,
    );
  }
  return make(
    'permute',
    [a],
    { axes },
    axes.map((i) => a.shape[i]!),
  );
}

/**
 * The matrix product; leading dimensions are batch and broadcast.
 * @throws ShapeError if the inner sizes differ or an operand is no matrix.
 */
export function matmul<A extends Operand, B extends Operand>(
  x: A,
  y: B & Multiplies<A, B>,
): NodeLike<Product<ShapeOf<A>, ShapeOf<B>>>;
export function matmul(x: Operand, y: Operand): Node {
  const a = toNode(x);
  const b = toNode(y);
  if (a.shape.length < 2 || b.shape.length < 2) {
    const fix =
      'declare vectors as matrices, e.g. param(n, 1); for a product with a number use mul.';
    throw shapeError('matmul', [a, b], 'both must be matrices.', fix);
  }
  const [p, inner] = a.shape.slice(-2) as [Dim, Dim];
  const [innerB, q] = b.shape.slice(-2) as [Dim, Dim];
  if (inner !== innerB) {
    throw shapeError(
      'matmul',
      [a, b],
      `the inner sizes ${inner} and ${innerB} differ.`,
      matmulFix(a, b, inner, innerB),
    );
  }
  const batch = broadcastShape('matmul', [a, b], 2);
  const src = [expand(a, [...batch, p, inner]), expand(b, [...batch, inner, q])];
  return make('matmul', src, {}, [...batch, p, q]);
}

function matmulFix(a: Node, b: Node, inner: Dim, innerB: Dim): string {
  if (sameShape(a.shape, b.shape)) return 'to multiply element by element use .* (mul).';
  if (a.shape.at(-2) === innerB) return `transpose the left side: ${nameOf(a) ?? 'it'}'.`;
  if (b.shape.at(-1) === inner) return `transpose the right side: ${nameOf(b) ?? 'it'}'.`;
  if (a.op === 'param') {
    const name = nameOf(a) ?? 'the left side';
    const dims = [...a.shape.slice(0, -1), innerB].join(', ');
    const right = nameOf(b) ?? 'the right side';
    const columns = `check that ${right} holds one example per column.`;
    return `declare ${name} as param(${dims}), or ${columns}`;
  }
  return 'make the columns of the left side equal the rows of the right side.';
}
