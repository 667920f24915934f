// Counts what a page asks of its GPU, by wrapping the platform's own functions: call it before a
// library keeps a reference to one of them. It must not know any library.
import { glHooks } from './count-gl.ts';
import { webGpuHooks } from './count-webgpu.ts';

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

export type Api = 'webgl' | 'webgl2' | 'webgpu';

export interface Live {
  readonly textures: number;
  readonly buffers: number;
  /** Of both. */
  readonly bytes: number;
}

export interface Counter {
  readonly now: () => Counts;
  /** Puts the platform's functions back. */
  readonly stop: () => void;
}

/** One call of a function of the platform, which has returned. */
export interface Call {
  readonly self: object;
  readonly args: readonly unknown[];
  readonly result: unknown;
}
/** What is done after each call of a function, by its name. */
export type Hooks = Readonly<Record<string, (call: Call) => void>>;
/** What can be live. */
export type Kind = 'textures' | 'buffers';

/** Names that share a hook. */
export const each = (names: readonly string[], hook: (call: Call) => void): Hooks =>
  Object.fromEntries(names.map((name) => [name, hook]));

/** Totals while they grow. */
const zero = () => ({
  dispatches: { webgl: 0, webgl2: 0, webgpu: 0 },
  ...{ submits: 0, programs: 0, uploads: 0, uploaded: 0, uniforms: 0, copies: 0, reads: 0 },
  read: 0,
});
export type Totals = ReturnType<typeof zero>;

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

/** Runs a hook after each of these methods; what this gives takes all of that back. */
function wrap(prototype: object, hooks: Hooks): () => void {
  const methods = prototype as Record<string, (...args: unknown[]) => unknown>;
  const own = Object.keys(hooks).filter((name) => typeof methods[name] === 'function');
  const before = own.map((name) => [name, methods[name]!] as const);
  for (const [name, method] of before) {
    const hook = hooks[name]!;
    methods[name] = function (this: object, ...args) {
      const result = method.apply(this, args);
      hook({ self: this, args, result });
      return result;
    };
  }
  return () => {
    for (const [name, method] of before) methods[name] = method;
  };
}

/** What there is, with its bytes. */
function liveThings() {
  const bytesOf = new WeakMap<object, number>();
  const kindOf = new WeakMap<object, Kind>();
  const total = { textures: 0, buffers: 0, bytes: 0 };
  const resize = (thing: object, bytes: number) => {
    total.bytes += bytes - (bytesOf.get(thing) ?? 0);
    bytesOf.set(thing, bytes);
  };
  return {
    now: (): Live => ({ ...total }),
    made: (kind: Kind, thing: unknown, bytes = 0) => {
      if (typeof thing !== 'object' || thing === null) return;
      kindOf.set(thing, kind);
      total[kind]++;
      resize(thing, bytes);
    },
    resized: (thing: unknown, bytes: number) => {
      if (kindOf.has(thing as object)) resize(thing as object, bytes);
    },
    /** Freeing twice, or nothing, is allowed on all interfaces. */
    freed: (thing: unknown) => {
      const kind = kindOf.get(thing as object);
      if (!kind) return;
      resize(thing as object, 0);
      total[kind]--;
      kindOf.delete(thing as object);
    },
  };
}
export type LiveThings = ReturnType<typeof liveThings>;

/** Bytes of a buffer's part that is given in elements of a view. */
export function partBytes(data: unknown, offset = 0, length?: number): number {
  if (!ArrayBuffer.isView(data)) return (data as ArrayBuffer).byteLength;
  const unit = (data as unknown as Float32Array).BYTES_PER_ELEMENT ?? 1;
  return length ? length * unit : data.byteLength - offset * unit;
}
