// What a call of a session wants to run, and how it runs steps on the engine of now.
import type { Sizes } from '@chainrule/graph';
import type { Handle } from '../device.ts';
import type { Task } from '../executable.ts';
import type { Lease } from '../programs.ts';
import type { Call } from './checkpoint.ts';
import type { Engine, Portion, Values } from './engine.ts';
import type { Placement } from './placement.ts';

/** What a call runs: a task for these sizes and data. */
export interface Wanted {
  readonly task: Task;
  readonly sizes: Sizes;
  data: Values;
  /** Are the data copies? The caller's arrays may change while the call waits. */
  isOwn: boolean;
  /** Are they no longer needed? */
  isOver: boolean;
}

/** Copies the data, once. */
export function keep(wanted: Wanted): void {
  if (wanted.isOwn || wanted.isOver) return;
  wanted.data = new Map([...wanted.data].map(([name, values]) => [name, values.slice()]));
  wanted.isOwn = true;
}

/** Uploads for a step, whose program is released if the data cannot be had. */
export function uploadFor(engine: Engine, lease: Lease, data: Values): Handle[] {
  try {
    return engine.upload(lease.program, data);
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** One step, or many on devices that loop themselves; notes that they were done, and how long. */
export function runSteps(
  placement: Placement,
  engine: Engine,
  lease: Lease,
  env: Handle[],
  wanted: Wanted,
  call?: Call,
  of?: Portion,
): void | Promise<void> {
  engine.main ??= lease;
  // Only while a GPU is looked at does anybody ask for the time.
  const begin = placement.isLooking ? performance.now() : undefined;
  const turns = of?.times ?? 1;
  const done = (): void => {
    placement.count(turns, call);
    if (begin !== undefined) placement.timed({ ...wanted, turns }, performance.now() - begin);
  };
  const running = engine.step(lease, env, of);
  return running ? running.then(done) : done();
}
