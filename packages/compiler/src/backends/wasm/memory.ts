// Regions of one WebAssembly.Memory, given out and taken back. It knows bytes, and no programs.
import { ChainruleError } from '@chainrule/graph';
import { BYTES, LINE } from './code.ts';
import { SYNC_END } from './meet.ts';

/** A part of the memory. */
export interface Region {
  /** Its address in bytes, a multiple of 64. */
  readonly at: number;
  /** Its length in floats. */
  readonly length: number;
}

/** A memory that grows; views of it are made anew for each use. */
export interface Heap {
  readonly memory: WebAssembly.Memory;
  /** The most pages that it may have, if threads share it; else 0. */
  readonly sharedPages: number;
  /** @throws ChainruleError if the memory cannot grow by as much */
  allocate(length: number): Region;
  /** A region of zeros: where nothing has been before, memory is not even touched. */
  zeros(length: number): Region;
  free(region: Region): void;
  view(region: Region): Float32Array;
}

const PAGE = 65_536;
const ALIGNMENT = BYTES * LINE;
/** Pages that the memory grows by at least: growing is a call to the system. */
const MIN_GROWTH = 16;

/** A free stretch, in bytes. */
interface Gap {
  at: number;
  size: number;
}

const sizeOf = (length: number): number =>
  Math.max(ALIGNMENT, Math.ceil((length * BYTES) / ALIGNMENT) * ALIGNMENT);

/** What a shared memory may grow to, of which addresses are set aside: some systems have less. */
const SHARED_PAGES = [65_536, 32_768, 16_384, 4_096];

function createMemory(shared: boolean) {
  for (const maximum of shared ? SHARED_PAGES : []) {
    try {
      const memory = new WebAssembly.Memory({ initial: MIN_GROWTH, maximum, shared });
      return { memory, sharedPages: maximum };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return { memory: new WebAssembly.Memory({ initial: MIN_GROWTH }), sharedPages: 0 };
}

/** A heap over a new memory, shared with other threads if asked and if it can be had. */
export function createHeap(shared = false): Heap {
  const { memory, sharedPages } = createMemory(shared);
  // By address, and no two touch. The first addresses are no region's.
  const gaps: Gap[] = [{ at: SYNC_END, size: MIN_GROWTH * PAGE - SYNC_END }];
  /** From here on nothing has been given out, and memory is 0. */
  let fresh = SYNC_END;
  const allocate = (length: number): Region => {
    const size = sizeOf(length);
    let gap = gaps.find((g) => g.size >= size);
    if (!gap) {
      grow(memory, gaps, size);
      gap = gaps.at(-1)!;
    }
    const region = { at: gap.at, length };
    gap.at += size;
    gap.size -= size;
    if (gap.size === 0) gaps.splice(gaps.indexOf(gap), 1);
    fresh = Math.max(fresh, region.at + size);
    return region;
  };
  const view: Heap['view'] = ({ at, length }) => new Float32Array(memory.buffer, at, length);
  const zeros = (length: number): Region => {
    const before = fresh;
    const region = allocate(length);
    view(region).fill(0, 0, Math.max(0, (before - region.at) / BYTES));
    return region;
  };
  return {
    memory,
    sharedPages,
    allocate,
    zeros,
    free: ({ at, length }) => giveBack(gaps, { at, size: sizeOf(length) }),
    view,
  };
}

/** Grows until the last gap has this size. */
function grow(memory: WebAssembly.Memory, gaps: Gap[], size: number): void {
  const end = memory.buffer.byteLength;
  const last = gaps.at(-1);
  const open = last && last.at + last.size === end ? last.size : 0;
  const pages = Math.max(MIN_GROWTH, Math.ceil((size - open) / PAGE));
  try {
    memory.grow(pages);
  } catch {
    throw new ChainruleError(
      `wasm: ${Math.ceil(size / 2 ** 20)} MB more than ${Math.round(end / 2 ** 20)} MB ` +
        'of memory cannot be had.',
      'use smaller batches, or dispose sessions that are done.',
    );
  }
  giveBack(gaps, { at: end, size: pages * PAGE });
}

/** Puts a gap in its place, joined with those that it touches. */
function giveBack(gaps: Gap[], { at, size }: Gap): void {
  const found = gaps.findIndex((g) => g.at > at);
  const next = found < 0 ? gaps.length : found;
  gaps.splice(next, 0, { at, size });
  for (const i of [next, next - 1]) {
    const [a, b] = [gaps[i], gaps[i + 1]];
    if (!a || !b || a.at + a.size !== b.at) continue;
    a.size += b.size;
    gaps.splice(i + 1, 1);
  }
}
