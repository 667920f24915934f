// The three WebGL modes of gpu.js: textures of four floats, compiled and run synchronously.
// It knows what WebGL breaks silently; it must not know plans.

import { BODY, furtherName } from './around.ts';
import { type GpuKind, type Layout, padded, unpadded } from './layout.ts';
import type { GpuInstance, GpuKernel, GpuLibrary, GpuTexture } from './load.ts';
import type { Call, Compiled, Mode, Request } from './mode.ts';
import { rendererOf } from './probe.ts';
import type { Threads } from './threads.ts';

/** The modes of gpu.js that draw. */
type GlKind = Exclude<GpuKind, 'webgpu'>;

const kernelClass = {
  webgl2: 'WebGL2Kernel',
  webgl: 'WebGLKernel',
  headlessgl: 'HeadlessGLKernel',
} as const satisfies Record<GlKind, keyof GpuLibrary>;

/** gpu.js falls back to a CPU without an error: throws unless this kernel really runs as asked. */
export function assertMode(kernel: GpuKernel, kind: GlKind, library: GpuLibrary): void {
  if (kernel.kernel.constructor === library[kernelClass[kind]]) return;
  const mode = (kernel.kernel.constructor as { readonly mode?: string }).mode;
  const why = kernel.fallbackReason ? `: ${kernel.fallbackReason}` : '';
  throw new Error(`gpu.js ran this kernel in its mode ${mode} instead of ${kind}${why}`);
}

/** What every kernel has in common. The precision of a phone's `lowp` would not do. */
const SETTINGS = {
  pipeline: true,
  precision: 'single',
  tactic: 'precision',
  fixIntegerDivisionAccuracy: false,
} as const;

/** The names by which a kernel of gpu.js calls its arguments. */
const argumentNames = (inputs: number): string =>
  Array.from({ length: inputs }, (_, i) => `b${i}`).join(', ');

interface GlKernel extends Compiled {
  readonly run: GpuKernel;
  readonly threads: Threads;
}

/** Opens one WebGL context through gpu.js. */
export function openGl(library: GpuLibrary, kind: GlKind): Mode {
  const gpu = new library.GPU({ mode: kind });
  const compiled = (request: Request, sample: unknown) =>
    compile(gpu, library, kind, request, sample);
  let anchor = compiled(ANCHOR, undefined);
  const gl = anchor.run.kernel.context as WebGL2RenderingContext;
  const textures = createTextures(gl, anchor.run);
  const framebuffer = gl.createFramebuffer();
  const sample = textures.make(TEXEL, null);
  const inputs = (gl.getParameter(gl.MAX_TEXTURE_IMAGE_UNITS) as number) - 2;
  const targets = mostTargets(gl);
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
    space: {
      ...{ kind, side: gl.getParameter(gl.MAX_TEXTURE_SIZE) as number },
      // WebGL 1 can copy from the first target only.
      ...(kind === 'webgl2' && { targets }),
    },
    // 14 leaves one unit for the output and one that gpu.js uses itself.
    inputs: Math.min(14, inputs),
    outputs: Math.min(4, targets),
    compile: (request) => compiled(request, sample),
    destroy: (kernels) => {
      if (closed) return;
      for (const { run } of kernels as readonly GlKernel[]) run.destroy();
      // gpu.js binds the vertices of a kernel when it compiles it, never again. Deleting the
      // kernel compiled last leaves all others drawing nothing: let a new one be the last.
      const old = anchor;
      anchor = compiled(ANCHOR, undefined);
      old.run.destroy();
    },
    allocate: (layout, count) => Array.from({ length: count }, () => textures.make(layout, null)),
    run: (calls) => {
      for (const call of calls) draw(gl, call);
    },
    upload: (data, layout) => textures.make(layout, padded(data, layout)),
    read: async (handle, layout) =>
      unpadded(await readTexels(gl, framebuffer, handle as GpuTexture, layout), layout),
    free: (handles) => {
      if (closed) return;
      for (const handle of handles)
        gl.deleteTexture((handle as GpuTexture).texture as WebGLTexture);
    },
    fault,
    // Does not look for errors: that would wait for the GPU at every step.
    alive: () => {
      const why = gl.isContextLost() || full ? fault() : undefined;
      if (why !== undefined) throw new Error(why);
    },
    close: () => {
      closed = true;
      return gpu.destroy();
    },
  };
}

