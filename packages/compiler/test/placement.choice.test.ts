// How a session chooses between the CPU and a GPU by itself: it starts on the one while it tries
// the other. Which of the two is faster is settled by making one dawdle.
import { input, matmul, param } from '@chainrule/graph';
import { expect, test } from 'vitest';
import { openWasm } from '../src/backends/wasm/device.ts';
import { type CompileOptions, compileOn } from '../src/compile.ts';
import { compile, type DeviceChoice, type Session } from '../src/index.ts';
import type { Platform } from '../src/placement/devices.ts';
import { type Behaviour, fakePlatform, later } from './support/fakes.ts';
import { net } from './support/programs.ts';

/** Large enough for a GPU to be looked at, and small enough for a test. */
const large = () => net({ layers: [200, 60, 1], m: 64, alpha: 0.1 });
const c = large();
const SLOW: Behaviour = { ms: 15 };

type Machine = ReturnType<typeof fakePlatform>;
const start = (machine: Machine, more: CompileOptions = {}): Promise<Session> =>
  compileOn(machine.platform, c.program, { sizes: c.sizes, seed: 3, ...more });

/** Trains until the session has settled, at most so many steps; returns the costs before each. */
async function settle(run: Session, isSettled: () => boolean, most = 200): Promise<number[]> {
  const costs: number[] = [];
  while (!isSettled() && costs.length < most) {
    costs.push((await run.value(c.J, c.feeds)) as number);
    run.step(c.feeds);
    await later();
  }
  expect(isSettled()).toBe(true);
  return costs;
}

test('starts on the CPU, and moves to a faster GPU without a jump in the loss', async () => {
  const machine = fakePlatform(['webgpu'], SLOW);
  machine.behaviours.webgpu = [{ loadsLate: true }];
  const heard: DeviceChoice[] = [];
  using run = await start(machine, { onDevice: (choice) => heard.push(choice) });
  expect(run.device.kind).toBe('js');
  expect(run.device.why).toBe('it starts here while GPUs are looked at');
  const costs = await settle(run, () => run.device.kind === 'webgpu');
  for (let i = 0; i < 5; i++) {
    costs.push((await run.value(c.J, c.feeds)) as number);
    run.step(c.feeds);
  }
  using alone = await compile(c.program, { sizes: c.sizes, seed: 3, device: 'js' });
  const expected: number[] = [];
  for (const _ of costs) {
    expected.push((await alone.value(c.J, c.feeds)) as number);
    alone.step(c.feeds);
  }
  // One number differs by a few roundings of float32 at most.
  for (const [i, cost] of costs.entries()) {
    expect(Math.abs(cost - expected[i]!)).toBeLessThan(1e-5);
  }
  expect(run.device.why).toMatch(/^WebGPU \(fake webgpu\): [\d.]+ ms a step, the CPU [\d.]+ ms$/);
  expect(heard).toEqual([run.device]);
  expect(machine.opened.map(({ kind, isDisposed }) => [kind, isDisposed])).toEqual([
    ['js', true],
    ['webgpu', false],
  ]);
});

test('stays where it is faster, and says how fast both are', async () => {
  const machine = fakePlatform();
  machine.behaviours.webgpu = [{ ms: 20 }];
  using run = await start(machine);
  await settle(run, () => run.device.why.includes('ms a step'));
  expect(run.device.kind).toBe('js');
  expect(run.device.why).toMatch(/^[\d.]+ ms a step, WebGPU \(fake webgpu\) [\d.]+ ms$/);
  expect(machine.opened.map(({ isDisposed }) => isDisposed)).toEqual([false, true]);
});

