// Workers that end in the middle of a step, and a program that is half done by then.
import { input, matmul, mul, param } from '@chainrule/graph';
import { expect } from 'vitest';
import { SYNC } from '../../src/backends/wasm/meet.ts';
import { compile, type Session } from '../../src/index.ts';
import { pool } from './threads.ts';

/** Milliseconds in which a worker comes to where threads meet, and in which Node ends it. */
const WHILE = 60;
const pass = (ms: number): void => {
  for (const end = performance.now() + ms; performance.now() < end; );
};

/**
 * u shrinks where it lies, and v = A B v takes two products with a meeting between them: when a
 * worker ends at that meeting, u is new already, and v never will be.
 */
export function halves(size = 60_000, checkpoint = 100) {
  const [n, m] = [300, 64];
  const u = param(size, 1, { name: 'u', init: { kind: 'normal', std: 1 } });
  const v = param(n, m, { name: 'v', init: { kind: 'normal', std: 1 } });
  const [A, B] = ['A', 'B'].map((name) => input(n, n, { name }));
  const updates = [
    { param: u, value: mul(0.99, u) },
    { param: v, value: matmul(A!, matmul(B!, v)) },
  ];
  const matrix = (k: number) =>
    Float32Array.from({ length: n * n }, (_, i) => Math.sin(k + i) / Math.sqrt(n / 2));
  const batches = [0, 1, 2].map((k) => ({ A: matrix(1 + k), B: matrix(2 + 3 * k) }));
  const open = (threads: number) =>
    compile({ updates }, { device: 'wasm', threads, seed: 3, checkpoint });
  /** What the call of this number is fed. */
  const feedsOf = (call: number) => batches[call % batches.length]!;
  return { open, feeds: feedsOf(0), feedsOf };
}

/** A call of a session, and how workers end in the middle of it. */
export interface Interruption {
  call(run: Session, feeds: ReturnType<typeof halves>['feeds']): void | Promise<void>;
  /** Steps of the call; one unless given. */
  readonly times?: number;
  end(): void;
  /** Milliseconds that this takes. */
  readonly ending?: number;
  /** Joint runs before that one; none unless given. */
  readonly after?: number;
  /** Numbers in u. */
  readonly size?: number;
  readonly checkpoint?: number;
}

/** Has workers end in the middle of a joint run, and the caller wait for them briefly. */
function endInTheMiddle({ end, ending = WHILE, after = 0 }: Interruption): void {
  const workers = pool();
  const { run } = workers;
  let left = after;
  workers.run = (job, own) =>
    run(job, (threads) => {
      if (threads > 1 && left-- === 0) {
        workers.run = run;
        pass(WHILE);
        end();
        pass(ending);
        new Int32Array(job.memory.buffer)[SYNC.naps / 4] = 2;
      }
      own(threads);
    });
}

/** Calls until a call is interrupted; gives the error, and how many calls were not. */
async function untilInterrupted(call: (number: number) => void | Promise<void>) {
  for (let done = 0; done < 2000; done++) {
    try {
      await call(done);
    } catch (error) {
      return { done, message: (error as Error).message };
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error('no worker has come');
}

/** Are two states the same to the bit? An array that differs would be printed as a whole. */
export async function isSameState(a: Session, b: Session): Promise<void> {
  const [found, wanted] = [await a.state(), await b.state()];
  for (const [name, { data }] of Object.entries(wanted)) {
    expect([name, found[name]!.data.every((x, i) => Object.is(x, data[i]))]).toEqual([name, true]);
  }
}

/** A joint call whose workers end in the middle of it is as if it had not been. */
export async function interruptedBy(interruption: Interruption): Promise<void> {
  const { call, times = 1, size, checkpoint } = interruption;
  const { open, feeds, feedsOf } = halves(size, checkpoint);
  using run = await open(2);
  using other = await open(1);
  await pool().started;
  endInTheMiddle(interruption);
  const { done, message } = await untilInterrupted((i) => call(run, feedsOf(i)));
  expect(message).toMatch(
    /^steps? was interrupted, parameters are what they were before it: .*not answer.*\n.*threads: 1/,
  );
  for (let i = 0; i < done; i++) await other.steps(times, feedsOf(i));
  await isSameState(run, other);
  // Others take over.
  await pool().started;
  for (let i = 0; i < 3; i++) run.step(feeds);
  await other.steps(3, feeds);
  await isSameState(run, other);
}
