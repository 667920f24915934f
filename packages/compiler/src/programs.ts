// The loaded programs of a session: each is planned and loaded once for the sizes that it meets.
import type { Sizes } from '@chainrule/graph';
import type { Device } from './device.ts';
import { type Executable, load, planTask, type Task } from './executable.ts';

/** Idle programs that a session keeps; those that were not used for longest are let go. */
const MAX_IDLE = 32;

/** A program in somebody's hands: it stays loaded until it is released. */
export interface Lease {
  readonly program: Executable;
  readonly sizes: Sizes;
  release(): void;
}

/** Loaded programs by task and sizes. */
export interface Programs {
  /** The program of a task for these sizes, loaded before, or now. */
  lease(task: Task, sizes: Sizes): Lease | Promise<Lease>;
  /** Is it there, so that nothing has to be waited for? */
  isLoaded(task: Task, sizes: Sizes): boolean;
  /** Sizes that a task is loaded for, or is being loaded. */
  known(task: Task): Sizes[];
  dispose(): void;
}

interface Entry {
  readonly task: Task;
  readonly sizes: Sizes;
  /** A promise until it is loaded. */
  program: Executable | Promise<Executable>;
  /** Leases that are not released. */
  users: number;
}

const keyOf = (task: Task, sizes: Sizes): string =>
  `${task.key} ${JSON.stringify(Object.entries(sizes).sort())}`;

/** An empty store of programs for a device. */
export function createPrograms(device: Device): Programs {
  const entries = new Map<string, Entry>();
  const lease = (task: Task, sizes: Sizes): Lease | Promise<Lease> => {
    const key = keyOf(task, sizes);
    const program =
      entries.get(key)?.program ?? load(planTask(task, sizes, device.limits), device);
    // Entered again at the end: the first of the map is the one not used for longest.
    const entry = entries.get(key) ?? { task, sizes, program, users: 0 };
    entries.delete(key);
    entries.set(key, entry);
    entry.users++;
    if (!(program instanceof Promise)) return leaseOf(entries, entry, program);
    return program.then(
      (done) => {
        entry.program = done;
        return leaseOf(entries, entry, done);
      },
      (error: unknown) => {
        entries.delete(key);
        throw error;
      },
    );
  };
  const dispose = (): void => {
    for (const entry of entries.values()) disposeEntry(entry);
    entries.clear();
  };
  const known = (task: Task): Sizes[] =>
    [...entries.values()].filter((entry) => entry.task === task).map(({ sizes }) => sizes);
  const isLoaded = (task: Task, sizes: Sizes): boolean => {
    const program = entries.get(keyOf(task, sizes))?.program;
    return program !== undefined && !(program instanceof Promise);
  };
  return { lease, isLoaded, known, dispose };
}

function leaseOf(entries: Map<string, Entry>, entry: Entry, program: Executable): Lease {
  let held = true;
  const release = (): void => {
    if (!held) return;
    held = false;
    entry.users--;
    evict(entries);
  };
  return { program, sizes: entry.sizes, release };
}

function evict(entries: Map<string, Entry>): void {
  const idle = [...entries].filter(([, { users }]) => users === 0);
  for (const [key, entry] of idle.slice(0, Math.max(0, idle.length - MAX_IDLE))) {
    entries.delete(key);
    disposeEntry(entry);
  }
}

function disposeEntry({ program }: Entry): void {
  if (!(program instanceof Promise)) program.loaded.dispose();
  else program.then((done) => done.loaded.dispose()).catch(() => {});
}
