// What the modes of gpu.js have in common: kernels that keep their output on the device, uploads
// and reads. It knows layouts; it must not know plans.

import type { GpuKind, Layout } from './layout.ts';
import type { GpuKernel, GpuLibrary } from './load.ts';

/** A compiled kernel: each run overwrites its one output, which stays on the device. */
export interface Built {
  /** Until it is fulfilled the kernel has no output and cannot run. */
  ready?: Promise<void>;
  readonly output: unknown;
  run(args: readonly unknown[]): void;
}

/** An array that a kernel reads: how it lies in memory, and the kernel that makes it, if any. */
export interface Source {
  readonly layout: Layout;
  readonly maker?: Built | undefined;
}

/** One open mode. */
export interface Mode {
  /** The adapter or the renderer, for people. */
  readonly label: string;
  /** Arrays that one kernel may read. */
  readonly inputs: number;
  /** Compiles a kernel for inputs like these. */
  build(source: string, output: Layout, inputs: readonly Source[]): Built;
  /** Frees kernels and their outputs. */
  destroy(kernels: readonly Built[]): void;
  /** Puts data in memory order on the device. */
  upload(data: Float32Array, layout: Layout): unknown;
  /** The numbers of a handle as gpu.js shapes them: nested arrays. */
  read(handle: unknown): Promise<unknown>;
  free(handle: unknown): void;
  /** Why nothing here can be trusted any more: it was lost, or had no memory left. */
  fault(): string | undefined;
  /** Throws if it was: gpu.js would answer with old numbers. */
  alive(): void;
  close(): Promise<void>;
}

const kernelClass = {
  webgpu: 'WebGPUKernel',
  webgl2: 'WebGL2Kernel',
  webgl: 'WebGLKernel',
  headlessgl: 'HeadlessGLKernel',
} as const satisfies Record<GpuKind, keyof GpuLibrary>;

/** gpu.js falls back to a CPU without an error: throws unless this kernel really runs as asked. */
export function assertMode(kernel: GpuKernel, kind: GpuKind, library: GpuLibrary): void {
  if (kernel.kernel.constructor === library[kernelClass[kind]]) return;
  const mode = (kernel.kernel.constructor as { readonly mode?: string }).mode;
  const why = kernel.fallbackReason ? `: ${kernel.fallbackReason}` : '';
  throw new Error(`gpu.js ran this kernel in its mode ${mode} instead of ${kind}${why}`);
}

/** The settings of every kernel; the precision of a phone's `lowp` would not do. */
export const settings = (output: Layout) => ({
  output: [...output.output],
  pipeline: true,
  precision: 'single',
  tactic: 'precision',
  returnType: 'Number',
  fixIntegerDivisionAccuracy: false,
});

/** What gpu.js shapes as a list, rows or planes, as one array. */
export function flat(nested: unknown, size: number): Float32Array {
  const out = new Float32Array(size);
  let at = 0;
  const take = (part: unknown) => {
    if (part instanceof Float32Array) {
      out.set(part.subarray(0, size - at), at);
      at += part.length;
    } else for (const inner of part as readonly unknown[]) take(inner);
  };
  take(nested);
  return out;
}
