// Who runs a loaded program: the caller, the caller with workers, or workers in the background.
import { InterruptedError } from '../../device.ts';
import type { WasmProgram } from './emit.ts';
import type { Heap } from './memory.ts';
import { isPoolRefused, isPoolThere, type Pool, sharedPool, whyNoPool } from './pool.ts';
import { inSlices, SLICE_MS } from './slices.ts';
import { processors } from './workers.ts';

/** What the programs of a device have in common. */
export interface Context {
  readonly heap: Heap;
  /** The most threads that compute at once; with one there are no workers. */
  readonly threads: number;
  /** Is the device still in use? */
  live: boolean;
}

/** Runs all kernels `times` times, as one of so many threads. */
export type Run = (table: number, times: number, thread: number, threads: number) => void;

export interface Runner {
  /** Once, maybe with workers. @throws InterruptedError unless it is to run alone */
  run(alone: boolean): void;
  /** So many times; in the background if it takes long. */
  runMany(times: number, alone: boolean): void | Promise<void>;
  /** Would workers take part in so many, or in the one of `run`? */
  isAtRisk(times?: number): boolean;
  /** Why one thread runs what several could share, or undefined. */
  whyAlone(): string | undefined;
  dispose(): void;
}

/** Programs that nobody has any more are forgotten by the workers, too. */
const forgotten = new FinalizationRegistry<{ pool: Pool; id: number }>(({ pool, id }) =>
  pool.drop(id, true),
);

/** A program in memory. */
export interface Placed {
  readonly program: WasmProgram;
  readonly module: WebAssembly.Module;
  /** Where its list of addresses is. */
  readonly table: number;
  readonly own: Run;
  /** Has parameters and their new values trade places, before a further run. */
  trade(): void;
  /** Does a single run change parameters where they lie? */
  readonly inPlace: boolean;
}

/** The runner of a program. */
export function createRunner(context: Context, placed: Placed): Runner {
  const { program, module, table, own, trade, inPlace } = placed;
  const { memory, sharedPages } = context.heap;
  const { threads } = program;
  /** Milliseconds of a turn: an estimate until one was measured. */
  let ms = program.nanoseconds / 1e6;
  let enlisted: { readonly pool: Pool; readonly id: number } | undefined;

  const workers = (): Pool | undefined =>
    sharedPages > 0 && !isPoolRefused()
      ? sharedPool(Math.max(context.threads, processors()))
      : undefined;
  /** Has it run before? Workers are started for a second run: they would only delay a first. */
  let hasRun = false;
  /** Workers that have this program, if they are there and have nothing else to do. */
  const team = (): { readonly pool: Pool; readonly id: number } | undefined => {
    const pool = hasRun || isPoolThere() ? workers() : undefined;
    if (!pool?.usable() || pool.busy()) return undefined;
    if (enlisted?.pool !== pool) {
      enlisted = { pool, id: pool.enlist(module, memory) };
      forgotten.register(runner, enlisted, enlisted);
    }
    return pool.refusal(enlisted.id) === undefined ? enlisted : undefined;
  };
  const run = (times: number, alone = false): void => {
    const found = threads > 1 && !alone ? team() : undefined;
    const job = found && { id: found.id, memory, table, times, threads };
    if (job) found.pool.run(job, (all) => own(table, times, 0, all));
    else own(table, times, 0, 1);
    hasRun = true;
  };
  const measured = (times: number, alone = false): void => {
    const start = performance.now();
    run(times, alone);
    ms = (performance.now() - start) / times;
  };
  /** In slices until workers have time, if there are any; then by these alone. */
  const inBackground = async (times: number): Promise<void> => {
    let isNext = false;
    const part = (n: number): void => {
      if (isNext) trade();
      isNext = true;
      measured(n);
    };
    const stopped = (): boolean => !context.live || team() !== undefined;
    for (let left = times; left > 0 && context.live; ) {
      left = await inSlices(left, part, stopped);
      // Others may have taken the workers in the meantime.
      const found = team();
      if (left === 0 || !found) continue;
      if (isNext) trade();
      const start = performance.now();
      await found.pool.runAway({ id: found.id, memory, table, times: left, threads });
      ms = (performance.now() - start) / left;
      left = 0;
    }
  };
  const interrupted = (error: unknown, changed: boolean): InterruptedError =>
    new InterruptedError((error as Error).message, changed);
  const runOnce = (alone: boolean): void => {
    try {
      run(1, alone);
    } catch (error) {
      throw interrupted(error, inPlace);
    }
  };
  const isLong = (times: number): boolean => times * ms > SLICE_MS;
  const runMany = (times: number, alone: boolean): void | Promise<void> => {
    if (isLong(times)) {
      return inBackground(times).catch((error: unknown) => {
        // Whoever called has taken the new values for the parameters.
        throw interrupted(error, true);
      });
    }
    try {
      return measured(times, alone);
    } catch (error) {
      throw interrupted(error, inPlace || times > 1);
    }
  };
  const whyAlone = (): string | undefined =>
    threads > 1 ? (whyNoPool() ?? enlisted?.pool.refusal(enlisted.id)) : undefined;
  const dispose = (): void => {
    if (!enlisted) return;
    const { pool, id } = enlisted;
    forgotten.unregister(enlisted);
    // A session ends its programs first: it shows a little later whether the device goes, too.
    queueMicrotask(() => pool.drop(id, !context.live));
  };
  const isAtRisk = (times?: number): boolean =>
    times !== undefined && isLong(times) ? sharedPages > 0 : threads > 1 && team() !== undefined;
  const runner = { run: runOnce, runMany, isAtRisk, whyAlone, dispose };
  return runner;
}
