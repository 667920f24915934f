// Which kernels of a plan threads work on together, and where they must meet. It knows what
// kernels read and write, and estimates what they take; it writes no code.
import type { Buffer, Nest, Plan } from '../../nest.ts';
import { flopsOf } from '../../report.ts';

/** How a kernel runs where there are threads. */
export interface Turn {
  /** Do all threads compute a part of it? Otherwise thread 0 computes all. */
  readonly shared: boolean;
  /** Must all be done with what is before? */
  readonly meet: boolean;
}

/** Nanoseconds on one thread from which it pays to share. */
export interface Worth {
  /** Of a kernel: others must look on, and fetch its inputs. */
  readonly kernel: number;
  /** Of all kernels that are shared: others must come. */
  readonly step: number;
}
export const WORTH: Worth = { kernel: 8_000, step: 60_000 };

/** Floating-point operations and bytes in a nanosecond, on one thread. */
const PRODUCT_RATE = 50;
const RATE = 6;
const BANDWIDTH = 30;
const BYTES = 4;

const sizeOf = ({ shape }: Buffer): number => shape.reduce((p, d) => p * d, 1);

/** What a kernel may take on one thread, in nanoseconds: a guess by its arithmetic and memory. */
export function estimate(nest: Nest, isProduct: boolean, buffers: Buffers): number {
  const bytes = [...nest.inputs, nest.output].reduce(
    (n, id) => n + BYTES * sizeOf(buffers.get(id)!),
    0,
  );
  return Math.max(flopsOf(nest) / (isProduct ? PRODUCT_RATE : RATE), bytes / BANDWIDTH);
}

/** The turns of a plan's kernels, of which `may` says whether they can be shared. */
export function turnsOf(
  { kernels, buffers }: Plan,
  nanoseconds: readonly number[],
  may: readonly boolean[],
  worth: Worth,
): readonly Turn[] {
  const shared = may.map((can, i) => can && nanoseconds[i] >= worth.kernel);
  const total = nanoseconds.reduce((sum, ns, i) => sum + (shared[i] ? ns : 0), 0);
  if (!shared.includes(true) || total < worth.step) {
    return kernels.map(() => ({ shared: false, meet: false }));
  }
  const byId = new Map(buffers.map((b) => [b.id, b]));
  // Kernels since all met last; thread 0 does those that are not shared one after the other.
  let open: number[] = [];
  return kernels.map((nest, i) => {
    const meet = open.some((j) => (shared[i] || shared[j]) && collide(nest, kernels[j], byId));
    open = meet ? [i] : [...open, i];
    return { shared: shared[i], meet };
  });
}

type Buffers = ReadonlyMap<number, Buffer>;

/** Does one of two kernels write where the other reads or writes? */
const collide = (a: Nest, b: Nest, byId: Buffers): boolean =>
  touches(a.output, [b.output, ...b.inputs], byId) || touches(b.output, a.inputs, byId);

function touches(id: number, others: readonly number[], byId: Buffers): boolean {
  const buffer = byId.get(id)!;
  return others.some((other) => other === id || overlap(buffer, byId.get(other)!));
}

/** Do two buffers share a place in the arena? */
function overlap(a: Buffer, b: Buffer): boolean {
  if (a.offset === undefined || b.offset === undefined) return false;
  return a.offset < b.offset + sizeOf(b) && b.offset < a.offset + sizeOf(a);
}
