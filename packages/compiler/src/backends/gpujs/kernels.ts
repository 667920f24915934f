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

/** A kernel, and how many have it. */
interface Entry {
  readonly kernel: Compiled;
  users: number;
}

/** No kernels yet, on this mode. */
export function createKernels(mode: Pick<Mode, 'compile' | 'destroy'>): Kernels {
  const known = new Map<string, Entry>();
  const forget = (key: string, entry: Entry): void => {
    if (known.get(key) === entry) known.delete(key);
  };
  const begin = (key: string, request: Request): Entry => {
    const entry = { kernel: mode.compile(request), users: 0 };
    known.set(key, entry);
    // Whoever asks for one that has failed may have better luck.
    entry.kernel.ready?.catch(() => forget(key, entry));
    return entry;
  };
  const lease = (request: Request): Leased => {
    const { source, threads, inputs, outputs } = request;
    const key = JSON.stringify([source, threads, inputs, outputs]);
    const entry = known.get(key) ?? begin(key, request);
    entry.users++;
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      if (--entry.users > 0) return;
      forget(key, entry);
      mode.destroy([entry.kernel]);
    };
    const { kernel } = entry;
    return { kernel, release, ...(kernel.ready && { ready: kernel.ready }) };
  };
  return { lease };
}
