// Counts what lives on the GPU, by standing between gpu.js and the platform's own interfaces.

import { type Method, wrap } from './wrap.ts';

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
  const hook = (name: string, method: string, around: (real: Method) => Method) => {
    const back = wrap(name, method, around);
    if (back) undo.push(back);
  };
  for (const [from, makes, frees, on] of pairs) {
    hook(
      from,
      makes,
      (real) =>
        function (this: object, ...args) {
          const made = real.apply(this, args);
          objects.add(made);
          return made;
        },
    );
    hook(
      on,
      frees,
      (real) =>
        function (this: object, ...args) {
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
