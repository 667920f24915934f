// How data that are fed by columns lie in this memory. Those a multiple of a page apart share few
// places of the first cache, and drive each other out: they lie a line of the cache further apart.
import { type Buffer, sizeOf } from '../../nest.ts';
import { stridesOf } from '../layout.ts';
import { LINE } from './code.ts';

/** Floats of a quarter of a page: multiples of it have at most a sixteenth of the places. */
const QUARTER = 256;
/** So long that what lies between them is little. */
const LONG = 1024;

/** Floats between the starts of two columns, undefined if they lie one after another. */
export function columnStep({ shape, order }: Pick<Buffer, 'shape' | 'order'>): number | undefined {
  const floats = sizeOf(shape.slice(0, -1));
  const isCrowded = order === 'columns' && floats >= LONG && floats % QUARTER === 0;
  return isCrowded ? floats + LINE : undefined;
}

/** Floats between neighbours along each dimension of a buffer. */
export function stridesIn(buffer: Buffer): number[] {
  const strides = stridesOf(buffer);
  const step = buffer.role === 'input' ? columnStep(buffer) : undefined;
  return step === undefined ? strides : strides.with(-1, step);
}

/** Copies data to where they are to lie, `step` apart, with zeros between columns. */
export function layColumns(data: Float32Array, step: number, to: Float32Array): void {
  const floats = step - LINE;
  for (let from = 0, at = 0; from < data.length; from += floats, at += step) {
    to.set(data.subarray(from, from + floats), at);
    to.fill(0, at + floats, at + step);
  }
}
