// Asks the platform which GPU interfaces it really has, in order, and why not. It must not load
// gpu.js: a page without a GPU should not pay for it.
import type { Refusal } from '../../device.ts';
import type { GpuKind } from './layout.ts';

/** A mode that this platform seems able to run. */
export interface Usable {
  readonly kind: GpuKind;
  /** The adapter or renderer. */
  readonly label: string;
  /** Is it a CPU that imitates a GPU? Then it is slower than the CPU itself. */
  readonly software: boolean;
}

type Answer = Omit<Usable, 'kind'> | string;

const probes = {
  webgpu: probeWebGpu,
  webgl2: async () => probeGl('webgl2', 'EXT_color_buffer_float'),
  webgl: async () => probeGl('webgl', 'OES_texture_float'),
  headlessgl: probeHeadless,
} as const satisfies Record<GpuKind, () => Promise<Answer>>;

/** All of them, best first. */
const ALL = Object.keys(probes) as GpuKind[];

/** Which modes of gpu.js can run here, best first, and why the others cannot. Never throws. */
export async function probeGpu(
  kinds: readonly GpuKind[] = ALL,
): Promise<{ usable: Usable[]; refused: Refusal[] }> {
  const usable: Usable[] = [];
  const refused: Refusal[] = [];
  for (const kind of kinds) {
    const answer = await probes[kind]().catch((error: unknown) => `asking failed: ${error}`);
    if (typeof answer === 'string') refused.push({ kind, why: answer });
    else usable.push({ kind, ...answer });
  }
  return { usable, refused };
}

interface Adapter {
  readonly info?: Readonly<Record<string, unknown>>;
  readonly isFallbackAdapter?: boolean;
}
interface WebGpu {
  requestAdapter(): Promise<Adapter | null>;
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|software|basic render|\bwarp\b/i;

async function probeWebGpu(): Promise<Answer> {
  const { navigator } = globalThis as { navigator?: { gpu?: WebGpu } };
  if (!navigator?.gpu) return inNode() ? NO_NODE_WEBGPU : NO_WEBGPU;
  const adapter = await navigator.gpu.requestAdapter();
  if (!adapter) return 'WebGPU is there, but it has no adapter: no GPU, or one that is blocked';
  const label = adapterLabel(adapter);
  const fallback = adapter.isFallbackAdapter ?? adapter.info?.['isFallbackAdapter'] ?? false;
  return { label, software: fallback === true || SOFTWARE.test(label) };
}

const NO_WEBGPU = 'this browser has no WebGPU (navigator.gpu)';
const NO_NODE_WEBGPU =
  'Node has no WebGPU; the npm package webgpu adds it (navigator.gpu = create([]))';

/** What an adapter says it is. */
export function adapterLabel({ info }: Adapter): string {
  const said = ['vendor', 'architecture', 'device', 'description'].map((key) => info?.[key]);
  const words = said.filter((word) => typeof word === 'string' && word !== '');
  return words.length > 0 ? [...new Set(words)].join(' ') : 'an adapter that does not say';
}

function probeGl(name: 'webgl' | 'webgl2', extension: string): Answer {
  const canvas = newCanvas();
  if (!canvas) return `${inNode() ? 'Node' : 'this worker'} has no canvas to draw on`;
  const gl = canvas.getContext(name) as WebGLRenderingContext | null;
  if (!gl) return `this browser gives no ${name} context: none is left, or it is blocked`;
  try {
    if (!gl.getExtension(extension)) return `${rendererOf(gl)} has no float textures`;
    const label = rendererOf(gl);
    return { label, software: SOFTWARE.test(label) };
  } finally {
    // A page has few contexts, and this one has answered.
    gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}

function newCanvas(): HTMLCanvasElement | OffscreenCanvas | undefined {
  if (typeof document !== 'undefined') return document.createElement('canvas');
  return typeof OffscreenCanvas === 'undefined' ? undefined : new OffscreenCanvas(1, 1);
}

/** What a WebGL context says it draws with. */
export function rendererOf(gl: WebGLRenderingContext): string {
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  return String(gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
}

interface NodeProcess {
  readonly versions?: { readonly node?: string };
  getBuiltinModule?(name: string): { createRequire(from: string): NodeRequire };
}
interface NodeRequire {
  (name: string): unknown;
  resolve(name: string): string;
}
type CreateHeadless = (width: number, height: number) => WebGLRenderingContext | null;

const nodeProcess = () => (globalThis as { process?: NodeProcess }).process;
const inNode = () => nodeProcess()?.versions?.node !== undefined;

async function probeHeadless(): Promise<Answer> {
  if (!inNode()) return 'it is for Node; a browser has its own WebGL';
  const create = findHeadless();
  if (!create) return 'the native package gl, which gpu.js installs optionally, is not installed';
  const gl = create(1, 1);
  if (!gl) return 'the package gl gives no context: it needs an X display (xvfb-run)';
  const label = `${rendererOf(gl)} of headless-gl`;
  (gl.getExtension('STACKGL_destroy_context') as { destroy(): void } | null)?.destroy();
  // It does not say what draws. On the display of a server (xvfb) that is always the CPU.
  return { label, software: true };
}

/** The package gl as gpu.js would find it. Not an import: bundlers would follow that. */
function findHeadless(): CreateHeadless | undefined {
  try {
    const { createRequire } = nodeProcess()!.getBuiltinModule!('module');
    const gpujs = createRequire(import.meta.url).resolve('gpu.js');
    return createRequire(gpujs)('gl') as CreateHeadless;
  } catch {
    return undefined;
  }
}
