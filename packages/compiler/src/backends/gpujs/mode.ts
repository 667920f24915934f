// What the modes of gpu.js have in common: kernels that read and write numbers which stay on the
// device, uploads and reads. It knows layouts; it must not know plans.

import type { Handle } from '../../device.ts';
import type { Layout, Space } from './layout.ts';
import type { Threads } from './threads.ts';

/** What a kernel is compiled from. */
export interface Request {
  /** The function `body` in GLSL, or on WebGPU a module. */
  readonly source: string;
  readonly threads: Threads;
  /** Arrays that it reads, and writes. */
  readonly inputs: number;
  readonly outputs: number;
}

/** A compiled kernel. */
export interface Compiled {
  /** Until it is fulfilled the kernel cannot run. */
  readonly ready?: Promise<void>;
}

/** A kernel to run, what it reads, and where it writes: none of which it reads. */
export interface Call {
  readonly kernel: Compiled;
  readonly args: readonly Handle[];
  readonly results: readonly Handle[];
}

/** One open mode. */
export interface Mode {
  /** The adapter or the renderer, for people. */
  readonly label: string;
  readonly space: Space;
  /** Arrays that one kernel may read, and write. */
  readonly inputs: number;
  readonly outputs: number;
  compile(request: Request): Compiled;
  /** Gives kernels back. */
  destroy(kernels: readonly Compiled[]): void;
  /** Room for the results of one kernel. */
  allocate(layout: Layout, count: number): readonly Handle[];
  /** Runs kernels in order, without waiting for them. */
  run(calls: readonly Call[]): void;
  /** Puts data in memory order on the device. */
  upload(data: Float32Array, layout: Layout): Handle;
  /** A copy of the numbers of a handle in memory order, once what was queued before is done. */
  read(handle: Handle, layout: Layout): Promise<Float32Array>;
  free(handles: readonly Handle[]): void;
  /** Why nothing here can be trusted any more: it was lost, or had no memory left. */
  fault(): string | undefined;
  /** Throws if it was: it would answer with old numbers. */
  alive(): void;
  close(): Promise<void>;
}