test('a GPU that is slower does not keep the next one from being tried', async () => {
  const machine = fakePlatform(['webgpu', 'webgl2', 'webgl'], SLOW);
  machine.behaviours.webgpu = [{ ms: 40 }];
  using run = await start(machine);
  await settle(run, () => run.device.kind === 'webgl2');
  expect(run.device.why).toMatch(
    /^WebGL 2 \(fake webgl2\): [\d.]+ ms a step, the CPU [\d.]+ ms, WebGPU \(fake webgpu\) \d+ ms$/,
  );
  expect(machine.opened.map(({ kind, isDisposed }) => [kind, isDisposed])).toEqual([
    ['js', true],
    ['webgpu', true],
    ['webgl2', false],
  ]);
});

test('where all are slower, or fail, it says how fast each is, and why not', async () => {
  const machine = fakePlatform(['webgpu', 'webgl2', 'webgl']);
  machine.behaviours.webgpu = [{ ms: 20 }];
  machine.behaviours.webgl2 = [{ refuses: 'W1' }];
  machine.behaviours.webgl = [{ ms: 25 }];
  using run = await start(machine);
  await settle(run, () => run.device.why.includes('ms a step'));
  expect(run.device.why).toMatch(
    /^[\d.]+ ms a step, WebGPU \(fake webgpu\) \d+ ms, WebGL \(fake webgl\) \d+ ms$/,
  );
  expect(run.device.refused).toEqual([
    { kind: 'webgl2', why: 'webgl2 cannot compile the kernel of W1' },
  ]);
  expect(machine.opened.map(({ isDisposed }) => isDisposed)).toEqual([false, true, true, true]);
});

test('what was measured decides for the same program again', async () => {
  const fast = fakePlatform(['webgpu'], SLOW);
  using first = await start(fast);
  await settle(first, () => first.device.kind === 'webgpu');
  using second = await start(fast);
  // Nothing is tried any more: it moves when it is there, whatever is asked for then.
  for (let i = 0; i < 10; i++) await later();
  await second.read('W1');
  expect(second.device).toMatchObject({ kind: 'webgpu', why: first.device.why });
  expect(fast.opened.at(-1)!.runs).toBe(0);

  const slow = fakePlatform();
  slow.behaviours.webgpu = [{ ms: 20 }];
  using third = await start(slow);
  await settle(third, () => third.device.why.includes('ms a step'));
  using fourth = await start(slow);
  for (let i = 0; i < 10; i++) await later();
  expect(fourth.device.why).toBe(third.device.why);
  expect(slow.opened.filter(({ kind }) => kind === 'webgpu')).toHaveLength(1);
});

test('one long call of steps moves on its way', async () => {
  const machine = fakePlatform(['webgpu'], SLOW);
  using run = await start(machine);
  await run.steps(120, c.feeds);
  expect(run.device.kind).toBe('webgpu');
  const [cpu, gpu] = machine.opened;
  // What the GPU did beyond is the trial: no step was done twice, and none left out.
  expect(cpu!.runs).toBeLessThan(120);
  expect(cpu!.runs + gpu!.runs).toBeGreaterThan(120);
  using alone = await compile(c.program, { sizes: c.sizes, seed: 3, device: 'js' });
  await alone.steps(120, c.feeds);
  expect(await run.state()).toEqual(await alone.state());
});

test('batches of open and of other sizes go on after the move', async () => {
  const machine = fakePlatform(['webgpu'], SLOW);
  machine.behaviours.webgpu = [{ loadsLate: true }];
  using run = await start(machine, { sizes: {} });
  const small = net({ layers: [200, 60, 1], m: 48 }).feeds;
  run.step(small);
  await settle(run, () => run.device.kind === 'webgpu');
  const other = net({ layers: [200, 60, 1], m: 16 }).feeds;
  const before = await run.read('b2');
  run.step(small);
  run.step(other);
  expect(await run.read('b2')).not.toEqual(before);
  expect(run.report().kernels.length).toBeGreaterThan(0);
});

