// How the threads of a kernel share the work: which of them there are, and how many rows of the
// result each computes. It knows nests and layouts, and no language.
import { type Affine, expressionsIn, type Nest, outputsOf, sizeOf } from '../../nest.ts';
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
/** Rows of a thread on WebGL: the targets that WebGL 2 is sure to have. */
const MOST_DRAWN = 4;
/** Texels of a thread, largest first. */
const TILES = [
  [2, 8],
  [1, 8],
  [1, 4],
  [1, 2],
] as const;

/** A tile of a thread. */
type Tile = Threads['tile'];
const ONE: Tile = [1, 1];

/**
 * A thread computes several texels of a sum, such as a product: each factor that it reads serves
 * a row or a column of them.
 */
export function threadsOf(nest: Nest, layout: Layout, space: Space): Threads {
  const { width, rows } = layout;
  const fits = (one: Tile) => pays(one, layout) && isPossible(one, nest, layout, space);
  const tile = (!nest.across && sharesRows(nest, layout) && TILES.find(fits)) || ONE;
  const [columns, down] = [Math.ceil(width / tile[0]), Math.ceil(rows / tile[1])];
  const threads = { tile, columns, rows: down };
  if (space.kind !== 'webgpu') {
    return { ...threads, grid: tile === ONE ? layout.grid : [columns, down] };
  }
  const square = [columns, down].every((side) => side >= GROUP && side <= SIDE);
  return { ...threads, grid: square ? [columns, down] : [columns * down, 1] };
}

/** Are there threads enough left, and is little computed in vain? */
function pays([across, down]: Tile, { width, rows }: Layout): boolean {
  const divides = (n: number, all: number) => all % n === 0 || all >= 4 * n;
  const enough = width * rows >= ENOUGH * across * down;
  return enough && divides(across, width) && divides(down, rows);
}

/** On WebGL each row of a thread is a texture to draw to, and copied to where its rows are. */
function isPossible([across, down]: Tile, nest: Nest, layout: Layout, space: Space): boolean {
  if (space.kind === 'webgpu') return true;
  const { width, rows, grid } = layout;
  const inRows = grid[0] === width && grid[1] === rows && rows >= 2 * down;
  const targets = down * outputsOf(nest).length;
  return inRows && across === 1 && down <= MOST_DRAWN && targets <= (space.targets ?? 1);
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
