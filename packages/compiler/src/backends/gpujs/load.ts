// The one file that imports gpu.js, and only when asked. It says which parts of gpu.js we rely on;
// it must not know programs or devices.

/** A kernel as gpu.js makes it: a function that runs it, with the compiled kernel beside. */
export interface GpuKernel {
  (...args: readonly unknown[]): unknown;
  readonly build: (...args: readonly unknown[]) => unknown;
  readonly destroy: () => void;
  /** What runs now: gpu.js replaces it silently when it falls back to another mode. */
  readonly kernel: {
    readonly run: (...args: readonly unknown[]) => unknown;
    readonly renderOutput?: () => unknown;
    readonly context?: unknown;
    readonly program?: unknown;
    readonly outputBuffer?: WebGpuBuffer;
    readonly constructor: unknown;
  };
  readonly fallbackReason?: string | null;
}

/** One instance of gpu.js: one WebGL context, or a share of the WebGPU device. */
export interface GpuInstance {
  createKernel(source: string, settings: Record<string, unknown>): GpuKernel;
  destroy(): Promise<void>;
}

/** What we use of a GPUBuffer. */
export interface WebGpuBuffer {
  destroy(): void;
}

/** Hears of what failed later than its call. */
export type WebGpuErrors = (event: { readonly error: { readonly message: string } }) => void;

/** The WebGPU device that every kernel of a page shares. */
export interface WebGpuContext {
  readonly isLost: boolean;
  readonly adapter: { readonly info?: Readonly<Record<string, unknown>> };
  readonly device: {
    readonly limits: Readonly<Record<string, number>>;
    readonly queue: {
      writeBuffer(buffer: WebGpuBuffer, offset: number, data: Float32Array): void;
    };
    createBuffer(settings: { size: number; usage: number }): WebGpuBuffer;
    /** Dawn for Node may lack it. */
    addEventListener?(type: 'uncapturederror', listen: WebGpuErrors): void;
    removeEventListener?(type: 'uncapturederror', listen: WebGpuErrors): void;
  };
}

/** A texture or a buffer with numbers on the device. */
export interface GpuHandle {
  /** Nested arrays; a promise of them on webgpu. */
  toArray(): unknown;
  delete(): void;
}

/** The parts of gpu.js that we use. */
export interface GpuLibrary {
  readonly GPU: new (settings: { readonly mode: string }) => GpuInstance;
  readonly Input: new (data: Float32Array, size: readonly number[]) => unknown;
  readonly WebGPUContext: { acquire(): Promise<WebGpuContext> };
  readonly WebGPUBufferResult: new (settings: {
    readonly buffer: WebGpuBuffer;
    readonly output: readonly number[];
    readonly context: WebGpuContext;
    readonly kernel: unknown;
  }) => GpuHandle & { readonly buffer: WebGpuBuffer };
  readonly WebGPUKernel: unknown;
  readonly WebGL2Kernel: unknown;
  readonly WebGLKernel: unknown;
  readonly HeadlessGLKernel: unknown;
}

/** Imports gpu.js. Throws in words a user understands when it is not there. */
export async function loadGpujs(): Promise<GpuLibrary> {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'GPU');
  const found = await imported();
  // In a page gpu.js replaces the global GPU, which is WebGPU's own interface: put it back.
  if (before) Object.defineProperty(globalThis, 'GPU', before);
  else Reflect.deleteProperty(globalThis, 'GPU');
  // CommonJS: everything is on the default export.
  const library = (found.default ?? found) as GpuLibrary;
  if (typeof library.GPU === 'function') return library;
  throw new Error('the package gpu.js has no class GPU; chainrule needs gpu.js 2.24.1 or later');
}

async function imported(): Promise<{ readonly default?: unknown }> {
  try {
    return await import('gpu.js');
  } catch (cause) {
    throw new Error('gpu.js is not installed (npm install gpu.js --omit=optional)', { cause });
  }
}
