// Workers that end in a page, whom nobody tells: a clear error, and parameters as they were.
import { afterEach, expect, test, vi } from 'vitest';
import { WORD, WORDS } from '../src/backends/wasm/worker.ts';
import { startThread } from '../src/backends/wasm/workers.ts';
import { compile } from '../src/index.ts';
import { isSameState } from '../test/support/faults.ts';
import { net } from '../test/support/programs.ts';
import { pool } from '../test/support/threads.ts';
import type { Answer, Request } from './support/training.ts';

afterEach(() => void vi.restoreAllMocks());

const { postMessage } = Worker.prototype;

test('steps in the background: a worker that ends leaves parameters as they were', async () => {
  const workers = new Set<Worker>();
  vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, message) {
    workers.add(this);
    postMessage.call(this, message);
  });
  const c = net({ layers: [97, 131, 37, 10], m: 133, classes: true, alpha: 0.1 });
  const open = (threads: number) =>
    compile(c.program, { sizes: c.sizes, device: 'wasm', threads, seed: 5 });
  using run = await open(2);
  using other = await open(1);
  await pool().started;
  // So many that nothing else ends them.
  const running = run.steps(1e9, c.feeds);
  await vi.waitFor(() => expect(pool().busy()).toBeDefined(), { interval: 1 });
  const [one] = workers;
  one!.terminate();
  await expect(running).rejects.toThrow(
    /^steps was interrupted, parameters are what they were before it: .*it has ended.*\n.*threads: 1/,
  );
  await isSameState(run, other);
  // Others take over.
  for (const session of [run, other]) await session.steps(400, c.feeds);
  await isSameState(run, other);
});

/** Starts a worker of its own, and waits until it is ready. */
async function startReady() {
  const words = new Int32Array(new SharedArrayBuffer(4 * WORDS));
  const ended = vi.fn();
  const thread = startThread({ message: () => {}, ended });
  thread.post({ words });
  await vi.waitFor(() => expect(Atomics.load(words, WORD.ready)).toBe(1), { interval: 1 });
  return { thread, ended };
}
const locksOf = async (): Promise<number> => {
  const { held = [], pending = [] } = await navigator.locks.query();
  return held.length + pending.length;
};

test('one that has been ended leaves no lock behind, and nobody who waits for one', async () => {
  const before = await locksOf();
  const { thread, ended } = await startReady();
  await vi.waitFor(async () => expect(await locksOf()).toBe(before + 2), { interval: 1 });
  await thread.end();
  expect(ended).toHaveBeenCalledOnce();
  await vi.waitFor(async () => expect(await locksOf()).toBe(before), { interval: 1 });
});

test('where a page is not given the lock a worker can be ended all the same', async () => {
  const refused = vi.spyOn(navigator.locks, 'request').mockRejectedValue(new Error('not here'));
  const { thread, ended } = await startReady();
  await vi.waitFor(() => expect(refused).toHaveBeenCalledOnce(), { interval: 1 });
  await thread.end();
  expect(ended).not.toHaveBeenCalled();
});

/** Trains in a worker whose own workers are started here, and end here while it computes. */
async function outcome(name: string): Promise<string> {
  const url = new URL('./support/training.ts', import.meta.url);
  const training = new Worker(url, { type: 'module', name });
  const workers: Worker[] = [];
  const answer = (message: Answer): void => training.postMessage(message);
  const start = (number: number, source: string): void => {
    const worker = new Worker(source);
    worker.onmessage = ({ data }) => answer({ from: number, data });
    workers[number] = worker;
  };
  const found = await new Promise<string>((resolve) => {
    training.onerror = ({ message }) => resolve(message);
    training.onmessage = ({ data }: MessageEvent<Request>) => {
      if ('start' in data) start(data.start, data.url);
      else if ('to' in data) workers[data.to]!.postMessage(data.data);
      else if ('end' in data) workers[data.end]!.terminate();
      else resolve(data.outcome);
    };
  });
  for (const worker of [training, ...workers]) worker.terminate();
  return found;
}

test.each(['may sleep', 'may not sleep'])(
  'step, in a thread that %s: a worker that ends leaves parameters as they were',
  async (name) => {
    expect(await outcome(name)).toBe('as it should be');
  },
);
