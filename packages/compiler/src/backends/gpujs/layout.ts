// How a tensor lies in gpu.js's arrays of at most three dimensions, and which numbers a shader can
// address there. It knows shapes and the limits of the modes; it must not know kernels or gpu.js.
import type { DeviceKind } from '../../device.ts';
import type { Buffer } from '../../nest.ts';

/** The modes of gpu.js that run on a GPU. */
export type GpuKind = Exclude<DeviceKind, 'wasm' | 'js'>;

/** The part of a buffer that decides where its numbers lie. */
export type Shaped = Pick<Buffer, 'name' | 'shape' | 'order'>;

/** The dimensions that one subscript of gpu.js stands for, from slowest to fastest. */
export type Group = readonly { readonly dim: number; readonly size: number }[];

/** Where the numbers of a tensor lie in memory. */
export interface Layout {
  /** Logical dimensions from slowest to fastest in memory. */
  readonly memory: readonly number[];
  /** One group a subscript, slowest first: `b[z][y][x]`. Dimensions of size 1 are in none. */
  readonly groups: readonly Group[];
  /** What gpu.js calls output: [x], [x, y] or [x, y, z]. */
  readonly output: readonly number[];
  /** The thread coordinate that runs over each group, slowest first. */
  readonly threads: readonly ('x' | 'y' | 'z')[];
}

/** Every WebGL 2 has textures of this width; a longer matrix is stored as a square texture. */
const SIDE = 2048;
/** How far a float32 counts: a WebGL 1 shader may compute indices in floats. */
const EXACT = 2 ** 24;
/** Threads in one dimension of a WebGPU dispatch: 65535 groups of 8 (x, y) or of 1 (z). */
const DISPATCH = { x: 65535 * 8, y: 65535 * 8, z: 65535 } as const;

/** Where a buffer's numbers lie. Throws where this kind of GPU cannot address them. */
export function layoutOf(buffer: Shaped, kind: GpuKind): Layout {
  const rank = buffer.shape.length;
  const dims = buffer.shape.map((_, dim) => dim);
  const memory =
    buffer.order === 'columns' ? [...dims.slice(rank - 1), ...dims.slice(0, -1)] : dims;
  const long = memory
    .map((dim) => ({ dim, size: buffer.shape[dim]! }))
    .filter(({ size }) => size !== 1);
  const merged = long.slice(0, Math.max(0, long.length - 2));
  const groups =
    long.length > 3 ? [merged, ...long.slice(-2).map((d) => [d])] : long.map((d) => [d]);
  const sizes = groups.map((group) => group.reduce((n, { size }) => n * size, 1)).reverse();
  const output = spread(sizes.length === 0 ? [1] : sizes, kind);
  const axes = (['x', 'y', 'z'] as const).filter((_, i) => output[i] !== 1);
  const layout = { memory, groups, output, threads: axes.slice(0, groups.length).reverse() };
  const problem = unaddressable(layout, kind);
  if (problem === undefined) return layout;
  throw new RangeError(
    `${kind} cannot address ${buffer.name}, which is [${buffer.shape.join(', ')}]: ${problem}`,
  );
}

/** A matrix larger than a texture may be: [x, 1, y] makes gpu.js choose a nearly square one. */
function spread(output: readonly number[], kind: GpuKind): readonly number[] {
  const [x = 1, y = 1] = output;
  const wide = output.length === 2 && Math.max(x, y) > SIDE;
  return wide && kind !== 'webgpu' ? [x, 1, y] : output;
}

function unaddressable({ output, groups }: Layout, kind: GpuKind): string | undefined {
  const [x = 1, y = 1, z = 1] = output;
  const count = x * y * z;
  if (count >= 2 ** 31) return `its ${count} numbers exceed a 32 bit index`;
  if (groups.length === 3 && groups[0]!.length > 1 && z >= EXACT / 2) {
    return `its leading dimensions are decoded in floats, which end at ${EXACT / 2}`;
  }
  if (kind === 'webgl' || kind === 'headlessgl') {
    return count > EXACT ? `its ${count} numbers exceed the exact floats of WebGL 1` : undefined;
  }
  if (kind !== 'webgpu' || output.length === 1) return undefined;
  if (x <= DISPATCH.x && y <= DISPATCH.y && z <= DISPATCH.z) return undefined;
  return `a dispatch has at most ${DISPATCH.x} x ${DISPATCH.y} x ${DISPATCH.z} threads`;
}

/** How many numbers lie in memory after a step along this member of a group. */
export function stride(group: Group, member: number): number {
  return group.slice(member + 1).reduce((n, { size }) => n * size, 1);
}
