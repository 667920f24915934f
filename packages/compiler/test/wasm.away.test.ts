// Single steps that take so long that workers compute them in the background, and are interrupted.
import { add, exp, input, matmul, mean, mul, param, sin } from '@chainrule/graph';
import { afterEach, expect, test, vi } from 'vitest';
import { compile } from '../src/index.ts';
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
