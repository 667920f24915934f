// The loaded programs of a session: each is planned and loaded once for the sizes that it meets.
import type { Sizes } from '@chainrule/graph';
import type { Device } from './device.ts';
import { type Executable, load, planTask, type Task } from './executable.ts';

/** Programs kept by a session; the one that was not used for longest is let go. */
const MAX_PROGRAMS = 32;

/** Loaded programs by task and sizes. */
export interface Programs {
  /** The program of a task for these sizes: loaded before, or now. */
  get(task: Task, sizes: Sizes): Executable | Promise<Executable>;
  /** Keeps this program whatever comes: on a GPU the parameters now live in its buffers. */
  pin(program: Executable): void;
  dispose(): void;
}

export function createPrograms(device: Device): Programs {
  const loaded = new Map<string, Executable | Promise<Executable>>();
  let pinned: Executable | undefined;
  const keep = (key: string, program: Executable | Promise<Executable>): void => {
    loaded.delete(key);
    loaded.set(key, program);
    for (const [old, candidate] of loaded) {
      if (loaded.size <= MAX_PROGRAMS) return;
      if (candidate instanceof Promise || candidate === pinned) continue;
      candidate.loaded.dispose();
      loaded.delete(old);
    }
  };
  const get = (task: Task, sizes: Sizes): Executable | Promise<Executable> => {
    const key = `${task.key} ${JSON.stringify(Object.entries(sizes).sort())}`;
    const known = loaded.get(key);
    if (known) {
      keep(key, known);
      return known;
    }
    const made = load(planTask(task, sizes, device.limits), device);
    keep(key, made);
    if (!(made instanceof Promise)) return made;
    const ready = made.then((program) => {
      if (loaded.has(key)) keep(key, program);
      return program;
    });
    ready.catch(() => loaded.delete(key));
    return ready;
  };
  const dispose = (): void => {
    for (const program of loaded.values()) {
      if (program instanceof Promise) program.then((p) => p.loaded.dispose()).catch(() => {});
      else program.loaded.dispose();
    }
    loaded.clear();
  };
  const pin = (program: Executable): void => {
    pinned = program;
  };
  return { get, pin, dispose };
}
