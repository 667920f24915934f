// Data that are held: checked once, uploaded once, wherever the session goes, and given back when
// nobody has them any more.
import {
  type Data,
  FeedError,
  input,
  interpret,
  mean,
  mul,
  NameError,
  param,
  sub,
} from '@chainrule/graph';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { compileOn } from '../src/compile.ts';
import type { Handle } from '../src/device.ts';
import { compile, type Held, type Session, type Tensor } from '../src/index.ts';
import { fakePlatform } from './support/fakes.ts';
import { faultless, faultyPlatform } from './support/faulty.ts';
import { afterCollecting } from './support/garbage.ts';
import { net } from './support/programs.ts';

const c = net({ layers: [3, 4, 2], m: 7, classes: true });
const options = { sizes: c.sizes, seed: 3 } as const;

/** A session on WebAssembly, and how many numbers are there. */
async function counted() {
  const fault = faultless();
  const settings = { ...options, device: 'wasm' } as const;
  const run = await compileOn(faultyPlatform(fault), c.program, settings);
  return { run, fault, start: fault.live };
}

const numbersOf = (feeds: Readonly<Record<string, ArrayLike<unknown>>>): number =>
  Object.values(feeds).reduce((sum, { length }) => sum + length, 0);

test('each is on the device once, for steps and for values', async () => {
  const { run, fault, start } = await counted();
  const held = run.hold(c.feeds);
  expect(fault.live).toBe(start);
  for (let i = 0; i < 3; i++) {
    run.step(held);
    await run.steps(2, held);
    await run.value(c.J, held);
    await run.value(c.A, { X: held['X']! });
    expect(fault.live).toBe(start + numbersOf(c.feeds));
  }
  run.step({ ...held, X: c.feeds['X']! });
  await run.steps(1, { ...held, X: c.feeds['X']! });
  expect(fault.live).toBe(start + numbersOf(c.feeds));
  run.dispose();
});

test('data of another number of examples take turns', async () => {
  const half = net({ layers: [3, 4, 2], m: 4, classes: true }).feeds;
  const { run } = await counted();
  using other = await compile(c.program, { ...options, device: 'wasm' });
  const [all, few] = [run.hold(c.feeds), run.hold(half)];
  for (let i = 0; i < 3; i++) {
    for (const feeds of [all, few]) run.step(feeds);
    for (const feeds of [c.feeds, half]) other.step(feeds);
  }
  expect(await run.state()).toEqual(await other.state());
  run.dispose();
});

/** Data that nothing has after this. */
async function trainOnce(run: Session): Promise<void> {
  const held = run.hold(c.feeds);
  run.step(held);
  await run.value(c.J, held);
}

test('they are given back when nobody has them', async () => {
  const { run, fault, start } = await counted();
  const mine = run.hold(c.feeds);
  run.step(mine);
  const kept = fault.live;
  for (let i = 0; i < 5; i++) await trainOnce(run);
  await afterCollecting(() => {
    expect(fault.live).toBe(kept);
  });
  // Those that somebody has are still what they were.
  using other = await compile(c.program, { ...options, device: 'wasm' });
  for (let i = 0; i < 6; i++) other.step(c.feeds);
  expect(await run.value(c.J, mine)).toBe(await other.value(c.J, c.feeds));
  expect(kept).toBe(start + numbersOf(c.feeds));
  run.dispose();
});

test('they go with the session to another device', async () => {
  const machine = fakePlatform();
  machine.behaviours.webgpu = [{ loseAt: 15 }, { loseAt: 3 }];
  const settings = { ...options, device: 'webgpu', checkpoint: 10 } as const;
  using run = await compileOn(machine.platform, c.program, settings);
  using other = await compile(c.program, { ...options, device: 'js' });
  await run.steps(40, run.hold(c.feeds));
  await other.steps(40, c.feeds);
  expect(run.device.kind).toBe('js');
  expect(run.device.lost).toHaveLength(2);
  expect(await run.state()).toEqual(await other.state());
});

test('a step that has to wait needs no copy of them', async () => {
  const machine = fakePlatform();
  machine.behaviours.webgpu = [{ loadsLate: true }];
  using run = await compileOn(machine.platform, c.program, { device: 'webgpu', seed: 3 });
  using other = await compile(c.program, { ...options, device: 'js' });
  const held = run.hold(c.feeds);
  for (let i = 0; i < 3; i++) {
    run.step(held);
    other.step(c.feeds);
  }
  expect(await run.state()).toEqual(await other.state());
});

