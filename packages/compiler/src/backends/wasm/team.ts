// Which kernels of a plan threads work on together, and where they must meet. It knows what
// kernels read and write, and estimates what they take; it writes no code.
import { type Buffer, type Nest, outputsOf, sizeOf } from '../../nest.ts';
import { flopsOf } from '../../report.ts';
import { BYTES } from './code.ts';

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
  /** Of a part: to take it costs tens of nanoseconds, to begin it hundreds. */
  readonly part: number;
}
export const WORTH: Worth = { kernel: 8_000, step: 60_000, part: 8_000 };

/** Floating-point operations and bytes in a nanosecond, on one thread. */
const PRODUCT_RATE = 50;
const RATE = 6;
const BANDWIDTH = 30;

/** Buffers by their number. */
type Buffers = ReadonlyMap<number, Buffer>;

/** What a kernel may take on one thread, in nanoseconds: a guess by its arithmetic and memory. */
export function estimate(nest: Nest, isProduct: boolean, buffers: Buffers): number {
  const bytes = [...nest.inputs, ...outputsOf(nest)].reduce(
    (n, id) => n + BYTES * sizeOf(buffers.get(id)!.shape),
    0,
  );
  return Math.max(flopsOf(nest) / (isProduct ? PRODUCT_RATE : RATE), bytes / BANDWIDTH);
}

/**
 * The turns of a plan's kernels.
 * @param may can they be shared?
 */
export function turnsOf(
  kernels: readonly Nest[],
  buffers: Buffers,
  nanoseconds: readonly number[],
  may: readonly boolean[],
  worth: Worth,
): readonly Turn[] {
  const shared = may.map((can, i) => can && nanoseconds[i] >= worth.kernel);
  const total = nanoseconds.reduce((sum, ns, i) => sum + (shared[i] ? ns : 0), 0);
  if (!shared.includes(true) || total < worth.step) {
    return kernels.map(() => ({ shared: false, meet: false }));
  }
  // Kernels since all met last; thread 0 does those that are not shared one after the other.
  let open: number[] = [];
  return kernels.map((nest, i) => {
    const meet = open.some((j) => (shared[i] || shared[j]) && collide(nest, kernels[j], buffers));
    open = meet ? [i] : [...open, i];
    return { shared: shared[i], meet };
  });
}

/** Does one of two kernels write where the other reads or writes? */
const collide = (a: Nest, b: Nest, buffers: Buffers): boolean =>
  outputsOf(a).some((id) => touches(id, [...outputsOf(b), ...b.inputs], buffers)) ||
  outputsOf(b).some((id) => touches(id, a.inputs, buffers));

function touches(id: number, others: readonly number[], buffers: Buffers): boolean {
  const buffer = buffers.get(id)!;
  return others.some((other) => other === id || overlap(buffer, buffers.get(other)!));
}

/** Do two buffers share a place in the arena? */
function overlap(a: Buffer, b: Buffer): boolean {
  if (a.offset === undefined || b.offset === undefined) return false;
  return a.offset < b.offset + sizeOf(b.shape) && b.offset < a.offset + sizeOf(a.shape);
}
