// How the devices of the CPU lay a buffer out in memory.
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

/** A copy of data in row-major order. */
export function rowMajor(
  data: Float32Array,
  shape: readonly number[],
  order: Buffer['order'],
): Float32Array {
  if (order === 'rows') return data.slice();
  const from = stridesOf({ shape, order });
  const to = stridesOf({ shape, order: 'rows' });
  return data.map((_, i) => {
    let rest = i;
    const at = to.reduce((sum, stride, d) => {
      const index = Math.floor(rest / stride);
      rest %= stride;
      return sum + index * from[d]!;
    }, 0);
    return data[at]!;
  });
}
