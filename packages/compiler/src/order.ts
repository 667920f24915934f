// When kernels run, and which of them write over the parameter that they update. It knows what
// kernels read and write, and how large that is; no graph and no device.
import { isOwn } from './affine.ts';
import { createHeap } from './heap.ts';
import { type Buffer, expressions, type Nest, outputsOf, type Plan, sizeOf } from './nest.ts';

/** A kernel, and which parameters take a buffer that it writes as their new value. */
export interface Job {
  readonly nest: Nest;
  readonly updates: Plan['swaps'];
}

/** Kernels in the order in which they run, and where the new values of parameters go. */
export interface Arranged {
  readonly kernels: readonly Nest[];
  readonly buffers: readonly Buffer[];
  readonly swaps: Plan['swaps'];
}

/**
 * Orders the jobs, each of which writes buffers of its own. An update goes in place, where the
 * device can do that, if nobody reads the old value later; elsewhere two buffers swap.
 */
export function arrange(
  jobs: readonly Job[],
  buffers: readonly Buffer[],
  inPlace: boolean,
): Arranged {
  const mayOverwrite = (nest: Nest, param: number): boolean =>
    inPlace && readsInPlace(nest, param);
  const ordered = orderJobs(jobs, buffers, mayOverwrite);
  const lastRead = new Map(ordered.flatMap(({ nest }, i) => nest.inputs.map((id) => [id, i])));
  const renamed = new Map<number, number>();
  const swaps: { param: number; next: number }[] = [];
  ordered.forEach(({ nest, updates }, i) => {
    for (const { param, next } of updates) {
      const safe = mayOverwrite(nest, param) && (lastRead.get(param) ?? i) <= i;
      if (safe) renamed.set(next, param);
      else swaps.push({ param, next });
    }
  });
  const rename = (id: number): number => renamed.get(id) ?? id;
  const kernels = ordered.map(({ nest }) => ({
    ...nest,
    inputs: nest.inputs.map(rename),
    output: rename(nest.output),
    ...(nest.also && {
      also: nest.also.map(({ result, output }) => ({ result, output: rename(output) })),
    }),
  }));
  return { kernels, buffers: buffers.filter((b) => !renamed.has(b.id)), swaps };
}

/** Does a nest read a buffer only at the position that it writes? */
export function readsInPlace(nest: Nest, buffer: number): boolean {
  const input = nest.inputs.indexOf(buffer);
  // It computes what its neighbours do, from what they read.
  if (nest.across && input >= 0) return false;
  return expressions(nest).every(
    (e) => e.op !== 'load' || e.input !== input || isOwn(e.index, nest.axes),
  );
}

/** A job on its way. */
interface Task {
  readonly job: Job;
  /** Its place among the jobs: the first of two that are as good runs first. */
  readonly rank: number;
  /** How many of the buffers that it reads are still to be written. */
  sources: number;
  /** How many other jobs are still to read what it writes over. */
  readers: number;
  /** Floats of temporary memory that are free after it, less those that it takes. */
  gain: number;
  done: boolean;
}

/** Who waits for a buffer. */
interface Use {
  /** Floats that are free again when the last reader is done. */
  readonly size: number;
  readonly readers: Set<Task>;
  /** The job that writes over it, once the others have read it. */
  overwriter?: Task;
}

/**
 * Sources first; among the jobs that can run, the one that frees the most memory. A job that may
 * write over a parameter runs after the others that read it, unless they wait for each other.
 */
function orderJobs(
  jobs: readonly Job[],
  buffers: readonly Buffer[],
  mayOverwrite: (nest: Nest, param: number) => boolean,
): Job[] {
  const { tasks, uses } = prepare(jobs, buffers, mayOverwrite);
  const ready = createHeap<{ task: Task; gain: number }>((a, b) =>
    a.gain === b.gain ? a.task.rank < b.task.rank : a.gain > b.gain,
  );
  const held = createHeap<{ task: Task }>((a, b) => a.task.rank < b.task.rank);
  const offer = (task: Task): void => {
    if (task.sources > 0) return;
    if (task.readers > 0) held.push({ task });
    else ready.push({ task, gain: task.gain });
  };
  for (const task of tasks) offer(task);
  const out: Job[] = [];
  for (;;) {
    const entry = ready.pop() ?? held.pop();
    if (!entry) return out;
    const { task } = entry;
    // It was offered again when its gain grew.
    if (task.done) continue;
    task.done = true;
    out.push(task.job);
    for (const changed of finish(task, uses)) offer(changed);
  }
}

/** What each job waits for at the start. */
function prepare(
  jobs: readonly Job[],
  buffers: readonly Buffer[],
  mayOverwrite: (nest: Nest, param: number) => boolean,
) {
  const uses = new Map<number, Use>(
    buffers.map(({ id, role, shape }) => {
      return [id, { size: role === 'temp' ? sizeOf(shape) : 0, readers: new Set() }];
    }),
  );
  const written = new Set(jobs.flatMap(({ nest }) => outputsOf(nest)));
  const tasks = jobs.map((job, rank): Task => {
    const { inputs } = job.nest;
    const sources = inputs.filter((id) => written.has(id)).length;
    const gain = outputsOf(job.nest).reduce((sum, id) => sum - uses.get(id)!.size, 0);
    const task = { job, rank, sources, readers: 0, gain, done: false };
    for (const id of inputs) uses.get(id)!.readers.add(task);
    for (const { param } of job.updates) {
      if (mayOverwrite(job.nest, param)) uses.get(param)!.overwriter = task;
    }
    return task;
  });
  for (const { size, readers, overwriter } of uses.values()) {
    if (readers.size === 1) for (const task of readers) task.gain += size;
    if (overwriter) overwriter.readers += readers.size - (readers.has(overwriter) ? 1 : 0);
  }
  return { tasks, uses };
}

/** Notes that a job has run; returns the jobs that can run now, or free more than they did. */
function finish(task: Task, uses: ReadonlyMap<number, Use>): Task[] {
  const changed = outputsOf(task.job.nest).flatMap((id) => [...uses.get(id)!.readers]);
  for (const reader of changed) reader.sources--;
  for (const id of task.job.nest.inputs) {
    const { size, readers, overwriter } = uses.get(id)!;
    readers.delete(task);
    if (overwriter && overwriter !== task && --overwriter.readers === 0) changed.push(overwriter);
    if (readers.size !== 1 || size === 0) continue;
    const [last] = readers as unknown as readonly [Task];
    last.gain += size;
    changed.push(last);
  }
  return changed;
}
