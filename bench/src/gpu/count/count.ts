// Counts what a page asks of its GPU, by wrapping the platform's own functions: call it before a
// library keeps a reference to one of them. It must not know any library.
import { type Api, type Hooks, type Live, liveThings, wrap, zero } from './hooks.ts';
import { glHooks } from './webgl.ts';
import { webGpuHooks } from './webgpu.ts';

/** Totals since counting began; `live` is what there is now. */
export interface Counts {
  /** Draw calls and compute dispatches, by the interface that they went through. */
  readonly dispatches: Readonly<Record<Api, number>>;
  /** WebGPU: command buffers handed to the queue, in how many calls. */
  readonly submits: number;
  /** Programs linked and pipelines made. */
  readonly programs: number;
  /** Calls that bring numbers to the device, and their bytes; not single uniforms. */
  readonly uploads: number;
  readonly uploaded: number;
  /** WebGL: calls that set a uniform. */
  readonly uniforms: number;
  /** Copies from buffer to buffer, and between buffers and textures. */
  readonly copies: number;
  /** Calls that fetch numbers from the device, and their bytes. */
  readonly reads: number;
  readonly read: number;
  /** Made and neither deleted nor destroyed: what only a garbage collection may free counts. */
  readonly live: Live;
}

export interface Counter {
  readonly now: () => Counts;
  /** Puts the platform's functions back. */
  readonly stop: () => void;
}

/** Counts from now on what goes through the constructors that `scope` has. */
export function count(scope: object = globalThis): Counter {
  const totals = zero();
  const live = liveThings();
  const undo: (() => void)[] = [];
  const wrapAll = (hooks: Readonly<Record<string, Hooks>>) => {
    for (const [name, methods] of Object.entries(hooks)) {
      const { prototype } = (scope as Record<string, { prototype: object }>)[name] ?? {};
      if (prototype) undo.push(wrap(prototype, methods));
    }
  };
  wrapAll({
    WebGLRenderingContext: glHooks('webgl', totals, live),
    WebGL2RenderingContext: glHooks('webgl2', totals, live),
    ...webGpuHooks(totals, live),
  });
  return {
    now: () => ({ ...structuredClone(totals), live: live.now() }),
    stop: () => {
      for (const one of undo) one();
    },
  };
}
