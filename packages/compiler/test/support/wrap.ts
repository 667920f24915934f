// Stands between a platform's own interface and who calls it.

export type Method = (this: object, ...args: unknown[]) => unknown;

/**
 * Puts what `around` makes of a method in its place, if the platform has it; what this returns
 * puts it back.
 */
export function wrap(
  name: string,
  method: string,
  around: (real: Method) => Method,
): (() => void) | undefined {
  const scope = globalThis as unknown as Record<string, { prototype: Record<string, Method> }>;
  const prototype = scope[name]?.prototype;
  const real = prototype?.[method];
  if (!prototype || !real) return undefined;
  prototype[method] = around(real);
  return () => {
    prototype[method] = real;
  };
}
