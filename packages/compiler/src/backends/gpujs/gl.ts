// The three WebGL modes of gpu.js: textures, compiled and run synchronously. It knows what WebGL
// breaks silently; it must not know plans.

import type { GpuKind, Layout } from './layout.ts';
import type { GpuHandle, GpuInstance, GpuKernel, GpuLibrary } from './load.ts';
import { assertMode, type Built, type Mode, settings } from './mode.ts';
import { rendererOf } from './probe.ts';

type GlKind = Exclude<GpuKind, 'webgpu'>;

interface GlBuilt extends Built {
  readonly output: GpuHandle;
  readonly kernel: GpuKernel;
}

/** Opens one WebGL context through gpu.js. */
export function openGl(library: GpuLibrary, kind: GlKind): Mode {
  const gpu = new library.GPU({ mode: kind });
  const compile = createCompiler(gpu, library, kind);
  let anchor = compile(ANCHOR, scalar, []);
  const gl = anchor.kernel.kernel.context as WebGLRenderingContext;
  const uploaders = createUploaders(gpu, library, kind);
  let closed = false;
  let full = false;
  const fault = (): string | undefined => {
    if (gl.isContextLost()) return `the ${kind} context was lost`;
    // Each kind of error is told once.
    for (let error = gl.getError(); error !== gl.NO_ERROR && !full; error = gl.getError()) {
      full = error === gl.OUT_OF_MEMORY;
    }
    return full ? `${kind} is out of memory` : undefined;
  };

  return {
    label: rendererOf(gl),
    // 14 leaves one unit for the output and one that gpu.js uses itself.
    inputs: Math.min(14, (gl.getParameter(gl.MAX_TEXTURE_IMAGE_UNITS) as number) - 2),
    build: (source, output, inputs) => {
      // gpu.js compiles for the textures it is shown, so it is shown one of each layout.
      const samples = inputs.map(({ layout, maker }) => maker?.output ?? uploaders.sample(layout));
      const built = compile(source, output, samples);
      for (const [i, { maker }] of inputs.entries()) {
        if (!maker) (samples[i] as GpuHandle).delete();
      }
      return built;
    },
    destroy: (kernels) => {
      if (closed) return;
      for (const { kernel } of kernels as readonly GlBuilt[]) kernel.destroy();
      // gpu.js binds the vertices of a kernel when it compiles it, never again. Deleting the
      // kernel compiled last leaves all others drawing nothing: let a new one be the last.
      const old = anchor;
      anchor = compile(ANCHOR, scalar, []);
      old.kernel.destroy();
    },
    upload: (data, layout) => uploaders.upload(data, layout),
    read: async (handle) => (handle as GpuHandle).toArray(),
    free: (handle) => (handle as GpuHandle).delete(),
    fault,
    // Asks only whether it is lost: looking for errors would wait for the GPU at every step.
    alive: () => {
      if (gl.isContextLost()) throw new Error(`the ${kind} context was lost`);
    },
    close: () => {
      closed = true;
      return gpu.destroy();
    },
  };
}

const ANCHOR = 'function () { return 1.0; }';
const scalar: Layout = { memory: [], groups: [], output: [1], threads: [] };

/** Compiles without drawing: the texture of the output exists from then on. */
function createCompiler(gpu: GpuInstance, library: GpuLibrary, kind: GlKind) {
  return (source: string, output: Layout, samples: readonly unknown[]): GlBuilt => {
    const kernel = gpu.createKernel(source, settings(output));
    try {
      kernel.build(...samples);
      assertMode(kernel, kind, library);
      checkProgram(kernel);
    } catch (cause) {
      kernel.destroy();
      throw cause;
    }
    const texture = kernel.kernel.renderOutput!() as GpuHandle;
    const run = (args: readonly unknown[]) => {
      if (kernel(...args) !== texture) throw new Error('gpu.js has replaced a compiled kernel');
    };
    return { kernel, output: texture, run };
  };
}

/** gpu.js asks whether shaders compile, not whether they link. */
function checkProgram({ kernel }: GpuKernel): void {
  const gl = kernel.context as WebGLRenderingContext;
  const program = kernel.program as WebGLProgram;
  if (gl.getProgramParameter(program, gl.LINK_STATUS)) return;
  throw new Error(`the shaders do not link: ${gl.getProgramInfoLog(program)}`);
}

/** Uploads go through a kernel that copies, so that other kernels only ever see textures. */
function createUploaders(gpu: GpuInstance, library: GpuLibrary, kind: GlKind) {
  const kernels = new Map<string, GpuKernel>();
  const input = (data: Float32Array, { output }: Layout) => new library.Input(data, output);
  const find = (layout: Layout) => {
    const key = layout.output.join('x');
    const found = kernels.get(key);
    if (found) return found;
    // immutable: each upload has its own texture, which `free` deletes.
    const kernel = gpu.createKernel(copySource(layout), { ...settings(layout), immutable: true });
    kernel.build(input(new Float32Array(layout.output.reduce((n, size) => n * size, 1)), layout));
    assertMode(kernel, kind, library);
    kernels.set(key, kernel);
    return kernel;
  };
  return {
    /** A texture like those that `upload` makes; to be deleted. */
    sample: (layout: Layout) => find(layout).kernel.renderOutput!() as GpuHandle,
    upload: (data: Float32Array, layout: Layout) => find(layout)(input(data, layout)),
  };
}

function copySource({ output }: Layout): string {
  const subscripts = ['[this.thread.z]', '[this.thread.y]', '[this.thread.x]'];
  return `function (b0) { return b0${subscripts.slice(3 - output.length).join('')}; }`;
}
