// The receipt of a program: what runs, how much work it is, what memory it takes.

import type { Executable } from './executable.ts';
import { machine } from './machine.ts';
import {
  type Buffer,
  type Expr,
  expressionsIn,
  lineOf,
  type Nest,
  outputsOf,
  resultsOf,
  sizeOf,
} from './nest.ts';
import { backupSize } from './placement/backup.ts';

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
  /** Threads that share the kernels, once they have started. */
  readonly threads: number;
  /** Why it is one only where there could be several: the workers could not load the program. */
  readonly alone?: string;
  /** Bytes; what is fed is not counted. */
  readonly memory: {
    /** All that lives across steps: parameters, and second buffers of those that trade places. */
    readonly params: number;
    /** Intermediate values and results: the one arena that they share, where a device has one. */
    readonly temporaries: number;
    /** What the device needs for itself, such as factors of products packed for each thread. */
    readonly scratch: number;
    /**
     * A copy of what steps change, and what single ones were fed since: kept where threads share
     * them, in case that a thread ends.
     */
    readonly backup: number;
    /** All of these: what the session holds. */
    readonly peak: number;
    /** What these would take if each had a place of its own. */
    readonly withoutReuse: number;
  };
}

const BYTES = 4;

/** Floating-point operations of one run of a nest. */
export function flopsOf(nest: Nest): number {
  const cost = (roots: readonly Expr[]): number =>
    expressionsIn(roots).reduce((sum, e) => sum + ('args' in e ? machine[e.op].cost : 0), 0);
  const outer = sizeOf(nest.axes);
  const stored = outer * cost(resultsOf(nest).map((r) => r.result));
  const { fold, across } = nest;
  const folded = fold ? sizeOf(fold.axes) * (cost([fold.body]) + 1) : 0;
  const line = across ? lineOf(nest) * (folded + cost([across.body]) + 1) : 0;
  return outer * (folded + line) + stored;
}

/** What people ask about a program, and about the session that has it. */
export function reportOf({ planned, program, loaded }: Executable, every: number): Report {
  const byId = new Map(planned.buffers.map((b) => [b.id, b]));
  const bytes = (ids: readonly number[]): number =>
    ids.reduce((sum, id) => sum + BYTES * sizeOf(byId.get(id)!.shape), 0);
  const kernels = planned.kernels.map((nest) => ({
    name: nest.name,
    shape: nest.axes,
    flops: flopsOf(nest),
    bytes: bytes([...nest.inputs, ...outputsOf(nest)]),
    stop: planned.stops[nest.name] ?? '',
  }));
  const total = (pick: (k: KernelReport) => number): number =>
    kernels.reduce((sum, k) => sum + pick(k), 0);
  const held = (roles: readonly Buffer['role'][]): number =>
    bytes(planned.buffers.filter((b) => roles.includes(b.role)).map((b) => b.id));
  const params = held(['param', 'next']);
  const withoutReuse = held(['temp', 'output']);
  const temporaries = planned.arena > 0 ? BYTES * planned.arena : withoutReuse;
  const { threads = 1, scratch = 0 } = program;
  const alone = loaded.whyAlone?.();
  const inPlace = planned.kernels
    .flatMap(outputsOf)
    .filter((id) => byId.get(id)!.role === 'param');
  const changed = [...inPlace, ...planned.swaps.map(({ param }) => param)];
  const fed = bytes(planned.inputs.map(({ id }) => id));
  const backup = threads > 1 ? backupSize(bytes(changed), fed, every) : 0;
  const peak = params + temporaries + scratch + backup;
  return {
    kernels,
    flops: total((k) => k.flops),
    bytes: total((k) => k.bytes),
    threads: alone === undefined ? threads : 1,
    ...(alone !== undefined && { alone }),
    memory: { params, temporaries, scratch, backup, peak, withoutReuse },
  };
}