test('released they go, and come back when they are fed again', async () => {
  const { run, fault, start } = await counted();
  using other = await compile(c.program, { ...options, device: 'wasm' });
  const held = run.hold(c.feeds);
  fault.isAtRisk = true;
  for (let i = 0; i < 5; i++) {
    run.step(held);
    run.step({ ...held, X: c.feeds['X']! });
    await other.steps(2, c.feeds);
    run.release(held);
    expect(fault.live).toBe(start);
    run.release(held);
  }
  // While steps go on in the background, and might have to be done again, it waits.
  fault.isAway = true;
  const steps = run.steps(3, held);
  run.release(held);
  expect(fault.live).toBe(start + numbersOf(c.feeds));
  await steps;
  await other.steps(3, c.feeds);
  run.release(held);
  expect(fault.live).toBe(start);
  expect(await run.state()).toEqual(await other.state());
  run.dispose();
  run.release(held);
});

test('released while steps on a GPU go on, they stay until these have ended', async () => {
  const machine = fakePlatform();
  const open = async (kind: 'webgpu') => {
    const device = await machine.platform.open(kind);
    const uploads = new Set<Handle>();
    return {
      ...device,
      upload: (...what: Parameters<typeof device.upload>) => {
        const handle = device.upload(...what);
        uploads.add(handle);
        return handle;
      },
      // What is given back holds nothing any more.
      free: (handle: Handle) => {
        if (uploads.delete(handle)) (handle as Float32Array).fill(NaN);
      },
    };
  };
  const platform = { ...machine.platform, open } as typeof machine.platform;
  using run = await compileOn(platform, c.program, { ...options, device: 'webgpu' });
  using other = await compile(c.program, { ...options, device: 'js' });
  const held = run.hold(c.feeds);
  const steps = run.steps(30, held);
  run.release(held);
  await steps;
  run.step(held);
  run.release(held);
  run.step(held);
  await other.steps(32, c.feeds);
  expect(await run.state()).toEqual(await other.state());
});

test('what is interrupted is undone with held data, of which few are kept for it', async () => {
  const { run, fault, start } = await counted();
  fault.isAtRisk = true;
  const mine = run.hold(c.feeds);
  for (let i = 0; i < 20; i++) {
    run.step(mine);
    run.step(run.hold(c.feeds));
    const before = await run.state();
    fault.fails = true;
    expect(() => run.step(mine)).toThrow('are what they were before it');
    fault.fails = false;
    expect(await run.state()).toEqual(before);
  }
  const changed = [...Object.values(await run.state())].reduce(
    (n, { data }) => n + data.length,
    0,
  );
  await afterCollecting(() => {
    // Mine, those of the last step, and no more for steps undone than what steps change.
    expect(fault.live - start).toBeLessThanOrEqual(2 * numbersOf(c.feeds) + changed);
  });
  run.dispose();
});

test('where there is no room they make some', async () => {
  const { run, fault, start } = await counted();
  const held = run.hold(c.feeds);
  fault.most = start + numbersOf(c.feeds) - 1;
  expect(() => run.step(held)).toThrow();
  expect(fault.live).toBeLessThan(fault.most);
  // Nothing is awaited: nobody sees that those before have gone.
  fault.most = start + 3 * numbersOf(c.feeds);
  for (let i = 0; i < 20; i++) run.step(run.hold(c.feeds));
  fault.most = Infinity;
  using other = await compile(c.program, { ...options, device: 'wasm' });
  await other.steps(20, c.feeds);
  expect(await run.state()).toEqual(await other.state());
  run.dispose();
});

test('where data are their own handle nothing keeps them', async () => {
  const uploaded: WeakRef<object>[] = [];
  const { platform } = fakePlatform();
  const open = async (kind: 'js') => {
    const device = await platform.open(kind);
    const upload = (data: Float32Array): Handle => {
      uploaded.push(new WeakRef(data));
      return data;
    };
    return { ...device, upload };
  };
  const own = { ...platform, open } as typeof platform;
  using run = await compileOn(own, c.program, { ...options, device: 'js' });
  const params = uploaded.length;
  await trainOnce(run);
  expect(uploaded.length).toBe(params + Object.keys(c.feeds).length);
  await afterCollecting(() => {
    expect(uploaded.slice(params).map((ref) => ref.deref())).toEqual([undefined, undefined]);
  });
});

