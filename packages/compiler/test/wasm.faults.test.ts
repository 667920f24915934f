// Workers that end in the middle of a step that a caller waits for, and such as cannot load a
// program: a clear error, or none, and parameters as they were.
import { Worker } from 'node:worker_threads';
import { matmul, mul, param, sub, transpose } from '@chainrule/graph';
import { afterEach, expect, test, vi } from 'vitest';
import { encodeModule } from '../src/backends/wasm/binary.ts';
import { barrierFunction, LOOKS, SYNC } from '../src/backends/wasm/meet.ts';
import { createHeap } from '../src/backends/wasm/memory.ts';
import { compileOn } from '../src/compile.ts';
import { createPlatform } from '../src/placement/devices.ts';
import { halves, type Interruption, interruptedBy, isSameState } from './support/faults.ts';
import { countThreads, openTeam, pool } from './support/threads.ts';

afterEach(() => void vi.restoreAllMocks());

const { postMessage } = Worker.prototype;

/** Collects workers by what is sent to them; `change` may send something else. */
function watched(change = (message: object) => message): Set<Worker> {
  const workers = new Set<Worker>();
  vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, message) {
    workers.add(this);
    postMessage.call(this, change(message as object));
  });
  return workers;
}

/** What ends the workers of now. */
function ending(): () => void {
  const workers = watched();
  return () => {
    for (const worker of workers) void worker.terminate();
  };
}

test.each([
  { name: 'step', times: 1 },
  { name: 'one of steps', times: 1 },
  { name: 'short steps', times: 2 },
])('$name: a worker that ends in the middle leaves parameters as they were', async (given) => {
  const { name, times } = given;
  const call: Interruption['call'] = (run, feeds) =>
    name === 'step' ? run.step(feeds) : run.steps(times, feeds);
  await interruptedBy({ call, times, end: ending() });
});

test.each([
  // What is fed five times fits into a copy.
  { after: 5, size: 1_200_000 },
  { after: 3, size: 1_200_000, checkpoint: 2 },
  { after: 2, size: 1_200_000, checkpoint: 1 },
  { after: 5 },
])('steps since the last copy are done again, on one thread: %j', async (given) => {
  const call: Interruption['call'] = (run, feeds) => run.step(feeds);
  await interruptedBy({ ...given, call, end: ending() });
});

test('the report has what is kept: all that steps change, and what they are fed', async () => {
  const changed = 4 * (60_000 + 300 * 64);
  using run = await halves().open(2);
  expect(run.report().memory.backup).toBe(changed);
  using large = await halves(1_200_000).open(2);
  const more = changed + 4 * 1_140_000;
  expect(large.report().memory.backup).toBe(more + 6 * 4 * 2 * 300 * 300);
  using often = await halves(1_200_000, 3).open(2);
  expect(often.report().memory.backup).toBe(more + 2 * 4 * 2 * 300 * 300);
  using none = await halves(60_000, 0).open(2);
  const { backup, peak, params, temporaries, scratch } = none.report().memory;
  expect([backup, peak]).toEqual([0, params + temporaries + scratch]);
});

test('what no step changes is not copied', async () => {
  const [w, frozen] = ['w', 'frozen'].map((name) =>
    param(name === 'w' ? 32 : 64, 32, { name, init: { kind: 'uniform', limit: 1 } }),
  );
  const updates = [{ param: w!, value: sub(w!, mul(0.1, matmul(transpose(frozen!), frozen!))) }];
  const copied: number[] = [];
  const open = async () => {
    const device = await openTeam(2);
    const view = (handle: unknown) => {
      const found = device.view!(handle);
      copied.push(found.length);
      return found;
    };
    return { ...device, view };
  };
  using run = await compileOn({ ...createPlatform(2), open }, { updates }, { device: 'wasm' });
  expect(run.report().threads).toBe(2);
  await pool().started;
  // Workers are asked for with the second step, and are there at some later one.
  for (let i = 0; i < 3; i++) await run.steps(300, {});
  expect(copied.length).toBeGreaterThan(0);
  expect(new Set(copied)).toEqual(new Set([32 * 32]));
});

test('a thread that may not sleep does not look for ever for one that has ended', () => {
  const { memory } = createHeap(true);
  const bytes = encodeModule([barrierFunction()], { meet: 0 }, 65_536);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  const meet = exports['meet'] as (thread: number, threads: number) => void;
  const sync = new Int32Array(memory.buffer);
  sync[SYNC.restless / 4] = 1;
  sync[SYNC.looks / 4] = LOOKS.few;
  sync[SYNC.naps / 4] = 1000;
  expect(() => meet(0, 2)).toThrow(WebAssembly.RuntimeError);
  expect(sync[SYNC.naps / 4]).toBe(0);
});

/** `(module (import "a" "b" (func)))`: nobody has such a function. */
const LACKING = new WebAssembly.Module(
  new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 4, 1, 0x60, 0, 0],
    ...[2, 7, 1, 1, 0x61, 1, 0x62, 0, 0],
  ]),
);

test('a program that a worker cannot load runs on one thread, which the report says', async () => {
  const { open, feeds } = halves();
  using run = await open(2);
  using other = await open(1);
  const workers = pool();
  await workers.started;
  let sent = 0;
  watched((message) => {
    if (!('module' in message)) return message;
    sent++;
    return { ...message, module: LACKING };
  });
  expect(run.report().alone).toBeUndefined();
  const steps = async (n: number) => {
    for (let i = 0; i < n; i++) run.step(feeds);
    await other.steps(n, feeds);
  };
  await steps(2);
  await vi.waitFor(() => expect(run.report().alone).toMatch(/TypeError: .*[iI]mport/));
  expect(run.report().threads).toBe(1);
  // Long ones, too: in slices.
  await run.steps(60, feeds);
  await other.steps(60, feeds);
  await steps(3);
  await isSameState(run, other);
  expect(sent).toBe(workers.size);
  vi.restoreAllMocks();
  // Others have them.
  const counts = await countThreads();
  using another = await open(2);
  const joint = () => {
    another.step(feeds);
    expect(counts).toContain(2);
  };
  await vi.waitFor(joint, { timeout: 60_000, interval: 5 });
  expect(another.report().alone).toBeUndefined();
  expect(pool()).toBe(workers);
});
