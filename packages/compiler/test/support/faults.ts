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
export function halves() {
  const [n, m] = [300, 64];
  const u = param(60_000, 1, { name: 'u', init: { kind: 'normal', std: 1 } });
  const v = param(n, m, { name: 'v', init: { kind: 'normal', std: 1 } });
  const [A, B] = ['A', 'B'].map((name) => input(n, n, { name }));
  const updates = [
    { param: u, value: mul(0.99, u) },
    { param: v, value: matmul(A!, matmul(B!, v)) },
  ];
  const matrix = (k: number) =>
    Float32Array.from({ length: n * n }, (_, i) => Math.sin(k + i) / Math.sqrt(n / 2));
  const feeds = { A: matrix(1), B: matrix(2) };
  const open = (threads: number) => compile({ updates }, { device: 'wasm', threads, seed: 3 });
  return { open, feeds };
}

/**
 * Has `end` end workers in the middle of the next joint run, which takes `ending` milliseconds, and
 * has the caller wait for them briefly.
 */
export function endInTheMiddle(end: () => void, ending = WHILE): void {
  const workers = pool();
  const { run } = workers;
  workers.run = (job, own) =>
    run(job, (threads) => {
      if (threads > 1) {
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
async function untilInterrupted(call: () => void | Promise<void>) {
  for (let done = 0; done < 2000; done++) {
    try {
      await call();
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

/** What a joint call leaves behind whose workers end in the middle of it. */
export async function interruptedBy(
  end: () => void,
  times: number,
  call: (run: Session, feeds: ReturnType<typeof halves>['feeds']) => void | Promise<void>,
  ending?: number,
): Promise<void> {
  const { open, feeds } = halves();
  using run = await open(2);
  using other = await open(1);
  await pool().started;
  endInTheMiddle(end, ending);
  const { done, message } = await untilInterrupted(() => call(run, feeds));
  expect(message).toMatch(
    /^steps? was interrupted, parameters are what they were before it.*: .*not answer.*\n.*threads: 1/,
  );
  const lost = Number(/the last (\d+) steps/.exec(message)?.[1] ?? 0);
  for (let i = 0; i < done * times - lost; i++) other.step(feeds);
  await isSameState(run, other);
  // Others take over.
  await pool().started;
  for (let i = 0; i < 3; i++) run.step(feeds);
  await other.steps(3, feeds);
  await isSameState(run, other);
}
