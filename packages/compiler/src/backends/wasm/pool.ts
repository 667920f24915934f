// Worker threads that run programs together with the caller, or while it does something else. It
// knows programs by number; what they compute is not its business.
import { ChainruleError } from '@chainrule/graph';
import {
  type Board,
  beginWith,
  callBack,
  createBoard,
  fail,
  hasBegun,
  hasFailed,
  hasRefused,
  haveLeft,
  type Job,
  left,
  offer,
  ready,
  threadsOf,
} from './board.ts';
import { pause, startThread, type Thread, whyNoThreads } from './workers.ts';

/** Worker threads of this process. */
export interface Pool {
  readonly size: number;
  /** Have all started, and has none ended? */
  usable(): boolean;
  /** Resolves when `usable` is decided. */
  readonly started: Promise<void>;
  /** Resolves when no job is in the background; undefined if none is. */
  busy(): Promise<void> | undefined;
  /** Why there is no use in them any more. */
  gone(): string | undefined;
  /** Has workers load a program; gives its number. */
  enlist(module: WebAssembly.Module, memory: WebAssembly.Memory): number;
  /** Why a worker could not load a program, if one could not. */
  refusal(id: number): string | undefined;
  /** Forgets a program; its memory, too, if no other program will use that. */
  drop(id: number, last: boolean): void;
  /**
   * Runs a job with the caller as thread 0; those workers take part that come at once.
   * @throws ChainruleError if one of them failed
   */
  run(job: Job, own: (threads: number) => void): void;
  /** Runs a job on workers alone. @throws ChainruleError if one of them failed */
  runAway(job: Job): Promise<void>;
  end(): void;
}

/** Milliseconds for which the caller waits for workers to come: many times what it takes. */
const PATIENCE = 0.5;
/** The same for those that are left when a worker ended. */
const LONG_PATIENCE = 1000;
/** Of one that ended while the caller computes, which cannot be told. */
const SILENT = 'it does not answer any more';
/** Of a failure whose message has not come yet. */
const UNKNOWN = 'it has not said why';

let shared: Pool | undefined;
/** The most workers that were asked for: a new pool has no fewer. */
let largest = 0;
/** Why workers cannot be started here: it was tried. */
let refusal: string | undefined;

/** Why no workers can be had here, or undefined. */
export const whyNoPool = (): string | undefined => refusal ?? whyNoThreads();

/** Is there no use in starting workers again? */
export const isPoolRefused = (): boolean => refusal !== undefined;

/** Are there workers that have been started, and not ended? */
export const isPoolThere = (): boolean => shared !== undefined && shared.gone() === undefined;

/** The workers of this process, at least so many: processors belong to no device. */
export function sharedPool(size: number): Pool {
  if (shared && shared.gone() === undefined && shared.size >= size) return shared;
  if (shared) endIdle(shared);
  largest = Math.max(largest, size);
  shared = createPool(largest);
  return shared;
}

/** Ends a pool as soon as it has nothing to do. */
function endIdle(pool: Pool): void {
  const busy = pool.busy();
  if (busy) void busy.then(() => endIdle(pool));
  else pool.end();
}

/** A job in the background. */
interface Away {
  readonly number: number;
  readonly memory: WebAssembly.Memory;
  readonly done: Promise<void>;
  end(why?: string): void;
}

interface State {
  readonly size: number;
  readonly board: Board;
  readonly threads: Thread[];
  gone: string | undefined;
  /** The number of the last program. */
  lastId: number;
  away: Away | undefined;
  /** What a worker said last of a failure. */
  complaint: string;
  /** Why programs could not be loaded, by their numbers. */
  readonly refusals: Map<number, string>;
}

function createPool(size: number): Pool {
  const busy = () => state.away?.done.catch(() => {});
  // Once nothing is in the background: workers that compute read no messages.
  const drop = (id: number, last: boolean): void => {
    const others = busy();
    if (others) void others.then(() => drop(id, last));
    else {
      state.refusals.delete(id);
      tell(state, { drop: id, last });
    }
  };
  const state: State = {
    ...{ size, board: createBoard(), threads: [], lastId: 0 },
    ...{ gone: undefined, away: undefined, complaint: UNKNOWN, refusals: new Map() },
  };
  return {
    size,
    started: start(state),
    usable: () => state.gone === undefined && ready(state.board) === size,
    busy,
    gone: () => state.gone,
    enlist: (module, memory) => {
      state.lastId++;
      tell(state, { id: state.lastId, module, memory });
      return state.lastId;
    },
    // Its word comes at once, its message when the caller has time.
    refusal: (id) => state.refusals.get(id) ?? (hasRefused(state.board, id) ? UNKNOWN : undefined),
    drop,
    run: (job, own) => runTogether(state, job, own),
    runAway: (job) => runAway(state, job),
    end: () => ended(state, 'it was ended'),
  };
}

