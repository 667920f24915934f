// How a caller and its workers agree on a job: numbers in memory that all of them see. It starts
// no threads and knows no programs.
import { LOOKS, NAPS, roundsOf, SYNC, SYNC_END } from './meet.ts';
import { CLOSED, NONE, WORD, WORDS } from './worker.ts';
import { processors } from './workers.ts';

/** One call of a program. */
export interface Job {
  /** The number by which workers know the program. */
  readonly id: number;
  readonly memory: WebAssembly.Memory;
  readonly table: number;
  readonly times: number;
  /** The most threads that may take part. */
  readonly threads: number;
}

/** The words, and the number of the last job. */
export interface Board {
  readonly words: Int32Array;
  /** The main thread of a page may not sleep. */
  readonly restless: boolean;
  number: number;
}

export function createBoard(): Board {
  const words = new Int32Array(new SharedArrayBuffer(4 * WORDS));
  Atomics.store(words, WORD.go, NONE);
  return { words, restless: !maySleep(), number: 0 };
}

/** The words by which the threads of a program meet. */
const syncOf = (memory: WebAssembly.Memory): Int32Array =>
  new Int32Array(memory.buffer, 0, SYNC_END / 4);

function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}

/** A new number wakes all workers; `joined` is how many have joined it, or that none may. */
function call(board: Board, joined: number): number {
  board.number = (board.number + 1) & 0x7fffff;
  Atomics.store(board.words, WORD.job, (board.number << 8) | joined);
  Atomics.notify(board.words, WORD.job);
  return board.number;
}

/** Calls workers back to their messages; gives the number from which they then go on. */
export function callBack(board: Board): number {
  Atomics.store(board.words, WORD.program, NONE);
  // A worker that comes late may see the program of the next job, but cannot take this for it.
  return call(board, CLOSED);
}

/**
 * Offers a job to at most `wanted` workers; gives its number.
 * @param first the number among the threads of the worker that joins first
 */
export function offer(board: Board, job: Job, first: 0 | 1, wanted: number): number {
  const { words } = board;
  // Also what is taken of parts: no kernel has the number 0.
  const sync = syncOf(job.memory).fill(0);
  sync[SYNC.restless / 4] = first === 1 && board.restless ? 1 : 0;
  const looks = job.threads > processors() ? LOOKS.few : LOOKS.many;
  sync[SYNC.naps / 4] = first === 1 ? (board.restless ? roundsOf(looks) : NAPS) : 0;
  sync[SYNC.looks / 4] = looks;
  words[WORD.table] = job.table;
  words[WORD.times] = job.times;
  words[WORD.first] = first;
  words[WORD.left] = 0;
  words[WORD.failed] = 0;
  words[WORD.wanted] = wanted;
  Atomics.store(words, WORD.program, job.id);
  return call(board, 0);
}

/** Nobody else joins; gives how many have. */
const close = ({ words }: Board): number => Atomics.or(words, WORD.job, CLOSED) & 255;

/** Milliseconds for which a caller looks before it sleeps: workers that are awake come sooner. */
const GLANCE = 0.1;

/**
 * Waits until a word is `done`, asleep after a glance: whoever is to write it may need this very
 * processor. False if it is not within so many milliseconds.
 */
function waitFor(
  { words, restless }: Board,
  at: number,
  done: (word: number) => boolean,
  patience: number,
): boolean {
  const start = performance.now();
  for (let word = Atomics.load(words, at); !done(word); word = Atomics.load(words, at)) {
    const passed = performance.now() - start;
    if (passed > patience) return false;
    if (passed > GLANCE && !restless) Atomics.wait(words, at, word, patience - passed);
  }
  return true;
}

/** Begins a job as its thread 0 with those workers that join within some milliseconds. */
export function beginWith(board: Board, wanted: number, patience: number): number {
  const { words, number } = board;
  waitFor(board, WORD.job, (word) => (word & 255) >= wanted, patience);
  const threads = close(board) + 1;
  Atomics.store(words, WORD.threads, threads);
  Atomics.store(words, WORD.go, number);
  Atomics.notify(words, WORD.go);
  return threads;
}

/** The others must not wait for a thread that cannot go on. */
export const fail = (memory: WebAssembly.Memory): void => {
  Atomics.store(syncOf(memory), SYNC.failed / 4, 1);
};

/** No further step in the background. */
export const stop = (memory: WebAssembly.Memory): void => {
  Atomics.store(syncOf(memory), SYNC.stop / 4, 1);
};

/** Has a worker failed in the last job? */
export const hasFailed = ({ words }: Board): boolean => Atomics.load(words, WORD.failed) !== 0;
/** Has a worker been unable to load the program? Tells of the last such program only. */
export const hasRefused = ({ words }: Board, id: number): boolean =>
  Atomics.load(words, WORD.refused) === id;
/** Has a job begun? */
export const hasBegun = ({ words }: Board, number: number): boolean =>
  Atomics.load(words, WORD.go) === number;
/** Waits until so many workers are done with the job; false if they are not in time. */
export const haveLeft = (board: Board, count: number, patience: number): boolean =>
  waitFor(board, WORD.left, (done) => done >= count, patience);

/** Workers that are done with the job. */
export const left = ({ words }: Board): number => Atomics.load(words, WORD.left);
/** Threads of the job. */
export const threadsOf = ({ words }: Board): number => Atomics.load(words, WORD.threads);
/** Workers that have started. */
export const ready = ({ words }: Board): number => Atomics.load(words, WORD.ready);
