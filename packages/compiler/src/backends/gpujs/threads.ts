// How the threads of a kernel share the work: which of them there are, and how many rows of the
// result each computes. It knows nests and layouts, and no language.
import { type Affine, expressionsIn, type Nest, sizeOf } from '../../nest.ts';
import { type Layout, lengthOf, type Space } from './layout.ts';

/** The threads of a kernel. */
export interface Threads {
  /** Rows that each thread computes: its own, and those `rows`, 2 `rows`, ... further down. */
  readonly tile: number;
  /** Rows of threads. */
  readonly rows: number;
  /** Threads across and down: [texels of a row, rows], or a line of all of them. */
  readonly grid: readonly [number, number];
}

/** Threads of WebGPU come in groups of 8 x 8, or of 64 in a line; so many groups to a side. */
const GROUP = 8;
const MOST_GROUPS = 65535;
const SIDE = MOST_GROUPS * GROUP;

/** Threads below which a GPU has nothing to do: more rows for each would make it worse. */
const ENOUGH = 256;
/** Turns of a loop below which sharing what it reads saves nothing. */
const LONG = 8;

/**
 * A thread of WebGPU computes several rows of a sum, such as a product: each factor that it reads
 * serves all of them. On WebGL a thread writes one texel.
 */
export function threadsOf(nest: Nest, layout: Layout, space: Space): Threads {
  const { width, rows, grid } = layout;
  if (space.kind !== 'webgpu') return { tile: 1, rows, grid };
  const tile = sharesRows(nest, layout)
    ? ([4, 2].find((n) => rows >= n && (width * rows) / n >= ENOUGH) ?? 1)
    : 1;
  const down = Math.ceil(rows / tile);
  const fits = [width, down].every((side) => side >= GROUP && side <= SIDE);
  return { tile, rows: down, grid: fits ? [width, down] : [width * down, 1] };
}

/** Does a long sum read something that is the same in all rows? */
function sharesRows({ fold }: Nest, { dims }: Layout): boolean {
  if (fold?.kind !== 'sum' || sizeOf(fold.axes) < LONG) return false;
  const rows = new Set(dims.slice(0, -1).map(({ dim }) => dim));
  const depends = ({ of }: Affine): boolean =>
    of.some((t) => ('axis' in t ? rows.has(t.axis) : depends(t.of)));
  return expressionsIn([fold.body]).some((e) => e.op === 'load' && !e.index.some(depends));
}

/** How WebGPU starts threads. */
export interface Dispatch {
  /** Threads of a group. */
  readonly size: readonly [number, number];
  readonly groups: readonly [number, number];
  /** Threads across, where a line of them is so long that it is folded. */
  readonly line?: number;
}

/** The groups of threads on WebGPU. */
export function dispatchOf({ grid: [across, down] }: Threads): Dispatch {
  if (down > 1) {
    return {
      size: [GROUP, GROUP],
      groups: [Math.ceil(across / GROUP), Math.ceil(down / GROUP)],
    };
  }
  const size = GROUP * GROUP;
  const all = Math.ceil(across / size);
  const lines = Math.ceil(all / MOST_GROUPS);
  const groups = [Math.ceil(all / lines), lines] as const;
  return { size: [size, 1], groups, ...(lines > 1 && { line: groups[0] * size }) };
}

/** Numbers that a WebGPU binding must be a multiple of to start at: 256 bytes. */
const ALIGNED = 64;

/** Numbers from one result of a kernel to the next, where they share a buffer. */
export const sectionOf = (layout: Layout): number =>
  Math.ceil(lengthOf(layout) / ALIGNED) * ALIGNED;
