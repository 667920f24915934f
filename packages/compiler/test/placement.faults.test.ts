// What a session does when its device fails: with devices that fail when they are told to.
import { ChainruleError, mul, param } from '@chainrule/graph';
import { describe, expect, test } from 'vitest';
import { type CompileOptions, compileOn } from '../src/compile.ts';
import { compile, type DeviceChoice, type Session } from '../src/index.ts';
import { fakePlatform, later } from './support/fakes.ts';
import { net } from './support/programs.ts';

const c = net({ layers: [3, 4, 1], m: 7 });
const half = net({ layers: [3, 4, 1], m: 4 }).feeds;
const options = { sizes: c.sizes, seed: 3, device: 'webgpu' } as const;

type Machine = ReturnType<typeof fakePlatform>;
const start = (machine: Machine, more: CompileOptions = {}): Promise<Session> =>
  compileOn(machine.platform, c.program, { ...options, ...more });

/** Parameters after so many steps, on a device that does not fail. */
async function after(steps: number, feeds = c.feeds) {
  using run = await compile(c.program, { ...options, device: 'js' });
  await run.steps(steps, feeds);
  return run.state();
}

/** Steps one by one, with time between for what arrives late. */
async function stepSlowly(run: Session, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    run.step(c.feeds);
    await later();
  }
}

