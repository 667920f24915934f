// How the threads of a kernel share the work: which of them there are, and how many rows of the
// result each computes. It knows nests and layouts, and no language.
import { type Affine, expressionsIn, type Nest, sizeOf } from '../../nest.ts';
import { type Layout, lengthOf, type Space } from './layout.ts';

/** The threads of a kernel. */
export interface Threads {
  /**
   * Texels that each thread computes, across and down: its own and those `columns`, 2 `columns`,
   * ... further right, in its own row and those `rows`, 2 `rows`, ... further down.
   */
  readonly tile: readonly [across: number, down: number];
  /** Threads to a row, and rows of threads. */
  readonly columns: number;
  readonly rows: number;
  /** Threads across and down: [columns, rows], or a line of all of them. */
  readonly grid: readonly [number, number];
}

/** Threads of WebGPU come in groups of 8 x 8, or of 64 in a line; so many groups to a side. */
const GROUP = 8;
const MOST_GROUPS = 65535;
const SIDE = MOST_GROUPS * GROUP;

/** Threads below which a GPU has nothing to do: more texels for each would make it worse. */
const ENOUGH = 256;
/** Turns of a loop below which sharing what it reads saves nothing. */
const LONG = 8;
/** Texels of a thread, largest first. */
const TILES = [
  [2, 8],
  [1, 8],
  [1, 4],
  [1, 2],
] as const;

/** Is little computed in vain where threads share so many rows or columns by `n`? */
const divides = (n: number, all: number): boolean => all % n === 0 || all >= 4 * n;

/**
 * A thread of WebGPU computes several texels of a sum, such as a product: each factor that it
 * reads serves a row or a column of them. On WebGL a thread writes one texel.
 */
export function threadsOf(nest: Nest, layout: Layout, space: Space): Threads {
  const { width, rows, grid } = layout;
  if (space.kind !== 'webgpu') return { tile: [1, 1], columns: width, rows, grid };
  const fits = ([across, down]: Threads['tile']) =>
    divides(across, width) && divides(down, rows) && width * rows >= ENOUGH * across * down;
  const tile = (sharesRows(nest, layout) && TILES.find(fits)) || ([1, 1] as const);
  const [across, down] = [Math.ceil(width / tile[0]), Math.ceil(rows / tile[1])];
  const square = [across, down].every((side) => side >= GROUP && side <= SIDE);
  return {
    ...{ tile, columns: across, rows: down },
    grid: square ? [across, down] : [across * down, 1],
  };
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

/** Numbers of all results of a kernel, in the buffer that they share. */
export const lengthOfAll = (layout: Layout, results: number): number =>
  (results - 1) * sectionOf(layout) + lengthOf(layout);
