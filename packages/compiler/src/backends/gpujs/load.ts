// The one file that imports gpu.js, and only when asked. It says which parts of gpu.js we rely on;
// it must not know programs or devices.

/** A kernel as gpu.js makes it: a function that runs it, with the compiled kernel beside. */
export interface GpuKernel {
  (...args: readonly unknown[]): unknown;
  readonly build: (...args: readonly unknown[]) => unknown;
  readonly destroy: () => void;
  /** What runs now: gpu.js replaces it silently when it falls back to another mode. */
  readonly kernel: InnerKernel;
  readonly fallbackReason?: string | null;
}

/** What a compiled kernel is made of. */
export interface InnerKernel {
  readonly constructor: unknown;
  readonly context?: unknown;
  readonly program?: unknown;
  /** Where it draws to. It attaches others if it is told that they were switched. */
  texture?: GpuTexture;
  _textureSwitched?: boolean;
  mappedTextures?: readonly GpuTexture[] | null;
  readonly framebuffer?: unknown;
}

/** One instance of gpu.js: one WebGL context. */
export interface GpuInstance {
  createKernel(source: string, settings: Record<string, unknown>): GpuKernel;
  /** A kernel of several results: those of the sub-kernels that it calls are further ones. */
  createKernelMap(
    subKernels: Readonly<Record<string, string>>,
    source: string,
    settings: Record<string, unknown>,
  ): GpuKernel;
  destroy(): Promise<void>;
}

/** A texture as gpu.js knows it. */
export interface GpuTexture {
  readonly texture: unknown;
  /** Texels across and down, if it is one of ours. */
  readonly output: readonly number[];
  readonly internalFormat: number;
  readonly textureFormat: number;
  delete(): void;
}

/** What we use of a GPUBuffer. */
export interface WebGpuBuffer {
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}

/** What we use of a GPUCommandEncoder. */
interface WebGpuEncoder {
  beginComputePass(): {
    setPipeline(pipeline: unknown): void;
    setBindGroup(index: number, group: unknown): void;
    dispatchWorkgroups(x: number, y: number): void;
    end(): void;
  };
  copyBufferToBuffer(
    from: WebGpuBuffer,
    offset: number,
    to: WebGpuBuffer,
    start: number,
    bytes: number,
  ): void;
  finish(): unknown;
}

/** What we use of a GPUShaderModule. */
export interface WebGpuModule {
  getCompilationInfo(): Promise<{
    readonly messages: readonly {
      readonly type: string;
      readonly lineNum: number;
      readonly message: string;
    }[];
  }>;
}

/** Hears of what failed later than its call. */
export type WebGpuErrors = (event: { readonly error: { readonly message: string } }) => void;

/** The WebGPU device that every kernel of a page shares. */
export interface WebGpuContext {
  readonly isLost: boolean;
  readonly adapter: { readonly info?: Readonly<Record<string, unknown>> };
  readonly device: {
    readonly limits: Readonly<Record<string, number>>;
    readonly queue: { submit(work: readonly unknown[]): void };
    createBuffer(settings: {
      size: number;
      usage: number;
      mappedAtCreation?: boolean;
    }): WebGpuBuffer;
    pushErrorScope(filter: 'validation'): void;
    popErrorScope(): Promise<unknown>;
    createShaderModule(settings: { code: string }): WebGpuModule;
    createBindGroupLayout(settings: object): unknown;
    createPipelineLayout(settings: object): unknown;
    createComputePipelineAsync(settings: object): Promise<unknown>;
    createBindGroup(settings: object): unknown;
    createCommandEncoder(): WebGpuEncoder;
    /** Dawn for Node may lack it. */
    addEventListener?(type: 'uncapturederror', listen: WebGpuErrors): void;
    removeEventListener?(type: 'uncapturederror', listen: WebGpuErrors): void;
  };
}

/** The parts of gpu.js that we use. */
export interface GpuLibrary {
  readonly GPU: new (settings: { readonly mode: string }) => GpuInstance;
  readonly WebGPUContext: { acquire(): Promise<WebGpuContext> };
  readonly WebGL2Kernel: unknown;
  readonly WebGLKernel: unknown;
  readonly HeadlessGLKernel: unknown;
}

/** Imports gpu.js. Throws in words a user understands when it is not there. */
export async function loadGpujs(): Promise<GpuLibrary> {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'GPU');
  const found = await imported();
  // In a page gpu.js replaces the global GPU, which is WebGPU's own interface: put it back. A call
  // that came while another one was loading may have seen gpu.js's; the other one puts it right.
  if (!isGpujs(before?.value)) {
    if (before) Object.defineProperty(globalThis, 'GPU', before);
    else Reflect.deleteProperty(globalThis, 'GPU');
  }
  // CommonJS: everything is on the default export.
  const library = (found.default ?? found) as GpuLibrary;
  if (typeof library.GPU === 'function') return library;
  throw new Error('the package gpu.js has no class GPU; chainrule needs gpu.js 2.24.1 or later');
}

/** Is this what gpu.js puts in the place of the global GPU? */
const isGpujs = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'GPU' in value;

async function imported(): Promise<{ readonly default?: unknown }> {
  try {
    return await import('gpu.js');
  } catch (cause) {
    throw new Error('gpu.js is not installed (npm install gpu.js --omit=optional)', { cause });
  }
}
