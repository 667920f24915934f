// The compiled kernels of an open mode: those of equal requests are one.
// It knows requests, and no plan.
import type { Compiled, Mode, Request } from './mode.ts';

/** A compiled kernel in somebody's hands: it stays until it is released. */
export interface Leased {
  readonly kernel: Compiled;
  readonly ready?: Promise<void>;
  release(): void;
}

export interface Kernels {
  lease(request: Request): Leased;
}

/** No kernels yet, on this mode. */
export function createKernels(mode: Mode): Kernels {
  const known = new Map<string, { readonly kernel: Compiled; users: number }>();
  const lease = (request: Request): Leased => {
    const { source, threads, inputs, outputs } = request;
    const key = JSON.stringify([source, threads, inputs, outputs]);
    const entry = known.get(key) ?? { kernel: mode.compile(request), users: 0 };
    known.set(key, entry);
    entry.users++;
    const forget = (): void => {
      if (known.get(key) === entry) known.delete(key);
    };
    // One that does not compile is tried again, even while somebody still holds it.
    entry.kernel.ready?.catch(forget);
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      if (--entry.users > 0) return;
      forget();
      mode.destroy([entry.kernel]);
    };
    const { kernel } = entry;
    return { kernel, release, ...(kernel.ready && { ready: kernel.ready }) };
  };
  return { lease };
}
