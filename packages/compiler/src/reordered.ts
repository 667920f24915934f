// Matrices in another order of memory. It knows numbers and shapes only.
import type { Flat, Order } from '@chainrule/graph';
import type { Buffer } from './nest.ts';

/** Rows and columns of a tile: what is read and written of it stays in the first cache. */
const TILE = 32;

/**
 * The same matrix, or matrices of several dimensions, in another order of memory: turning what
 * lies column by column is transposing it. The same array if nothing moves.
 */
export function reordered(
  data: Float32Array,
  shape: readonly number[],
  from: Buffer['order'],
  to: Buffer['order'],
): Float32Array {
  const last = shape.at(-1) ?? 1;
  const columns = from === 'rows' ? last : data.length / last;
  const rows = data.length / columns;
  if (from === to || rows === 1 || columns === 1) return data;
  const turned = new Float32Array(data.length);
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(rows, top + TILE);
    for (let left = 0; left < columns; left += TILE) {
      const right = Math.min(columns, left + TILE);
      for (let i = top; i < bottom; i++) {
        for (let j = left; j < right; j++) turned[j * rows + i] = data[i * columns + j]!;
      }
    }
  }
  return turned;
}

/** Float32 numbers in an order, in which they are unless they say otherwise; a copy if need be. */
export function inOrder({ data, order }: Flat, shape: readonly number[], to: Order): Float32Array {
  const numbers = data instanceof Float32Array ? data : Float32Array.from(data);
  return reordered(numbers, shape, order ?? to, to);
}

/** A copy of data in row-major order. */
export function rowMajor(
  data: Float32Array,
  shape: readonly number[],
  order: Buffer['order'],
): Float32Array {
  const rows = reordered(data, shape, order, 'rows');
  return rows === data ? data.slice() : rows;
}
