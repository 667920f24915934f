// One suite for every device: whole programs, trained through the session and compared with the
// float64 interpreter.
import {
  add,
  interpret,
  interpretAll,
  mul,
  paramsOf,
  square,
  sum,
  type Values,
} from '@chainrule/graph';
import { describe, expect, test } from 'vitest';
import { compile, type DeviceRequest, type Feeds, type Session } from '../../src/index.ts';
import { longestFold, longFolds } from './long-folds.ts';
import { type Case, cases, net } from './programs.ts';
import { values } from './values.ts';

const STEPS = 12;
// float32 has 6e-8 of relative precision; sums of a few hundred terms over a dozen steps gather
// some hundred roundings. A wrong kernel is off by far more than this.
const TOLERANCE = 2e-5;

/** The costs of a training run on a device, before every step. */
export async function trace(
  run: Session,
  c: Pick<Case, 'J'> & { readonly feeds: Feeds },
  steps = STEPS,
): Promise<number[]> {
  const costs: number[] = [];
  for (let i = 0; i < steps; i++) {
    costs.push((await run.value(c.J, c.feeds)) as number);
    run.step(c.feeds);
  }
  return costs;
}

/** The same run in float64, from the parameters that the session starts with. */
async function reference(run: Session, c: Case): Promise<number[]> {
  let values: Values = { ...c.feeds, ...(await run.state()) };
  const costs: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    costs.push(interpret(c.J, values).data[0]!);
    const updates = c.program.updates.map((u) => u.value);
    const next = interpretAll(updates, values);
    const names = Object.keys(await run.state());
    values = { ...values, ...Object.fromEntries(names.map((name, k) => [name, next[k]!])) };
  }
  return costs;
}

/** Registers the suite: inside a `describe` of the device. */
export function sessions(device: DeviceRequest): void {
  const start = (c: Case) => compile(c.program, { sizes: c.sizes, device, seed: 3 });

  describe('trains like float64', () => {
    test.each(Object.entries(cases))('%s', async (_, make) => {
      const c = make();
      using run = await start(c);
      expect(run.device.kind).toBe(device);
      const expected = await reference(run, c);
      const found = await trace(run, c);
      found.forEach((cost, i) => {
        expect(Math.abs(cost - expected[i]!)).toBeLessThan(TOLERANCE * Math.max(1, expected[0]!));
      });
      expect(found.at(-1)).toBeLessThan(found[0]!);
    });
  });

  describe('computes like float64', () => values(device));

  describe('folds 10,007 numbers', () => longFolds(device));
  longestFold(device);

  test('logits far out stay finite, and move', async () => {
    const c = net({ layers: [5, 1], m: 33, scale: 1000, alpha: 0.01 });
    using run = await start(c);
    const before = await run.read('W1');
    const costs = await trace(run, c);
    for (const cost of costs) expect(Number.isFinite(cost)).toBe(true);
    expect(Math.max(...costs)).toBeGreaterThan(10);
    const after = await run.read('W1');
    expect(after.data).not.toEqual(before.data);
    for (const w of after.data) expect(Number.isFinite(w)).toBe(true);
  });

  test('the batch size may change from call to call', async () => {
    const c = net({ layers: [4, 3, 1], m: 10 });
    const half = net({ layers: [4, 3, 1], m: 6 }).feeds;
    using run = await start(c);
    await run.steps(2, c.feeds);
    await run.steps(1, half);
    await run.steps(1, c.feeds);
    using other = await compile(c.program, { device, seed: 3 });
    await other.steps(2, c.feeds);
    await other.steps(1, half);
    await other.steps(1, c.feeds);
    expect((await run.read('W1')).data).toEqual((await other.read('W1')).data);
    const A = (await run.value(c.A, { X: half['X']! })) as { shape: readonly number[] };
    expect(A.shape).toEqual([1, 6]);
  });

  test('data may lie in the other order than inputs declare', async () => {
    const c = net({ layers: [5, 4, 3], m: 7, classes: true });
    using run = await start(c);
    const state = await run.state();
    const expected = await trace(run, c, 4);
    const turned = (rows: Float32Array) => {
      const [size, count] = [rows.length / 7, 7];
      const data = rows.map((_, i) => rows[(i % size) * count + Math.floor(i / size)]!);
      return { shape: [size, count], data, order: 'columns' as const };
    };
    const [X, Y] = [turned(c.feeds['X']!), turned(c.feeds['Y']!)];
    for (const feeds of [{ X }, { Y }, { X, Y }, {}]) {
      run.restore(state);
      const found = await trace(run, { ...c, feeds: { ...c.feeds, ...feeds } }, 4);
      found.forEach((cost, i) => {
        expect(Math.abs(cost - expected[i]!)).toBeLessThan(TOLERANCE);
      });
    }
  });

  test('data that are held train like data that are fed', async () => {
    const c = net({ layers: [5, 4, 3], m: 7, classes: true });
    using run = await start(c);
    const state = await run.state();
    const expected = await trace(run, c, 4);
    run.restore(state);
    const [X, Y] = [c.feeds['X']!.slice(), c.feeds['Y']!];
    const held = run.hold({ X, Y });
    // They are copies.
    X.fill(0);
    expect(await trace(run, { ...c, feeds: held }, 4)).toEqual(expected);
    run.restore(state);
    // Alone, with other data, in another session, and held once more.
    using other = await start(c);
    const found = await trace(other, { ...c, feeds: { ...other.hold(held), Y } }, 4);
    expect(found).toEqual(expected);
    await run.steps(4, held);
    expect(await run.state()).toEqual(await other.state());
  });

  test('what is written is a copy', async () => {
    const c = net({ layers: [4, 3, 1], m: 10 });
    using run = await start(c);
    const b = Float32Array.of(1, 2, 3);
    run.write('b1', b);
    b.fill(9);
    expect((await run.read('b1')).data).toEqual(Float32Array.of(1, 2, 3));
    using other = await start(c);
    other.write('b1', [1, 2, 3]);
    expect(await trace(run, c, 3)).toEqual(await trace(other, c, 3));
  });

  test('state comes back after restore, and training goes on alike', async () => {
    const c = net({ layers: [4, 3, 1], m: 10 });
    using run = await start(c);
    await run.steps(3, c.feeds);
    const state = await run.state();
    const there = await trace(run, c, 3);
    run.restore(state);
    expect(await trace(run, c, 3)).toEqual(there);
    using other = await compile(c.program, { sizes: c.sizes, device, seed: 99 });
    other.restore(state);
    expect(await trace(other, c, 3)).toEqual(there);
  });

  test('many values asked for at once', async () => {
    const c = net({ layers: [4, 1], m: 6 });
    using run = await start(c);
    const asked = Array.from({ length: 40 }, (_, i) => run.value(mul(c.J, i), c.feeds));
    const values = await Promise.all(asked);
    await run.steps(40, c.feeds);
    expect(values[39]).toBeCloseTo(39 * (values[1] as number), 4);
    expect(Number.isFinite(await run.value(c.J, c.feeds))).toBe(true);
  });

  test('a cost that reads more arrays than a kernel may is split', async () => {
    const c = net({ layers: [4, ...new Array(8).fill(3), 1], m: 5 });
    const decay = paramsOf([c.J]).map((p) => sum(square(p)));
    const J = decay.reduce((a, b) => add(a, b), c.J);
    using run = await start(c);
    const expected = interpret(J, { ...c.feeds, ...(await run.state()) }).data[0]!;
    const found = (await run.value(J, c.feeds)) as number;
    expect(Math.abs(found - expected) / expected).toBeLessThan(TOLERANCE);
  });
}
