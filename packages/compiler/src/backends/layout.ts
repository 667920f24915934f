// How a buffer lies in memory.
import type { Buffer } from '../nest.ts';

/** Floats between neighbours along each dimension. */
export function stridesOf({ shape, order }: Pick<Buffer, 'shape' | 'order'>): number[] {
  const strides = new Array<number>(shape.length);
  // Fastest first: the last dimension, or with columns the last but one and the last at the end.
  const axes = shape.map((_, i) => i).reverse();
  const fastest = order === 'columns' && shape.length > 1 ? [...axes.slice(1), axes[0]!] : axes;
  let stride = 1;
  for (const axis of fastest) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}
