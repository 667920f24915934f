// Where temporaries lie in one arena: two that live at the same time never overlap. It knows when
// kernels run and how large their results are.
import { type Buffer, type Nest, outputsOf, sizeOf } from './nest.ts';

/** Floats: one SIMD vector, 16 bytes. */
const ALIGN = 4;

/** A buffer with the kernels, by number, between which it holds its value. */
interface Life {
  readonly buffer: Buffer;
  readonly from: number;
  readonly to: number;
  /** In floats. */
  readonly size: number;
}

interface Placed extends Life {
  readonly offset: number;
}

interface Layout {
  readonly placed: readonly Placed[];
  /** Floats of the whole. */
  readonly arena: number;
}

/** In which order places are given: the largest first, or as they are written or last read. */
const orders: readonly ((a: Life, b: Life) => number)[] = [
  (a, b) => b.size - a.size || a.from - b.from,
  (a, b) => a.from - b.from,
  (a, b) => b.to - a.to || a.from - b.from,
];

/** Offsets for temporaries and outputs: the smallest of a few layouts. */
export function layOut(nests: readonly Nest[], buffers: readonly Buffer[]) {
  const lives = livesOf(nests, buffers);
  const layouts = orders.map((order) => firstFit([...lives].sort(order)));
  const { placed, arena } = layouts.reduce((a, b) => (b.arena < a.arena ? b : a));
  const offsets = new Map(placed.map(({ buffer, offset }) => [buffer, offset]));
  const laid = buffers.map((buffer) => {
    const offset = offsets.get(buffer);
    return offset === undefined ? buffer : { ...buffer, offset };
  });
  return { buffers: laid, arena };
}

/** Each in its turn at the lowest offset that is free while it lives. */
function firstFit(lives: readonly Life[]): Layout {
  const placed: Placed[] = [];
  for (const life of lives) place(placed, life);
  const arena = placed.reduce((most, { offset, size }) => Math.max(most, offset + size), 0);
  return { placed, arena };
}

/** Puts a buffer at the lowest offset that is free while it lives; `placed` is by offset. */
function place(placed: Placed[], { buffer, from, to, size }: Life): void {
  let offset = 0;
  for (const p of placed) {
    if (offset + size <= p.offset) break;
    if (p.from <= to && from <= p.to && offset < p.offset + p.size) offset = p.offset + p.size;
  }
  const above = placed.findLastIndex((p) => p.offset <= offset) + 1;
  placed.splice(above, 0, { buffer, from, to, size, offset });
}

/** From the kernel that writes a buffer to the last that reads it; outputs live on. */
function livesOf(nests: readonly Nest[], buffers: readonly Buffer[]): Life[] {
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  nests.forEach((nest, i) => {
    for (const id of [...nest.inputs, ...outputsOf(nest)]) {
      if (!first.has(id)) first.set(id, i);
      last.set(id, i);
    }
  });
  return buffers.flatMap((buffer) => {
    const { id, role, shape } = buffer;
    if (role !== 'temp' && role !== 'output') return [];
    const from = first.get(id) ?? 0;
    const to = role === 'output' ? nests.length : (last.get(id) ?? 0);
    return [{ buffer, from, to, size: ALIGN * Math.ceil(Math.max(1, sizeOf(shape)) / ALIGN) }];
  });
}
