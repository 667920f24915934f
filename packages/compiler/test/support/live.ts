// Counts what lives on the GPU, by standing between gpu.js and the platform's own interfaces.

type Method = (this: unknown, ...args: unknown[]) => unknown;
type Prototype = Record<string, Method>;

const pairs: readonly (readonly [from: string, makes: string, frees: string, on: string])[] = [
  ...['WebGLRenderingContext', 'WebGL2RenderingContext'].flatMap((gl) =>
    ['Texture', 'Buffer', 'Framebuffer', 'Program', 'Shader'].map(
      (what) => [gl, `create${what}`, `delete${what}`, gl] as const,
    ),
  ),
  ['GPUDevice', 'createBuffer', 'destroy', 'GPUBuffer'],
];

/**
 * Starts to count: `live()` is how many objects were made and not freed since. `sees` is false
 * where the platform has none of these interfaces (headless-gl keeps its own).
 */
export function countLive(): { readonly sees: boolean; live(): number; stop(): void } {
  const objects = new Set<unknown>();
  const undo: (() => void)[] = [];
  const wrap = (name: string, method: string, around: (real: Method) => Method) => {
    const prototype = (globalThis as unknown as Record<string, { prototype: Prototype }>)[name]
      ?.prototype;
    const real = prototype?.[method];
    if (!prototype || !real) return;
    prototype[method] = around(real);
    undo.push(() => {
      prototype[method] = real;
    });
  };
  for (const [from, makes, frees, on] of pairs) {
    wrap(
      from,
      makes,
      (real) =>
        function (this: unknown, ...args) {
          const made = real.apply(this, args);
          objects.add(made);
          return made;
        },
    );
    wrap(
      on,
      frees,
      (real) =>
        function (this: unknown, ...args) {
          objects.delete(on === from ? args[0] : this);
          return real.apply(this, args);
        },
    );
  }
  return {
    sees: undo.length > 0,
    live: () => objects.size,
    stop: () => undo.forEach((back) => void back()),
  };
}
