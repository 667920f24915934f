// What worker threads leave behind: pools that make way for larger ones, calls that fail, memory of
// sessions that are gone, and processes that could end.
import { readFileSync } from 'node:fs';
import { input, matmul, param } from '@chainrule/graph';
import { afterEach, expect, test, vi } from 'vitest';
import { encodeModule } from '../src/backends/wasm/binary.ts';
import { callBack, createBoard } from '../src/backends/wasm/board.ts';
import { $, type Func, get } from '../src/backends/wasm/code.ts';
import { barrierFunction, LOOKS, SYNC } from '../src/backends/wasm/meet.ts';
import { createHeap } from '../src/backends/wasm/memory.ts';
import { sharedPool, whyNoPool } from '../src/backends/wasm/pool.ts';
import { CLOSED, WORD } from '../src/backends/wasm/worker.ts';
import { processors } from '../src/backends/wasm/workers.ts';
import { compile } from '../src/index.ts';
import { afterCollecting } from './support/garbage.ts';
import { net } from './support/programs.ts';

afterEach(() => void vi.restoreAllMocks());

/** Workers as a session asks for them. */
const SIZE = Math.max(2, processors());
const large = () => net({ layers: [97, 131, 37, 10], m: 133, classes: true, alpha: 0.1 });
const start = (c = large()) =>
  compile(c.program, { sizes: c.sizes, device: 'wasm', threads: 2, seed: 5 });

test('a larger pool takes the place of one that has not started yet', async () => {
  const small = sharedPool(1);
  const larger = sharedPool(SIZE);
  expect(small.gone()).toBe('it was ended');
  await larger.started;
  expect(larger.usable()).toBe(true);
  expect(whyNoPool()).toBeUndefined();
});

test('a larger pool takes the place of one that computes, which ends later', async () => {
  const c = large();
  using run = await start(c);
  const before = sharedPool(SIZE);
  const running = run.steps(1000, c.feeds);
  await vi.waitFor(() => expect(before.busy()).toBeDefined(), { interval: 1 });
  const larger = sharedPool(SIZE + 1);
  expect(before.gone()).toBeUndefined();
  await running;
  expect(before.gone()).toBe('it was ended');
  await larger.started;
  expect(larger.usable()).toBe(true);
});

/** Ports to workers for whose sake the process lives on. */
const held = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
const heldBefore = held();

test('a process lives on for workers that compute, and not for others', async () => {
  const c = large();
  using run = await start(c);
  const workers = sharedPool(SIZE);
  await workers.started;
  // Those of the pool before may be ending still.
  await vi.waitFor(() => expect(held()).toBe(heldBefore));
  run.step(c.feeds);
  expect(held()).toBe(heldBefore);
  const running = run.steps(1000, c.feeds);
  await vi.waitFor(() => expect(workers.busy()).toBeDefined(), { interval: 1 });
  expect(held()).toBe(heldBefore + workers.size);
  await running;
  expect(held()).toBe(heldBefore);
});

test('nobody can join a job that calls workers back to their messages', () => {
  const board = createBoard();
  callBack(board);
  expect(board.words[WORD.job]! & 255).toBe(CLOSED);
});

test('a step that fails is as if it had not been, and keeps no memory', async () => {
  const n = 600;
  const w = param(n, 1, { name: 'w', init: { kind: 'constant', value: 1 } });
  const A = input(n, n, { name: 'A' });
  // Its kernel reads all of w, so that old and new values take turns.
  const program = { updates: [{ param: w, value: matmul(A, w) }] };
  const feeds = { A: Float32Array.from({ length: n * n }, (_, i) => ((i % 7) - 3) / 40) };
  using run = await compile(program, { device: 'wasm', threads: 2 });
  using other = await compile(program, { device: 'wasm', threads: 1 });
  const workers = sharedPool(SIZE);
  await workers.started;
  run.step(feeds);
  const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow');
  const failing = vi.spyOn(workers, 'run').mockImplementation(() => {
    throw new Error('a worker is gone');
  });
  for (let i = 0; i < 5; i++) expect(() => run.step(feeds)).toThrow('a worker is gone');
  await expect(run.steps(1, feeds)).rejects.toThrow('a worker is gone');
  expect(failing).toHaveBeenCalledTimes(6);
  expect(grow).not.toHaveBeenCalled();
  failing.mockRestore();
  run.step(feeds);
  for (let i = 0; i < 2; i++) other.step(feeds);
  expect(await run.state()).toEqual(await other.state());
});

/** Bytes of addresses that this process has set aside. */
const addresses = (): number =>
  1024 * Number(/VmSize:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]);

test('workers keep no memory of sessions that are gone', async (context) => {
  if (process.platform !== 'linux') context.skip('needs /proc');
  await sharedPool(SIZE).started;
  const before = addresses();
  const count = 12;
  for (let i = 0; i < count; i++) {
    const c = large();
    const run = await start(c);
    run.step(c.feeds);
    run.dispose();
  }
  // Each had set aside the addresses of all that a memory may grow to.
  await afterCollecting(() => {
    expect(addresses() - before).toBeLessThan((count / 2) * 2 ** 32);
  });
});

test('a caller does not wait for ever for a worker that has ended in the middle of a step', () => {
  const { memory } = createHeap(true);
  const barrier = barrierFunction();
  const bytes = encodeModule([barrier], { meet: 0 }, 65_536);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const meet = exports['meet'] as (thread: number, threads: number) => void;
  const sync = new Int32Array(memory.buffer);
  sync[SYNC.looks / 4] = LOOKS.few;
  sync[SYNC.naps / 4] = 2;
  // Nobody else comes.
  expect(() => meet(0, 2)).toThrow(WebAssembly.RuntimeError);
  expect(sync[SYNC.naps / 4]).toBe(0);
});

test('one that does not answer is an error, and others take over', async () => {
  const workers = sharedPool(SIZE);
  await workers.started;
  const { memory } = createHeap(true);
  // Thread 1 never comes back.
  const run: Func = {
    ...{ name: 'run', params: ['i32', 'i32', 'i32', 'i32'], results: [], locals: [] },
    body: [$('if', get(2)), $('loop'), $('br', 0), $('end'), $('end')],
  };
  const module = new WebAssembly.Module(encodeModule([run], { run: 0 }, 65_536));
  const job = { id: workers.enlist(module, memory), memory, table: 0, times: 1, threads: 2 };
  const joint = () =>
    workers.run(job, (threads) => {
      if (threads > 1) throw new WebAssembly.RuntimeError('unreachable');
    });
  const until = () => expect(joint).toThrow(/failed: it does not answer any more.*\n.*threads: 1/);
  await vi.waitFor(until, { timeout: 60_000, interval: 5 });
  expect(workers.gone()).toContain('does not answer');
  expect(whyNoPool()).toBeUndefined();
  const c = large();
  using session = await start(c);
  await session.steps(100, c.feeds);
  expect(await session.value(c.J, c.feeds)).toBeGreaterThan(0);
});
