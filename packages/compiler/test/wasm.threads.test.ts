// Programs that several threads run at once: they compute what one computes, to the bit; long ones
// go on in the background; and what a failing worker leaves behind.
import { Worker } from 'node:worker_threads';
import { input, matmul, param } from '@chainrule/graph';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openWasm } from '../src/backends/wasm/device.ts';
import { compile } from '../src/index.ts';
import { conformance, runCase } from './support/conformance.ts';
import { nestCases } from './support/nest-cases.ts';
import { acc, apply, load, type NestCase, nestCase } from './support/nests.ts';
import { net } from './support/programs.ts';
import { engines } from './support/simd.ts';
import { countThreads, openTeam, pool, tookPart } from './support/threads.ts';

afterEach(() => void vi.restoreAllMocks());

const { postMessage } = Worker.prototype;
const counts = await countThreads();

describe.each([2, 3])('%d threads', (threads) => {
  conformance(() => openTeam(threads));
  test('took part', () => tookPart(counts, threads));
});

/** Those whose products have tiles of different shapes. */
const compared = Object.values(engines).filter(({ inOrder }) => inOrder !== false);

async function isSame(nest: NestCase): Promise<void> {
  for (const engine of compared) {
    const wanted = await runCase(await openWasm({ threads: 1, ...engine }), nest);
    for (const threads of [2, 3, 4]) {
      const found = await runCase(await openTeam(threads, engine), nest);
      expect(new Uint32Array(found.buffer)).toEqual(new Uint32Array(wanted.buffer));
    }
  }
}

test.each(nestCases.map((nest) => [nest.name, nest] as const))(
  '%s is the same to the bit for any number of threads',
  (_, nest) => isSame(nest),
);

const timesAt = (n: number, m: number, k: number, right: boolean, order: 'rows' | 'columns') =>
  nestCase(
    `${n} x ${k} times ${k} x ${m}, ${right} ${order}`,
    {
      axes: [n, m],
      fold: {
        ...{ kind: 'sum', axes: [k] },
        body: apply('mul', load(0, 0, 2), right ? load(1, 1, 2) : load(1, 2, 1)),
      },
      result: apply('add', acc, load(2, 0, 1)),
    },
    [{ shape: [n, k] }, { shape: right ? [m, k] : [k, m], order }, { shape: [n, m] }],
  );

// Around tiles, panels and blocks; few rows, few columns, and fewer of them than threads.
const shapes = [
  [1, 209, 1300],
  [1300, 1, 209],
  [2, 3, 2000],
  [5, 1030, 300],
  [20, 209, 600],
  [33, 65, 129],
  [67, 31, 257],
  [131, 530, 40],
  [9, 17, 2050],
  // Both factors are too large to be packed as a whole.
  [140, 141, 30_200],
] as const;

describe.each(shapes)('a product, %d x %d, k = %d', (n, m, k) => {
  const kinds = [false, true].flatMap((right) =>
    (['rows', 'columns'] as const).map((order) => ({ right, order })),
  );
  test.each(kinds)('transposed $right, $order: the same to the bit', ({ right, order }) =>
    isSame(timesAt(n, m, k, right, order)),
  );
});

const batched = (b: number, n: number, m: number, k: number) =>
  nestCase(
    `${b} products, ${n} x ${k} times ${k} x ${m}`,
    {
      axes: [b, n, m],
      fold: { kind: 'sum', axes: [k], body: apply('mul', load(0, 0, 1, 3), load(1, 0, 3, 2)) },
      result: apply('add', acc, load(2, 0, 1, 2)),
    },
    [{ shape: [b, n, k] }, { shape: [b, k, m] }, { shape: [b, n, m] }],
  );

test.each([
  [3, 20, 209, 64],
  [2, 70, 33, 300],
  [5, 9, 17, 500],
  // Enough of them to be shared out whole; of one row, sweeps.
  [17, 20, 209, 70],
  [16, 12, 40, 96],
  [17, 1, 209, 300],
  [16, 3, 1030, 260],
])('%d products, %d x %d, k = %d: the same to the bit', (b, n, m, k) =>
  isSame(batched(b!, n!, m!, k!)),
);

