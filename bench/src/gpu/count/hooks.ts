// How calls of the platform's functions are counted, whichever they are.

export type Api = 'webgl' | 'webgl2' | 'webgpu';

export interface Live {
  readonly textures: number;
  readonly buffers: number;
  /** Of both. */
  readonly bytes: number;
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
export const zero = () => ({
  dispatches: { webgl: 0, webgl2: 0, webgpu: 0 },
  ...{ submits: 0, programs: 0, uploads: 0, uploaded: 0, uniforms: 0, copies: 0, reads: 0 },
  read: 0,
});
export type Totals = ReturnType<typeof zero>;

/** Runs a hook after each of these methods; what this gives takes all of that back. */
export function wrap(prototype: object, hooks: Hooks): () => void {
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
export function liveThings() {
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

/** Bytes of a part of data; its place and length are in elements. A length of 0 is the rest. */
export function partBytes(data: unknown, offset = 0, length = 0): number {
  const { byteLength, BYTES_PER_ELEMENT = 1 } = data as Float32Array;
  return length > 0 ? length * BYTES_PER_ELEMENT : byteLength - offset * BYTES_PER_ELEMENT;
}
