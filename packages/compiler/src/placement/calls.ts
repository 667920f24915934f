// What a call of a session wants to run, and how it runs steps on the engine of now.
import type { Handle } from '../device.ts';
import type { Task } from '../executable.ts';
import { checkNumbers, type FittingFeeds } from '../feeds.ts';
import { kept } from '../held.ts';
import type { Lease } from '../programs.ts';
import type { Call } from './checkpoint.ts';
import type { Engine, Portion, Values } from './engine.ts';
import type { Placement } from './placement.ts';

/** What a call runs: a task for these sizes and data. */
export interface Wanted extends FittingFeeds {
  readonly task: Task;
  data: Values;
  /** Are these the numbers that the inputs may hold? */
  isChecked: boolean;
  /** Are the data copies? The caller's arrays may change while the call waits. */
  isOwn: boolean;
  /** Are they no longer needed? */
  isOver: boolean;
}

/** Copies the data, once. */
export function keep(wanted: Wanted): void {
  if (wanted.isOwn || wanted.isOver) return;
  wanted.data = kept(wanted.data);
  wanted.isOwn = true;
}

/** @throws FeedError if a number is not finite; `look` as in `checkNumbers` */
export function check(wanted: Wanted, look?: (name: string) => boolean | undefined): void {
  if (wanted.isChecked) return;
  checkNumbers(wanted, look);
  wanted.isChecked = true;
}

/** Numbers of an input from which it pays that a device looks at what it is given. */
const MANY = 2 ** 16;

/**
 * What a call wants. It is checked now, unless the data can be uploaded at once, to a device that
 * looks at them there.
 * @param now the engine, if nothing has to be waited for
 */
export function want(task: Task, feeds: FittingFeeds, now: () => Engine | undefined): Wanted {
  const wanted = { task, ...feeds, isChecked: false, isOwn: false, isOver: false };
  const isMany = [...feeds.data.values()].some(({ length }) => length >= MANY);
  const engine = isMany ? now() : undefined;
  if (!(engine?.device.isFinite && engine.isLoaded(task, feeds.sizes))) check(wanted);
  return wanted;
}

/** Uploads for a program, which is released if the data cannot be had, or are not finite. */
export function uploadFor(engine: Engine, lease: Lease, wanted: Wanted): Handle[] {
  const { program } = lease;
  let env: Handle[] = [];
  // Rewriting may have made inputs superfluous: these are not there.
  const look = (name: string): boolean | undefined => {
    const found = program.planned.inputs.find((slot) => slot.name === name);
    return found && engine.device.isFinite?.(env[found.id]);
  };
  try {
    env = engine.upload(program, wanted.data);
    check(wanted, look);
    return env;
  } catch (error) {
    engine.free(program, env);
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