/** A kernel of one texel. */
const ANCHOR: Request = {
  source: `vec4 ${BODY}() { return vec4(1.0); }`,
  threads: { tile: [1, 1], columns: 1, rows: 1, grid: [1, 1] },
  inputs: 0,
  outputs: 1,
};
/** What it writes, and a texture to show when a kernel is compiled. */
const TEXEL: Layout = { dims: [], width: 1, rows: 1, grid: [1, 1] };

/** Textures that a kernel draws to: for each result, and each row that a thread computes of it. */
const targetsOf = ({ outputs, threads: { tile } }: Request): number => outputs * tile[1];

/** Names of the globals in which the body of a kernel leaves what goes to further targets. */
const furtherNames = (targets: number): string[] =>
  Array.from({ length: targets - 1 }, (_, i) => furtherName(i + 1));

/** gpu.js gets the body as a native function with its types, and returns what that returns. */
function settingsOf(request: Request) {
  const { source, threads } = request;
  const native = (name: string, text: string) => {
    return { name, source: text, returnType: 'Array(4)', argumentTypes: {} };
  };
  const further = furtherNames(targetsOf(request));
  return {
    ...SETTINGS,
    output: [...threads.grid],
    returnType: 'Array(4)',
    nativeFunctions: [
      native(BODY, source),
      ...further.map((name) => native(`get_${name}`, `vec4 get_${name}() { return ${name}; }`)),
    ],
    injectedNative: further.map((name) => `vec4 ${name};`).join(' '),
  };
}

/** The source that gpu.js compiles: it calls the body, and passes further results on. */
function callerOf(request: Request): string {
  const names = argumentNames(request.inputs);
  const targets = targetsOf(request);
  if (targets === 1) return `function (${names}) { return ${BODY}(); }`;
  const passed = furtherNames(targets).map((name) => `pass_${name}(get_${name}());`);
  return `function (${names}) { const first = ${BODY}(); ${passed.join(' ')} return first; }`;
}

/** What gpu.js calls sub-kernels: each is a further result. */
const passersOf = (targets: number): Record<string, string> =>
  Object.fromEntries(
    furtherNames(targets).map((name) => [name, `function pass_${name}(value) { return value; }`]),
  );

/** Textures that one draw may write: WebGL 1 has more than one as an extension only. */
function mostTargets(gl: WebGL2RenderingContext): number {
  const extension = gl.getExtension('WEBGL_draw_buffers') as WEBGL_draw_buffers | null;
  const most = extension ? extension.MAX_DRAW_BUFFERS_WEBGL : gl.MAX_DRAW_BUFFERS;
  return most === undefined ? 1 : (gl.getParameter(most) as number);
}

/** Compiles without drawing. gpu.js compiles for the textures it is shown. */
function compile(
  gpu: GpuInstance,
  library: GpuLibrary,
  kind: GlKind,
  request: Request,
  sample: unknown,
): GlKernel {
  const { threads } = request;
  const settings = settingsOf(request);
  const source = callerOf(request);
  const targets = targetsOf(request);
  const run =
    targets === 1
      ? gpu.createKernel(source, settings)
      : gpu.createKernelMap(passersOf(targets), source, settings);
  try {
    run.build(...Array.from({ length: request.inputs }, () => sample));
    assertMode(run, kind, library);
    checkProgram(run);
  } catch (cause) {
    run.destroy();
    throw cause;
  }
  // What it draws goes to textures of our own, at once or in copies.
  const { texture, mappedTextures } = run.kernel;
  if (!copies(threads)) for (const own of [texture!, ...(mappedTextures ?? [])]) own.delete();
  return { run, threads };
}

/** gpu.js asks whether shaders compile, not whether they link. */
function checkProgram({ kernel }: GpuKernel): void {
  const gl = kernel.context as WebGLRenderingContext;
  const program = kernel.program as WebGLProgram;
  if (gl.getProgramParameter(program, gl.LINK_STATUS)) return;
  throw new Error(`the shaders do not link: ${gl.getProgramInfoLog(program)}`);
}

/** Are the targets of a kernel its own, and copied together? */
const copies = ({ tile: [, down] }: Threads): boolean => down > 1;

/**
 * Runs a kernel into these textures. gpu.js attaches the first if told that it is another one,
 * and leaves the further ones attached.
 */
function draw(gl: WebGL2RenderingContext, { kernel, args, results }: Call): void {
  const { run, threads } = kernel as GlKernel;
  const { kernel: inner } = run;
  const textures = results as readonly GpuTexture[];
  const [first, ...further] = textures;
  if (!copies(threads)) {
    inner.texture = first!;
    inner._textureSwitched = true;
    if (further.length > 0) {
      inner.mappedTextures = further;
      gl.bindFramebuffer(gl.FRAMEBUFFER, inner.framebuffer as WebGLFramebuffer);
      further.forEach(({ texture }, i) => void attach(gl, i + 1, texture));
    }
  }
  run(...args);
  if (run.kernel !== inner) throw new Error('gpu.js has replaced a compiled kernel');
  if (copies(threads)) copy(gl, threads, textures);
}