describe('what cannot be held, or not be fed', () => {
  const opened = compile(c.program, { ...options, device: 'js' });
  const X = c.feeds['X']!;
  const Y = c.feeds['Y']!;

  test.each<[string, Record<string, Float32Array>, RegExp]>([
    [
      'a number that is none',
      { X: X.map((x, i) => (i === 9 ? NaN : x)) },
      /^X holds NaN in row 1, /,
    ],
    ['an input that there is not', { Z: X }, /^Z is not an input; inputs: X, Y\./],
    ['no whole number of examples', { X: X.subarray(1) }, /X/],
    ['data that contradict each other', { X, Y: Y.subarray(2) }, /Y/],
    ['what is no distribution', { Y: Y.map((y) => y / 2) }, /^Y is declared a distribution, but/],
  ])('%s', async (_, data, message) => {
    const run = await opened;
    expect(() => run.hold(data)).toThrow(message);
    const kind = 'Z' in data ? NameError : FeedError;
    expect(() => run.hold(data)).toThrow(kind);
  });

  test('numbers that are no distribution are found where one is declared', async () => {
    const run = await opened;
    const P = input(2, 'm', { name: 'Y' });
    const program = { Y: P, twice: mul(2, P) };
    using other = await compile(program, { device: 'js' });
    const held = other.hold({ Y: Y.map((y) => y / 2) });
    expect(() => run.step({ X, Y: held.Y })).toThrow(/^Y is declared a distribution, but/);
    run.step({ X, Y: other.hold({ Y }).Y });
  });

  test('a session that is gone holds nothing', async () => {
    const run = await compile(c.program, { ...options, device: 'js' });
    run.dispose();
    expect(() => run.hold({ X })).toThrow('hold: the session of ');
  });
});

test('they are fed to any input that they fit, in the order that it declares', async () => {
  const X = input('n', 'm', { name: 'X' });
  const T = input('n', 'm', { name: 'T', order: 'columns' });
  const x = input('n', 'm', { name: 'X', order: 'columns' });
  const w = param(1, 1, { name: 'w', init: { kind: 'constant', value: 3 } });
  const both = mean(mul(w, sub(X, mul(2, T))));
  for (const device of ['js', 'wasm'] as const) {
    using run = await compile({ updates: [{ param: w, value: mul(w, both) }] }, { device });
    // A matrix, and a line that lies alike in either order.
    for (const [n, m] of [
      [3, 5],
      [1, 5],
      [5, 1],
    ]) {
      const data = Float32Array.from({ length: n * m }, (_, i) => i);
      const held = run.hold({ X: { shape: [n, m], data } }).X;
      const average = (n * m - 1) / 2;
      expect(await run.value(both, { X: held, T: held })).toBeCloseTo(-3 * average, 4);
      expect(((await run.value(x, { X: held })) as Tensor).data).toEqual(data);
      const turned = await run.value(mul(1, x), { X: held });
      expect((turned as Tensor).data).toEqual(data);
    }
  }
});

test('they are tensors, which nothing can change, and come back under their names', async () => {
  using run = await compile(c.program, { ...options, device: 'js' });
  const X = { shape: [3, 7], data: c.feeds['X']!, order: 'rows' } as const;
  const held = run.hold({ X, Y: c.feeds['Y']! });
  expectTypeOf(held).toEqualTypeOf<Record<'X' | 'Y', Held>>();
  expectTypeOf(held.X).toExtend<Data>();
  expect(held.X).toEqual(X);
  expect(run.hold(held)).toEqual(held);
  expect(run.hold(held).X).toBe(held.X);
  expect(run.hold({})).toEqual({});
  const cost = await run.value(c.J, held);
  held.X.data.fill(0);
  expect(() => ((held.X.shape as number[])[1] = 8)).toThrow(TypeError);
  expect(await run.value(c.J, held)).toBe(cost);
  // Nor what lies under an array that comes anew whenever it is asked for.
  const own = c.feeds['X']!.slice();
  const view = {
    shape: [3, 7],
    order: 'rows',
    get data() {
      return own.subarray(0);
    },
  } as const;
  const seen = run.hold({ X: view });
  own.fill(0);
  expect(await run.value(c.J, { ...held, ...seen })).toBe(cost);
  // Copies of them, and what knows no sessions, see data like others.
  expect(await run.value(c.J, { ...held, X: { ...held.X } })).toBe(cost);
  expect(await run.value(c.J, { ...held, X: structuredClone(held.X) })).toBe(cost);
  const state = await run.state();
  expect(interpret(c.J, { ...state, ...held }).data[0]).toBeCloseTo(cost as number, 5);
  run.write('b1', run.hold({ X }).X.data.subarray(0, 4));
});
