// Matrices: triangles, diagonals and outer products.
import { checkShape, show } from '../checks.ts';
import type { Dim, Node } from '../node.ts';
import { add, equal, less, mul, where } from './arithmetic.ts';
import { type Operand, shapeError, toNode } from './operand.ts';
import { reduceAxes, sum, unreduce } from './reduce.ts';
import { iota } from './views.ts';

/** The identity matrix: 1 on the diagonal, 0 elsewhere. It takes no memory. */
export function eye(n: Dim): Node {
  checkShape('eye', [n, n]);
  return equal(iota([n, n], 0), iota([n, n], 1));
}

/** The last two dimensions as positions: rows, shifted by k, and columns. */
function positions(op: string, x: Operand, k: number) {
  const a = toNode(x);
  if (a.shape.length < 2) {
    throw shapeError(op, [a], 'it is no matrix.', 'give at least two dimensions.');
  }
  if (!Number.isInteger(k)) {
    throw shapeError(op, [a], `the diagonal ${show(k)} is no whole number.`, 'use e.g. 0 or -1.');
  }
  const rows = iota(a.shape, -2);
  return { a, rows: k === 0 ? rows : add(rows, k), columns: iota(a.shape, -1) };
}

/** The lower triangle, zeros above the k-th diagonal (0, the main one, unless given). */
export function tril(x: Operand, k = 0): Node {
  const { a, rows, columns } = positions('tril', x, k);
  return where(less(rows, columns), 0, a);
}

/** The upper triangle, zeros below the k-th diagonal (0, the main one, unless given). */
export function triu(x: Operand, k = 0): Node {
  const { a, rows, columns } = positions('triu', x, k);
  return where(less(columns, rows), 0, a);
}

/**
 * Of a vector the matrix that has it on its diagonal; of a matrix its main diagonal, a vector.
 * @throws ShapeError for other ranks, or a matrix that is not square
 */
export function diag(x: Operand): Node {
  const a = toNode(x);
  if (a.shape.length === 1) {
    const n = a.shape[0]!;
    return where(eye(n), unreduce(a, [0], [n, n]), 0);
  }
  return reduceAxes('sum', onDiagonal('diag', a), [a.shape.length - 1]);
}

/** The sum of the diagonal of a square matrix. @throws ShapeError */
export const trace = (x: Operand): Node => sum(onDiagonal('trace', toNode(x)), [-2, -1]);

function onDiagonal(op: string, a: Node): Node {
  const [n, m] = [a.shape.at(-2), a.shape.at(-1)];
  if (n === undefined || n !== m) {
    throw shapeError(op, [a], 'it is no square matrix.', 'make its last two sizes equal.');
  }
  return where(equal(iota(a.shape, -2), iota(a.shape, -1)), a, 0);
}

/** The products of all entries of a vector with all of another: [n] and [m] give [n, m]. */
export function outer(x: Operand, y: Operand): Node {
  const [a, b] = [toNode(x), toNode(y)];
  if (a.shape.length !== 1 || b.shape.length !== 1) {
    const fix = 'give two vectors; for a column and a row use matmul.';
    throw shapeError('outer', [a, b], 'both must be vectors.', fix);
  }
  const shape = [a.shape[0]!, b.shape[0]!];
  return mul(unreduce(a, [1], shape), unreduce(b, [0], shape));
}
