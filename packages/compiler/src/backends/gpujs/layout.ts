// How a tensor lies on a GPU: in rows of texels, each of four numbers. It knows shapes and how
// much a GPU can address; it must not know kernels or gpu.js.
import type { DeviceKind } from '../../device.ts';
import { type Buffer, sizeOf } from '../../nest.ts';

/** The modes of gpu.js that run on a GPU. */
export type GpuKind = Exclude<DeviceKind, 'wasm' | 'js'>;

/** What decides how a tensor lies on an open GPU. */
export interface Space {
  readonly kind: GpuKind;
  /** Texels across and down of the largest texture; without a limit on WebGPU. */
  readonly side: number;
  /** Textures that a draw may write for others to be copied together from; 1 if left out. */
  readonly targets?: number;
}

/** The part of a buffer that decides where its numbers lie. */
export type Shaped = Pick<Buffer, 'name' | 'shape' | 'order'>;

/** A dimension of more than one position. */
export interface Long {
  readonly dim: number;
  readonly size: number;
}

/**
 * Where the numbers of a tensor lie. Along its fastest dimension four share a texel, and each row
 * starts with a new one; the lanes left over at the end of a row hold anything.
 */
export interface Layout {
  /** The dimensions of more than one position, from slowest to fastest in memory. */
  readonly dims: readonly Long[];
  /** Texels in a row. */
  readonly width: number;
  readonly rows: number;
  /**
   * Texels across and down of its texture: [width, rows]. Where a side would be too long, texel
   * after texel in as many lines as that takes; so does a single row, in about a square, because
   * GPUs draw two by two. gpu.js makes something else of one line, so a short row is a column.
   */
  readonly grid: readonly [number, number];
}

/** The numbers in a texel, by name. */
export const COMPONENTS = ['x', 'y', 'z', 'w'] as const;
export const LANES = COMPONENTS.length;

/** How far a float32 counts in halves: GLSL has its positions in floats, and quotients add one. */
const EXACT = 2 ** 23;

/** Where a buffer's numbers lie. Throws where this GPU cannot address them. */
export function layoutOf(buffer: Shaped, space: Space): Layout {
  const { shape, order, name } = buffer;
  const all = shape.map((size, dim) => ({ dim, size }));
  const memory = order === 'columns' ? [...all.slice(-1), ...all.slice(0, -1)] : all;
  const dims = memory.filter(({ size }) => size !== 1);
  const width = Math.ceil((dims.at(-1)?.size ?? 1) / LANES);
  const rows = sizeOf(dims.slice(0, -1).map(({ size }) => size));
  const grid = gridOf(width, rows, space.side);
  const problem = unaddressable(width * rows, grid, space);
  if (problem === undefined) return { dims, width, rows, grid };
  throw new RangeError(
    `${space.kind} cannot address ${name}, which is [${shape.join(', ')}]: ${problem}`,
  );
}

function gridOf(width: number, rows: number, side: number): Layout['grid'] {
  const fits = width <= side && rows <= side;
  if (fits && (rows > 1 || width < LANES)) return rows > 1 ? [width, rows] : [1, width];
  // Lines of a power of two are exact to divide by.
  const across = 2 ** Math.floor(Math.log2(fits ? Math.sqrt(width) : side));
  return [across, Math.ceil((width * rows) / across)];
}

function unaddressable(
  texels: number,
  [, down]: Layout['grid'],
  { kind, side }: Space,
): string | undefined {
  if (texels * LANES >= 2 ** 31) return `its ${texels * LANES} numbers exceed a 32 bit index`;
  if (down > side) return `${texels} texels of four numbers are more than ${side} x ${side}`;
  return countsTo(texels, kind)
    ? undefined
    : `its ${texels} texels exceed the exact floats of GLSL`;
}

/** Are positions below this exact? */
export const countsTo = (most: number, kind: GpuKind): boolean =>
  kind === 'webgpu' || most < EXACT;

/** Numbers that its memory holds, with what pads the rows and the last line. */
export const lengthOf = ({ grid }: Layout): number => LANES * grid[0] * grid[1];

/** Data in memory order, spread over rows of whole texels; the same array if nothing moves. */
export function padded(data: Float32Array, layout: Layout): Float32Array {
  const length = lengthOf(layout);
  if (data.length === length) return data;
  const out = new Float32Array(length);
  spread(data, layout, out);
  return out;
}

/** The same into an array that is there: what pads the rows stays as it is. */
export function spread(data: Float32Array, { dims, width }: Layout, out: Float32Array): void {
  const size = dims.at(-1)?.size ?? 1;
  if (size === LANES * width) {
    out.set(data);
    return;
  }
  for (let row = 0; row * size < data.length; row++) {
    out.set(data.subarray(row * size, (row + 1) * size), row * LANES * width);
  }
}

/** Data in memory order, without what pads them: a copy. */
export function unpadded(texels: Float32Array, { dims, width, rows }: Layout): Float32Array {
  const size = dims.at(-1)?.size ?? 1;
  if (size === LANES * width) return texels.slice(0, size * rows);
  const out = new Float32Array(size * rows);
  for (let row = 0; row < rows; row++) {
    const start = row * LANES * width;
    out.set(texels.subarray(start, start + size), row * size);
  }
  return out;
}