async function start(state: State): Promise<void> {
  const { size, board, threads } = state;
  const listener = {
    message: (data: unknown) => heard(state, data),
    ended: (why: string) => lost(state, why),
  };
  try {
    for (let i = 0; i < size; i++) {
      const thread = startThread(listener);
      threads.push(thread);
      thread.post({ words: board.words });
    }
  } catch (error) {
    lost(state, (error as Error).message);
  }
  while (state.gone === undefined && ready(board) < size) await pause(1);
}

/** What a worker says. */
function heard(state: State, data: unknown): void {
  const { done, error, refused } = data as { done?: number; error?: string; refused?: number };
  if (error !== undefined && refused !== undefined) state.refusals.set(refused, error);
  else if (error !== undefined) state.complaint = error;
  // Where one has ended, the job is over when all have.
  if (state.gone === undefined && done === state.away?.number) state.away?.end();
}

/** A worker has ended by itself, or could not start: then there is no use in trying again. */
function lost(state: State, why: string): void {
  if (state.gone === undefined && ready(state.board) < state.size) refusal = why;
  ended(state, why);
}

/** All workers end, once memory is quiet. */
function ended(state: State, why: string): void {
  if (state.gone !== undefined) return;
  state.gone = why;
  const { board, threads, away } = state;
  const endAll = async (): Promise<void> => {
    // A page would wait some seconds for one that does not come back to its messages.
    callBack(board);
    await Promise.all(threads.map((thread) => thread.end()));
    // From here on nobody writes what the caller may want to put right.
    state.away?.end(why);
  };
  if (away) fail(away.memory);
  const end = performance.now() + LONG_PATIENCE;
  const look = (): void => {
    const begun = away && hasBegun(board, away.number);
    const quiet = !away || (begun && left(board) >= threadsOf(board) - 1);
    if (quiet || performance.now() > end) void endAll();
    else setTimeout(look, 1);
  };
  look();
}

/** Has workers, none of which computes, read a message, and go on to wait for jobs. */
function tell(state: State, message: object): void {
  if (state.gone !== undefined) return;
  const serve = callBack(state.board);
  for (const thread of state.threads) {
    thread.post(message);
    thread.post({ serve });
  }
}

const failure = (why: string): ChainruleError =>
  new ChainruleError(
    `wasm: a worker thread failed: ${why}.`,
    'call again; with the option threads: 1 there are no workers.',
  );

/** Have those that are left come? One that does not is gone, and the others must go, too. */
function allLeft(state: State, count: number): boolean {
  if (haveLeft(state.board, count, LONG_PATIENCE)) return true;
  ended(state, SILENT);
  return false;
}

function runTogether(state: State, job: Job, own: (threads: number) => void): void {
  const { board, size } = state;
  const wanted = Math.min(size, job.threads - 1);
  offer(board, job, 1, wanted);
  const threads = beginWith(board, wanted, PATIENCE);
  try {
    own(threads);
  } catch (error) {
    fail(job.memory);
    if (!allLeft(state, threads - 1)) throw failure(SILENT);
    // It may be that another one failed first.
    if (!hasFailed(board)) throw error;
  }
  // All have met at the end: what is computed is complete, whoever does not come back from it.
  allLeft(state, threads - 1);
  if (hasFailed(board)) throw failure(UNKNOWN);
}

function runAway(state: State, job: Job): Promise<void> {
  const { board, size, threads } = state;
  state.complaint = UNKNOWN;
  const number = offer(board, job, 0, Math.min(size, job.threads));
  const hold = (on: boolean): void => {
    for (const thread of threads) thread.hold(on);
  };
  hold(true);
  let end!: Away['end'];
  const done = new Promise<void>((resolve, reject) => {
    end = (why) => {
      state.away = undefined;
      hold(false);
      // That one has ended says more than how the others noticed.
      const failed = hasFailed(board) ? (state.gone ?? state.complaint) : undefined;
      const reason = why ?? failed;
      if (reason === undefined) resolve();
      else reject(failure(reason));
    };
  });
  state.away = { number, memory: job.memory, done, end };
  return done;
}
