// The receipt of a program: what runs, how much work it is, what memory it takes.
import { machine } from './machine.ts';
import { type Buffer, expressions, type Nest, sizeOf } from './nest.ts';
import type { Planned } from './plan.ts';

/** One kernel of a step. */
export interface KernelReport {
  readonly name: string;
  readonly shape: readonly number[];
  /** Floating-point operations; an exp counts as its price in the machine table. */
  readonly flops: number;
  /** Bytes read and written, each buffer once. */
  readonly bytes: number;
  /** Why the kernel ends where it does. */
  readonly stop: string;
}

/** What a session does in one step. */
export interface Report {
  readonly kernels: readonly KernelReport[];
  readonly flops: number;
  readonly bytes: number;
  /** Bytes; neither what is fed nor what a device needs for itself is counted. */
  readonly memory: {
    /** All that lives across steps: parameters, and second buffers of those that trade places. */
    readonly params: number;
    /** Intermediate values and results: the one arena that they share, where a device has one. */
    readonly temporaries: number;
    /** What these would take if each had a place of its own. */
    readonly withoutReuse: number;
  };
}

const BYTES = 4;

/** Floating-point operations of one run of a nest. */
export function flopsOf(nest: Nest): number {
  const cost = (part: Nest): number =>
    expressions(part).reduce((sum, e) => sum + ('args' in e ? machine[e.op].cost : 0), 0);
  const outputs = sizeOf(nest.axes);
  const { fold, ...rest } = nest;
  if (!fold) return outputs * cost(nest);
  const turns = outputs * sizeOf(fold.axes);
  return turns * (cost({ ...rest, result: fold.body }) + 1) + outputs * cost(rest);
}

/** What people ask about a plan. */
export function reportOf(planned: Planned): Report {
  const byId = new Map(planned.buffers.map((b) => [b.id, b]));
  const bytes = (ids: readonly number[]): number =>
    ids.reduce((sum, id) => sum + BYTES * sizeOf(byId.get(id)!.shape), 0);
  const kernels = planned.kernels.map((nest) => ({
    name: nest.name,
    shape: nest.axes,
    flops: flopsOf(nest),
    bytes: bytes([...nest.inputs, nest.output]),
    stop: planned.stops[nest.name] ?? '',
  }));
  const total = (pick: (k: KernelReport) => number): number =>
    kernels.reduce((sum, k) => sum + pick(k), 0);
  const held = (roles: readonly Buffer['role'][]): number =>
    bytes(planned.buffers.filter((b) => roles.includes(b.role)).map((b) => b.id));
  return {
    kernels,
    flops: total((k) => k.flops),
    bytes: total((k) => k.bytes),
    memory: {
      params: held(['param', 'next']),
      temporaries: planned.arena > 0 ? BYTES * planned.arena : held(['temp', 'output']),
      withoutReuse: held(['temp', 'output']),
    },
  };
}
