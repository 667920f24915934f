// Single steps that take so long that workers compute them in the background, and are interrupted.
import { add, exp, input, matmul, mean, mul, param, sin, transpose } from '@chainrule/graph';
import { afterEach, expect, test, vi } from 'vitest';
import { openWasm } from '../src/backends/wasm/device.ts';
import { InterruptedError } from '../src/device.ts';
import { createTask } from '../src/executable.ts';
import { compile } from '../src/index.ts';
import { runSteps } from '../src/placement/calls.ts';
import { createEngine } from '../src/placement/engine.ts';
import type { Placement } from '../src/placement/placement.ts';
import { pool } from './support/threads.ts';

afterEach(() => void vi.restoreAllMocks());

/** Work for more than a slice of 8 milliseconds by any estimate. */
const N = 2048;
const square = input(N, N, { name: 'B' });
const random = Float32Array.from({ length: N * N }, (_, i) => Math.sin(i) / Math.sqrt(N / 2));
const wide = param(N, 256, { name: 'v', init: { kind: 'normal', std: 1 } });
const single = param(1, 1, { name: 'v', init: { kind: 'normal', std: 1 } });

test.each([
  { name: 'threads, nothing in place', v: wide, value: matmul(square, wide), threads: 2 },
  {
    name: 'one thread, in place',
    v: single,
    value: add(mul(0.5, single), mean(exp(sin(square)))),
    threads: 1,
  },
])(
  '$name: a step in the background that is interrupted is as if it had not been',
  async ({ v, value, threads }) => {
    const updates = [{ param: v, value }];
    using run = await compile({ updates }, { device: 'wasm', threads: 2, checkpoint: 1 });
    expect(run.report().threads).toBe(threads);
    const workers = pool();
    await workers.started;
    // Parameters come into the program's own memory, and take their turns there.
    for (let i = 0; i < 3; i++) await run.steps(1, { B: random });
    const before = (await run.state())['v']!.data.slice();
    const { runAway } = workers;
    const away = vi.spyOn(workers, 'runAway').mockImplementation(async (job) => {
      await runAway(job);
      throw new Error('a worker is gone');
    });
    await expect(run.steps(1, { B: random })).rejects.toThrow(
      'steps was interrupted, parameters are what they were before it: a worker is gone',
    );
    expect(away).toHaveBeenCalledOnce();
    const after = (await run.state())['v']!.data;
    expect(after.every((x, i) => Object.is(x, before[i]))).toBe(true);
  },
);

test('a program that holds the parameters stays, also if steps go on with it and fail', async () => {
  const data = input(4, 'm', { name: 'x' });
  const w = param(4, 4, { name: 'w', init: { kind: 'normal', std: 1 } });
  const task = createTask('steps', new Map(), [
    { param: w, value: matmul(w, matmul(data, transpose(data))) },
  ]);
  const device = await openWasm({ threads: 1 });
  const holdings = { params: [{ node: w, shape: [4, 4] }], task, every: 100 };
  const engine = createEngine(device, holdings, new Map([['w', new Float32Array(16).fill(1)]]));
  const lease = await engine.lease(task, { m: 2 });
  const env = engine.upload(lease.program, new Map([['x', new Float32Array(8).fill(0.5)]]));
  const placement = { isLooking: false, count: () => {} } as unknown as Placement;
  const feeds = { slots: new Map(), data: new Map(), sizes: { m: 2 } };
  const wanted = { task, ...feeds, isChecked: true, isOwn: true, isOver: false };
  const of = { whole: env, times: 1, done: 0, left: 1 };
  const steps = () => runSteps(placement, engine, lease, env, wanted, undefined, of);
  steps();
  const ended = vi.spyOn(lease.program.loaded, 'dispose');
  vi.spyOn(lease.program.loaded, 'runMany').mockImplementation(() => {
    throw new InterruptedError('a worker is gone', false);
  });
  expect(steps).toThrow('what they were before it');
  // More than are kept without need.
  for (let m = 3; m < 40; m++) (await engine.lease(task, { m })).release();
  expect(ended).not.toHaveBeenCalled();
  engine.dispose();
});