test.each([
  ['one row', [5120, 1]],
  ['some rows', [5120, 20, 1]],
] as const)('a long fold is the same in parts, whoever computes them: %s', async (_, layers) => {
  const c = net({ layers, m: 65 });
  const [wanted, ...found] = await Promise.all(
    (['js', 1, 2, 3] as const).map(async (threads) => {
      const where = threads === 'js' ? { device: threads } : { device: 'wasm' as const, threads };
      using run = await compile(c.program, { sizes: c.sizes, ...where, seed: 5 });
      await run.steps(3, c.feeds);
      const inParts = run.report().kernels.some(({ name }) => name.endsWith('_parts'));
      expect(inParts).toBe(threads !== 'js');
      return run.state();
    }),
  );
  for (const state of found) expect(state).toEqual(found[0]);
  for (const [name, { data }] of Object.entries(wanted!)) {
    const off = data.map((x, i) => Math.abs(x - found[0]![name]!.data[i]!));
    expect(Math.max(...off)).toBeLessThan(1e-5);
  }
});

/** A net whose step is worth sharing, of odd sizes. */
const large = () => net({ layers: [97, 131, 37, 10], m: 133, classes: true, alpha: 0.1 });
const start = (threads: number, c = large()) =>
  compile(c.program, { sizes: c.sizes, device: 'wasm', threads, seed: 5 });

test('training is the same to the bit, step by step and many at once', async () => {
  const c = large();
  using alone = await start(1);
  for (let i = 0; i < 60; i++) alone.step(c.feeds);
  const wanted = await alone.state();
  for (const threads of [2, 4]) {
    counts.clear();
    using run = await start(threads);
    const first = await run.state();
    const joint = () => {
      run.step(c.feeds);
      expect(counts).toContain(threads);
    };
    await vi.waitFor(joint, { timeout: 60_000, interval: 5 });
    run.restore(first);
    for (let i = 0; i < 20; i++) run.step(c.feeds);
    await run.steps(3, c.feeds);
    await run.steps(37, c.feeds);
    expect(await run.state()).toEqual(wanted);
    expect(run.report().threads).toBe(threads);
    // Each thread has room for what it packs itself.
    expect(run.report().memory.scratch).toBeGreaterThan(alone.report().memory.scratch);
  }
  const { memory, threads } = alone.report();
  expect(threads).toBe(1);
  expect(memory.peak).toBe(memory.params + memory.temporaries + memory.scratch);
});

