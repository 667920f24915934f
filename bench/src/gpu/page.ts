// The page of the GPU bench: one contender, started and asked from outside. With ?count it counts
// what goes to the GPU, from before the library is there.
import type { Contender, Runner } from '../peers/contender.ts';
import { type LaidOut, type Layout, laidOut, type NetWork, net } from '../peers/works.ts';
import type { GpuName } from './contenders.ts';
import { type Counts, count } from './count/count.ts';

/** What makes a piece of work: the arguments of `net`. */
export type Spec = Parameters<typeof net>;

/** Imports a library; what it gives starts its backend. */
const loaders: Readonly<Record<GpuName, () => Promise<() => Promise<Contender>>>> = {
  'chainrule webgl2': () => chainrule('webgl2'),
  'chainrule webgl': () => chainrule('webgl'),
  'chainrule webgpu': () => chainrule('webgpu'),
  'TensorFlow.js webgl': () => tensorflow('webgl'),
  'TensorFlow.js webgpu': async () => {
    await import('@tensorflow/tfjs-backend-webgpu');
    return tensorflow('webgpu');
  },
  'jax-js webgl': () => jax('webgl'),
  'jax-js webgpu': () => jax('webgpu'),
};

async function chainrule(device: 'webgl2' | 'webgl' | 'webgpu') {
  // What it loads itself when a GPU is asked for; the others have all their code from the start.
  const [library] = await Promise.all([import('../peers/chainrule.ts'), import('gpu.js')]);
  return async () => library.chainrule(device);
}

async function tensorflow(backend: 'webgl' | 'webgpu') {
  const library = await import('../peers/tfjs.ts');
  return () => library.tensorflow(backend);
}

async function jax(device: 'webgl' | 'webgpu') {
  const library = await import('../peers/jax.ts');
  return () => library.jax(device);
}

/** A first step, in milliseconds, the start of the backend being a part of it. */
export interface First {
  /** Before it: fetching and evaluating the code. */
  readonly code: number;
  readonly start: number;
  readonly first: number;
}

/** Answers to what the process that drives the page may ask, in this order. */
function answers() {
  const counter = location.search === '?count' ? count() : undefined;
  let begin: () => Promise<Contender>;
  let code: number;
  let work: NetWork;
  let data: LaidOut;
  let runner: Runner;
  /** The milliseconds that the backend took. */
  const start = async () => {
    const before = performance.now();
    const contender = await begin();
    const ms = performance.now() - before;
    runner = await contender.net!(work, data);
    return ms;
  };
  return {
    load: async (name: GpuName, spec: Spec, layout: Layout) => {
      const before = performance.now();
      begin = await loaders[name]();
      code = performance.now() - before;
      work = net(...spec);
      data = laidOut(work, layout);
    },
    start,
    /** In place of `start`: from a library and data to a cost after one step. */
    first: async (): Promise<First> => {
      const before = performance.now();
      const ms = await start();
      await runner.turns(1);
      await runner.cost!();
      return { code, start: ms, first: performance.now() - before };
    },
    check: () => runner.check(),
    /** Milliseconds of `n` steps and of reading the cost, which waits for them. */
    timed: async (n: number): Promise<number> => {
      const before = performance.now();
      await runner.turns(n);
      await runner.cost!();
      return performance.now() - before;
    },
    counts: (): Counts => counter!.now(),
    close: () => runner.close(),
    renderers,
  };
}

/** What draws and computes here, by interface; or that nothing does. */
async function renderers(): Promise<Record<'webgl2' | 'webgl' | 'webgpu', string>> {
  const adapter = await navigator.gpu?.requestAdapter();
  const { vendor, architecture, description } = adapter?.info ?? {};
  return {
    webgl2: glRenderer('webgl2'),
    webgl: glRenderer('webgl'),
    webgpu: adapter ? [vendor, architecture, description].filter(Boolean).join(' ') : 'none',
  };
}

function glRenderer(kind: 'webgl2' | 'webgl'): string {
  const gl = document.createElement('canvas').getContext(kind) as WebGLRenderingContext | null;
  const info = gl?.getExtension('WEBGL_debug_renderer_info');
  const name = gl ? String(gl.getParameter(info?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER)) : 'none';
  gl?.getExtension('WEBGL_lose_context')?.loseContext();
  return name;
}

export type Bench = ReturnType<typeof answers>;

declare global {
  var bench: Bench;
}
globalThis.bench = answers();