describe('a device that is lost', () => {
  test('loses the steps since the last checkpoint, and is opened anew', async () => {
    const machine = fakePlatform();
    const heard: DeviceChoice[] = [];
    using run = await start(machine, { checkpoint: 10, onDevice: (d) => heard.push(d) });
    await stepSlowly(run, 27);
    machine.opened[0]!.lose();
    // Checkpoints are of step 10 and of step 20, or later if one was on its way.
    const state = await run.state();
    const [loss] = run.device.lost;
    expect(run.device.kind).toBe('webgpu');
    expect(loss).toMatchObject({ kind: 'webgpu', why: 'the webgpu context was lost' });
    expect(loss!.stepsLost).toBeGreaterThan(0);
    expect(loss!.stepsLost).toBeLessThan(12);
    expect(state).toEqual(await after(27 - loss!.stepsLost));
    await run.steps(5, c.feeds);
    expect(await run.state()).toEqual(await after(32 - loss!.stepsLost));
    expect(run.device.why).toContain('opened anew after it failed: the webgpu context was lost');
    expect(heard).toEqual([run.device]);
    expect(machine.opened.map(({ isDisposed }) => isDisposed)).toEqual([true, false]);
  });

  test.each([true, false])(
    'within steps() nothing is lost (noticed at once: %s)',
    async (isNoticed) => {
      const machine = fakePlatform();
      machine.behaviours.webgpu = [{ loseAt: 33, isNoticed }, {}];
      using run = await start(machine, { checkpoint: 10 });
      await run.steps(50, c.feeds);
      expect(await run.state()).toEqual(await after(50));
      expect(run.device.lost).toMatchObject([{ kind: 'webgpu', stepsLost: 0 }]);
    },
  );

  test('never hands out what it made up', async () => {
    const machine = fakePlatform();
    using run = await start(machine);
    const before = await run.value(c.J, c.feeds);
    machine.opened[0]!.lose(false);
    expect(await run.value(c.J, c.feeds)).toBe(before);
    expect(run.device.lost).toHaveLength(1);
    expect(run.device.lost[0]!.why).toBe('webgpu does not give back what it was given');
  });

  test('and lost again before a checkpoint makes the session move to the CPU', async () => {
    const machine = fakePlatform();
    machine.behaviours.webgpu = [{ loseAt: 15 }, { loseAt: 3 }];
    using run = await start(machine, { checkpoint: 10 });
    await run.steps(40, c.feeds);
    expect(await run.state()).toEqual(await after(40));
    expect(run.device.kind).toBe('js');
    expect(run.device.lost).toHaveLength(2);
    expect(run.device.why).toContain('it moved here when webgpu failed');
    expect(run.device.refused).toContainEqual({
      kind: 'webgpu',
      why: 'the webgpu context was lost',
    });
    expect(run.report().kernels.length).toBeGreaterThan(0);
  });

  test('but as often as it lives to a checkpoint it is opened anew', async () => {
    const machine = fakePlatform();
    machine.behaviours.webgpu = [{ loseAt: 15 }, { loseAt: 18 }, { loseAt: 19 }, {}];
    using run = await start(machine, { checkpoint: 5 });
    await run.steps(60, c.feeds);
    expect(await run.state()).toEqual(await after(60));
    expect(run.device).toMatchObject({ kind: 'webgpu', lost: [{}, {}, {}] });
  });

  test('while step() is called: steps and writes wait, in the order of calls', async () => {
    const machine = fakePlatform();
    machine.behaviours.webgpu = [{}, { loadsLate: true }];
    using run = await start(machine);
    machine.opened[0]!.lose();
    const feeds = { X: c.feeds['X']!.slice(), Y: c.feeds['Y']!.slice() };
    run.step(feeds);
    run.step(feeds);
    const b = Float32Array.of(1, 2, 3, 4);
    run.write('b1', b);
    run.step(feeds);
    // The caller's arrays are free again.
    feeds.X.fill(9);
    b.fill(9);
    using other = await compile(c.program, { ...options, device: 'js' });
    other.step(c.feeds);
    other.step(c.feeds);
    other.write('b1', [1, 2, 3, 4]);
    other.step(c.feeds);
    expect(await run.state()).toEqual(await other.state());
    expect(run.device.lost).toMatchObject([{ stepsLost: 0 }]);
  });

  test('with too many calls waiting says so', async () => {
    const machine = fakePlatform();
    using run = await start(machine);
    machine.opened[0]!.lose();
    const many = () => {
      for (let i = 0; i < 40; i++) run.step(c.feeds);
    };
    expect(many).toThrow(/step: 32 calls wait while the session moves.*\n.*await steps/);
    expect(await run.state()).toEqual(await after(32));
  });

  test('keeps other batch sizes loaded, so that step goes on', async () => {
    const machine = fakePlatform();
    machine.behaviours.webgpu = [{ loadsLate: true }];
    using run = await start(machine);
    run.step(half);
    run.step(c.feeds);
    const state = await run.state();
    machine.opened[0]!.lose();
    await run.value(c.J, c.feeds);
    run.step(half);
    run.step(c.feeds);
    using other = await compile(c.program, { ...options, device: 'js' });
    other.step(half);
    other.step(c.feeds);
    // Two steps were done, and lost before the first checkpoint.
    expect(state).toEqual(await other.state());
    expect(await run.state()).toEqual(state);
    expect(run.device.lost).toMatchObject([{ stepsLost: 2 }]);
  });

  test('without checkpoints is the end, in words', async () => {
    const machine = fakePlatform();
    using run = await start(machine, { checkpoint: 0 });
    await run.steps(3, c.feeds);
    machine.opened[0]!.lose();
    const failed = /webgpu has failed \(the webgpu context was lost\), and there is no checkpoint/;
    await expect(run.steps(1, c.feeds)).rejects.toThrow(failed);
    await expect(run.read('W1')).rejects.toThrow(failed);
    expect(() => run.step(c.feeds)).toThrow(failed);
    await expect(start(machine, { checkpoint: -1 })).rejects.toThrow(/-1 is no number of steps/);
  });

  test('by dispose in the middle of a move leaves no device behind', async () => {
    const machine = fakePlatform();
    machine.behaviours.webgpu = [{}, { loadsLate: true }];
    const run = await start(machine);
    machine.opened[0]!.lose();
    const reading = run.read('W1');
    await Promise.resolve();
    run.dispose();
    await expect(reading).rejects.toThrow(/is disposed/);
    for (let i = 0; i < 5; i++) await later();
    expect(machine.opened.every(({ isDisposed }) => isDisposed)).toBe(true);
  });
});