/** Copies what was just drawn, block of rows after block of rows, to where it belongs. */
function copy(
  gl: WebGL2RenderingContext,
  { tile: [, blocks], grid: [across, down] }: Threads,
  results: readonly GpuTexture[],
): void {
  gl.activeTexture(gl.TEXTURE0);
  results.forEach(({ texture, output }, result) => {
    gl.bindTexture(gl.TEXTURE_2D, texture as WebGLTexture);
    for (let block = 0; block < blocks; block++) {
      const start = block * down;
      const rows = Math.min(down, output[1]! - start);
      gl.readBuffer(gl.COLOR_ATTACHMENT0 + block * results.length + result);
      gl.copyTexSubImage2D(gl.TEXTURE_2D, 0, 0, start, 0, 0, across, rows);
    }
  });
}

/** Makes textures as gpu.js knows them. */
function createTextures(gl: WebGL2RenderingContext, maker: GpuKernel) {
  const { kernel } = maker;
  const Texture = kernel.texture!.constructor as new (settings: object) => GpuTexture;
  const { internalFormat, textureFormat } = kernel.texture!;
  return {
    make: ({ grid }: Layout, texels: Float32Array | null): GpuTexture => {
      const texture = gl.createTexture();
      gl.activeTexture(gl.TEXTURE0);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
      gl.pixelStorei(gl.UNPACK_FLIP_Y_WEBGL, false);
      const [across, down] = grid;
      const { TEXTURE_2D, FLOAT } = gl;
      gl.texImage2D(TEXTURE_2D, 0, internalFormat, across, down, 0, textureFormat, FLOAT, texels);
      const size = new Int32Array(grid);
      const dimensions = [across, down, 1];
      const output = [...grid];
      return new Texture({
        ...{ texture, size, dimensions, output },
        ...{ context: gl, internalFormat, textureFormat, kernel },
      });
    },
  };
}

/** Lets the framebuffer that is bound draw to, or read from, a texture. */
function attach(gl: WebGL2RenderingContext, i: number, texture: unknown): void {
  const { FRAMEBUFFER, TEXTURE_2D, COLOR_ATTACHMENT0 } = gl;
  gl.framebufferTexture2D(
    ...([FRAMEBUFFER, COLOR_ATTACHMENT0 + i, TEXTURE_2D, texture as WebGLTexture, 0] as const),
  );
}

/** Numbers from which on reading in the background is worth turns of the event loop. */
const LARGE = 2 ** 14;

/**
 * The numbers of a texture. WebGL waits for them, and for all that was drawn before; WebGL 2 can
 * copy them in the background, which large ones are worth.
 */
async function readTexels(
  gl: WebGL2RenderingContext,
  framebuffer: WebGLFramebuffer,
  { texture }: GpuTexture,
  { grid: [across, down] }: Layout,
): Promise<Float32Array> {
  const texels = new Float32Array(4 * across * down);
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  attach(gl, 0, texture);
  if (texels.length < LARGE || !('fenceSync' in gl)) {
    gl.readPixels(0, 0, across, down, gl.RGBA, gl.FLOAT, texels);
    return texels;
  }
  const copy = gl.createBuffer();
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, copy);
  gl.bufferData(gl.PIXEL_PACK_BUFFER, texels.byteLength, gl.STREAM_READ);
  gl.readPixels(0, 0, across, down, gl.RGBA, gl.FLOAT, 0);
  // gpu.js reads into arrays, which is an error while this is bound.
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
  await passed(gl, gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0));
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, copy);
  gl.getBufferSubData(gl.PIXEL_PACK_BUFFER, 0, texels);
  gl.bindBuffer(gl.PIXEL_PACK_BUFFER, null);
  gl.deleteBuffer(copy);
  return texels;
}

/** Resolves when the GPU has come to a fence, or has been lost. */
async function passed(gl: WebGL2RenderingContext, fence: WebGLSync | null): Promise<void> {
  if (!fence) return;
  gl.flush();
  while (gl.clientWaitSync(fence, 0, 0) === gl.TIMEOUT_EXPIRED) {
    await new Promise((resolve) => setTimeout(resolve));
  }
  gl.deleteSync(fence);
}