describe('steps in the background', () => {
  const many = 400;
  /** Steps under way, and the parameters before. */
  async function underWay() {
    const c = large();
    const run = await start(2, c);
    const before = await run.state();
    const running = run.steps(many, c.feeds);
    await vi.waitFor(() => expect(pool().busy()).toBeDefined(), { interval: 1 });
    return { c, run, before, running };
  }

  test('let others have their turn', async () => {
    const { run, running } = await underWay();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await running;
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
    run.dispose();
  });

  test('are errors to others that cannot wait; those that can, wait', async () => {
    const { c, run, before, running } = await underWay();
    expect(() => run.step(c.feeds)).toThrow(/step: steps are still going on.*\n.*await/);
    expect(() => run.write('b1', before['b1']!)).toThrow('write: steps are still going on');
    expect(() => run.restore(before)).toThrow('restore: steps are still going on');
    const feeds = { X: c.feeds['X']!.slice(), Y: c.feeds['Y']!.slice() };
    const more = run.steps(2, feeds);
    const cost = run.value(c.J, feeds);
    // What was asked with is what counts, whatever becomes of it.
    feeds.X.fill(Number.NaN);
    const [state] = await Promise.all([run.state(), more, running]);
    expect(await cost).toBeGreaterThan(0);
    using other = await start(1);
    await other.steps(many + 2, c.feeds);
    expect(await run.state()).toEqual(await other.state());
    expect(Object.keys(state)).toEqual(Object.keys(before));
    run.dispose();
  });

  test('a worker that dies is an error, and parameters are as they were', async () => {
    const workers = new Set<Worker>();
    vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (
      this: Worker,
      ...given
    ) {
      workers.add(this);
      return postMessage.apply(this, given);
    });
    const { c, run, before, running } = await underWay();
    const [one] = workers;
    void one!.terminate();
    await expect(running).rejects.toThrow(
      /a worker thread failed: it ended with code 1.*\n.*threads: 1/,
    );
    // Nobody is left who might write them.
    expect([...workers].map(({ threadId }) => threadId)).toEqual([...workers].map(() => -1));
    expect(await run.state()).toEqual(before);
    await run.steps(many, c.feeds);
    using other = await start(1);
    await other.steps(many, c.feeds);
    expect(await run.state()).toEqual(await other.state());
    run.dispose();
  });

  test('a session that is disposed ends them soon', async () => {
    const c = large();
    const run = await start(2);
    const running = run.steps(10_000_000, c.feeds);
    await vi.waitFor(() => expect(pool().busy()).toBeDefined(), { interval: 1 });
    run.dispose();
    await expect(running).rejects.toThrow('disposed');
    expect(pool().busy()).toBeUndefined();
  });

  test('of several sessions come one after the other', async () => {
    const c = large();
    using a = await start(2);
    using b = await start(2);
    await Promise.all([a.steps(many, c.feeds), b.steps(many, c.feeds)]);
    expect(await a.state()).toEqual(await b.state());
  });
});

/** w turns by a small angle each step; no value of it can be written over an old one. */
function turning(threads?: number) {
  const [w, R] = [param(2, 1, { name: 'w' }), input(2, 2, { name: 'R' })];
  const options = { device: 'wasm', ...(threads && { threads }) } as const;
  return compile({ updates: [{ param: w, value: matmul(R, w) }] }, options);
}

test.each([1, 2])('old and new values trade places in the background, %d threads', async (n) => {
  const many = 300_000;
  const [c, s] = [Math.cos(1e-4), Math.sin(1e-4)];
  const R = new Float32Array([c, -s, s, c]);
  using run = await turning(n);
  using other = await turning();
  for (const session of [run, other]) session.write('w', [1, 0]);
  for (const times of [many, many + 1, 1, many, 2]) {
    await run.steps(times, { R });
    for (let i = 0; i < times; i++) other.step({ R });
    expect(await run.state()).toEqual(await other.state());
  }
});

describe('without memory that is shared', () => {
  const unshared = (c = large()) => {
    vi.stubGlobal('SharedArrayBuffer', undefined);
    return compile(c.program, { sizes: c.sizes, device: 'wasm', seed: 5 });
  };
  afterEach(() => void vi.unstubAllGlobals());

  test('one thread computes, and says why', async () => {
    using run = await unshared();
    expect(run.device.why).toMatch(/one thread \(this page is not cross-origin isolated/);
  });

  test('long steps are cut into slices, between which others have their turn', async () => {
    const c = large();
    using run = await unshared(c);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const running = run.steps(300, c.feeds);
    expect(() => run.step(c.feeds)).toThrow('steps are still going on');
    await running;
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
    vi.unstubAllGlobals();
    using other = await start(2);
    await other.steps(300, c.feeds);
    expect(await run.state()).toEqual(await other.state());
  });

  test('a session that is disposed ends them soon', async () => {
    const c = large();
    const run = await unshared(c);
    const running = run.steps(10_000_000, c.feeds);
    run.dispose();
    await expect(running).rejects.toThrow('disposed');
  });
});

test.each([0, 1.5, 17, Number.NaN])('%d threads are refused', (threads) =>
  expect(start(threads)).rejects.toThrow(/is no number of threads.*\n.*from 1 to 16/),
);