describe('checkpoints', () => {
  test('are renewed by restore and by write', async () => {
    const machine = fakePlatform();
    using run = await start(machine, { checkpoint: 1000 });
    await run.steps(3, c.feeds);
    run.restore(await after(17));
    machine.opened[0]!.lose();
    expect(await run.state()).toEqual(await after(17));
    const b = Float32Array.of(1, 2, 3, 4);
    run.write('b1', b);
    b.fill(9);
    machine.opened[1]!.lose();
    expect((await run.read('b1')).data).toEqual(Float32Array.of(1, 2, 3, 4));
    expect((await run.read('W1')).data).toEqual((await after(17))['W1']!.data);
  });

  test('are of one moment, while steps go on', async () => {
    const machine = fakePlatform();
    using run = await start(machine, { checkpoint: 10 });
    // The copy of step 10 is on its way when all the others are done.
    for (let i = 0; i < 14; i++) run.step(c.feeds);
    await later();
    await later();
    await later();
    machine.opened[0]!.lose();
    expect(await run.state()).toEqual(await after(10));
    expect(run.device.lost).toMatchObject([{ stepsLost: 4 }]);
  });

  test('hold only what is finite: a training that diverges is left to diverge', async () => {
    const w = param(1, { name: 'w', init: { kind: 'constant', value: 1 } });
    const program = { updates: [{ param: w, value: mul(w, -3e9) }] };
    const machine = fakePlatform();
    using run = await compileOn(machine.platform, program, { device: 'webgpu', checkpoint: 2 });
    await run.steps(3, {});
    for (let i = 0; i < 5; i++) await later();
    await run.steps(20, {});
    expect(Number.isFinite((await run.read('w')).data[0])).toBe(false);
    expect(run.device.lost).toEqual([]);
    machine.opened[0]!.lose();
    // After two steps it was finite for the last time that a copy was made.
    expect(Number.isFinite((await run.read('w')).data[0])).toBe(true);
  });
});

describe('a device that cannot do what is asked for', () => {
  test('when it compiles: the next kind for gpu, an error by name', async () => {
    const machine = fakePlatform(['webgpu', 'webgl2']);
    machine.behaviours.webgpu = [{ refuses: 'W1' }];
    using run = await start(machine, { device: 'gpu' });
    expect(run.device).toMatchObject({
      kind: 'webgl2',
      refused: [{ kind: 'webgpu', why: 'webgpu cannot compile the kernel of W1' }],
      lost: [],
    });
    await expect(start(machine)).rejects.toThrow(ChainruleError);
    await expect(start(machine)).rejects.toThrow(/webgpu: webgpu cannot compile the kernel of W1/);
    expect(machine.opened.filter(({ isDisposed }) => !isDisposed)).toHaveLength(1);
  });

  const odd = mul(c.J, 2);

  test('later on: the next kind for gpu, without a lost step', async () => {
    const machine = fakePlatform(['webgpu', 'webgl2']);
    machine.behaviours.webgpu = [{ refuses: 'odd' }];
    using run = await start(machine, { device: 'gpu' });
    await run.steps(7, c.feeds);
    const value = (await run.run({ odd }, c.feeds)).odd.data[0]!;
    expect(run.device).toMatchObject({ kind: 'webgl2', lost: [{ kind: 'webgpu', stepsLost: 0 }] });
    expect(value).toBeCloseTo(2 * ((await run.value(c.J, c.feeds)) as number), 5);
    expect(await run.state()).toEqual(await after(7));
  });

  test('later on: an error by name, and the session goes on', async () => {
    const machine = fakePlatform();
    machine.behaviours.webgpu = [{ refuses: 'odd', most: 30 }];
    using run = await start(machine);
    await expect(run.run({ odd }, c.feeds)).rejects.toThrow(
      /webgpu: webgpu cannot compile the kernel of odd.*\n.*leave device out/,
    );
    const many = net({ layers: [3, 4, 1], m: 50 }).feeds;
    expect(() => run.step(many)).toThrow(/webgpu: 50 do not fit/);
    await run.steps(2, c.feeds);
    expect(await run.state()).toEqual(await after(2));
    expect(run.device.lost).toEqual([]);
  });
});