test('values alone are compared, too', async () => {
  const X = input(300, 'm', { name: 'X' });
  const W = param(300, 300, { name: 'W', init: { kind: 'normal', std: 1 } });
  const Z = matmul(W, X);
  const machine = fakePlatform(['webgpu'], { ms: 40 });
  using run = await compileOn(machine.platform, Z, { sizes: { m: 4 } });
  const feeds = { X: new Float32Array(1200).fill(0.5) };
  const first = await run.value(Z, feeds);
  for (let i = 0; i < 200 && run.device.kind === 'js'; i++) {
    await run.value(Z, feeds);
    await later();
  }
  expect(run.device.why).toMatch(/ms a value, the CPU/);
  expect(await run.value(Z, feeds)).toEqual(first);
});

test('a value that is refused is not compared', async () => {
  const [X, W] = [input(300, 'm', { name: 'X' }), param(300, 300, { name: 'W' })];
  const Z = matmul(W, X);
  const { platform } = fakePlatform(['webgpu']);
  const open: Platform['open'] = (kind) =>
    kind === 'wasm' ? openWasm({ threads: 1 }) : platform.open(kind);
  const machine: Platform = { ...platform, cpu: () => ({ kind: 'wasm', refused: [] }), open };
  using run = await compileOn(machine, Z, { sizes: { m: 300 } });
  await run.value(Z, { X: new Float32Array(90_000) });
  for (let i = 0; i < 60; i++) {
    const spoilt = { X: new Float32Array(90_000).fill(Number.NaN, 7, 8) };
    await expect(run.value(Z, spoilt)).rejects.toThrow('X holds NaN in row 0, column 7');
    await later();
  }
  expect(run.device.why).toMatch(/it starts here while GPUs are looked at$/);
});

test('a GPU that fails its trial is refused, and the next one tried', async () => {
  const machine = fakePlatform(['webgpu', 'webgl2'], SLOW);
  machine.behaviours.webgpu = [{ loseAt: 4 }];
  using run = await start(machine);
  await settle(run, () => run.device.kind === 'webgl2');
  expect(run.device.refused).toContainEqual({
    kind: 'webgpu',
    why: 'the webgpu context was lost',
  });
  expect(run.device.lost).toEqual([]);
  // And one that is lost after the move gives back to the CPU what it had at its checkpoint.
  const state = await run.state();
  machine.behaviours.webgl2 = [{ refuses: 'W1' }];
  machine.opened.at(-1)!.lose();
  await run.steps(1, c.feeds);
  expect(run.device).toMatchObject({ kind: 'js', lost: [{ kind: 'webgl2' }] });
  expect(Object.keys(await run.state())).toEqual(Object.keys(state));
});

test('small programs do not even ask', async () => {
  const machine = fakePlatform();
  const small = net({ layers: [3, 1], m: 4 });
  using run = await compileOn(machine.platform, small.program, { sizes: small.sizes });
  await run.steps(10, small.feeds);
  await later();
  expect(machine.probes()).toBe(0);
  expect(run.device.refused).toHaveLength(4);
  // Nor does a device that was asked for ask for others.
  using js = await start(machine, { device: 'js' });
  await js.steps(10, c.feeds);
  await later();
  expect(machine.probes()).toBe(0);
  expect(js.device).toMatchObject({ kind: 'js', why: 'it was asked for' });
});

test('without a GPU it stays, and nothing is opened', async () => {
  const machine = fakePlatform([]);
  using run = await start(machine);
  await settle(run, () => run.device.why.includes('see refused'));
  expect(machine.opened).toHaveLength(1);
});

test('a session that ends during the trial leaves no device behind', async () => {
  for (const turns of [0, 1, 2, 4, 7]) {
    const machine = fakePlatform();
    machine.behaviours.webgpu = [{ loadsLate: true }];
    const run = await start(machine);
    for (let i = 0; i < turns; i++) {
      run.step(c.feeds);
      await later();
    }
    run.dispose();
    for (let i = 0; i < 12; i++) await later();
    expect(machine.opened.every(({ isDisposed }) => isDisposed)).toBe(true);
  }
});
