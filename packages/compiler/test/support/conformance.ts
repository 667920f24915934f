// One suite for every backend: runs the hand-written nests and every row of the op table on a
// device and compares with float64.
import { rowOf } from '@chainrule/graph';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Device, Handle } from '../../src/device.ts';
import { createExprBuilder } from '../../src/expr.ts';
import type { Buffer } from '../../src/nest.ts';
import { interpretPlan } from './interpret.ts';
import { lineCases } from './line-cases.ts';
import { nestCases } from './nest-cases.ts';
import { acc, apply, at, type NestCase, nestCase } from './nests.ts';
import { positionCases } from './positions.ts';
import { rowCases } from './rows.ts';

/**
 * Relative to the largest magnitude of the tensor: near zero a relative error means nothing, since
 * terms cancel. 1e-5 is 84 units in the last place of a float32: the rounding of 1500 products
 * (about 40 at random) and the exp and log of software GPUs (up to 20) stay below it.
 */
const TOLERANCE = 1e-5;

/** Row-major data as a device is given them: with `columns` the last dimension varies slowest. */
export function inMemory(data: Float32Array, { shape, order }: Pick<Buffer, 'shape' | 'order'>) {
  if (order === 'rows' || shape.length < 2) return data;
  const last = shape.at(-1)!;
  const rest = data.length / last;
  return Float32Array.from(data, (_, i) => data[(i % rest) * last + Math.floor(i / rest)]!);
}

/** Runs a case once on a device and reads its output. */
export async function runCase(device: Device, { plan, data }: NestCase): Promise<Float32Array> {
  const loaded = await device.load(device.emit(plan));
  const env: Handle[] = [];
  const inputs = plan.buffers.filter(({ role }) => role === 'input');
  for (const buffer of inputs) {
    const { id, shape, order } = buffer;
    env[id] = device.upload(inMemory(data[id]!, buffer), shape, order);
  }
  loaded.run(env);
  const output = plan.buffers.find(({ role }) => role === 'output')!;
  const found = await device.read(env[output.id], output.shape, output.order);
  for (const { id } of inputs) device.free(env[id]);
  loaded.dispose();
  return found;
}

/** The largest difference, relative to the largest magnitude; Infinity where one is not finite. */
export function worstError(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  const pairs = Array.from(wanted, (want, i) => ({ want, got: found[i] ?? Number.NaN }));
  const scale = pairs.reduce((most, { want }) => Math.max(most, Math.abs(want)), 0) || 1;
  const errors = pairs.map(({ want, got }) => Math.abs(got - want) / scale);
  return errors.reduce((a, b) => (Number.isNaN(b) ? Number.POSITIVE_INFINITY : Math.max(a, b)), 0);
}

/** The hash of the op table, of whole numbers below 2^24. */
function hashCase(): NestCase {
  const m = createExprBuilder();
  const result = rowOf('hash')!.lower(m, {}, m.load(0, at(0)), m.load(1, at(0)));
  const numbers = (random: () => number) => Math.floor(2 ** 24 * random());
  const input = { shape: [257], numbers };
  return nestCase('hash', { axes: [257], result }, [input, input]);
}

/** A large product of two results, of which one is read. */
function pairCase(read: number): NestCase {
  const { name, plan, data } = nestCases.find(
    (nest) => nest.name === 'large matmul in rows, m = 259',
  )!;
  const [nest] = plan.kernels;
  const first = plan.buffers.at(-1)!;
  const further = { ...first, id: first.id + 1, name: 'further', offset: plan.arena };
  const pair = [first, further].map((buffer, i) => {
    return { ...buffer, role: i === read ? ('output' as const) : ('temp' as const) };
  });
  const also = [{ result: apply('neg', acc), output: first.id + 1 }];
  const buffers = [...plan.buffers.slice(0, -1), ...pair];
  const kernels = [{ ...nest!, also }];
  return { name, plan: { ...plan, kernels, buffers, arena: 2 * plan.arena }, data };
}

/** Registers the suite for one device: inside a `describe`. */
export function conformance(openDevice: () => Device | Promise<Device>): void {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device?.dispose());

  test.each(named([...nestCases, ...positionCases]))('%s', (_, nest) => agrees(device, nest));
  test.each(rowCases.map((row) => [row.name, row] as const))('%s', async (_, row) => {
    const found = await runCase(device, row);
    row.wanted.forEach((want, i) => {
      const error = Math.abs(found[i]! - want) / Math.max(1, Math.abs(want));
      const what = `at ${row.points[i]}: ${found[i]} instead of ${want}`;
      expect(error, what).toBeLessThanOrEqual(row.tolerance);
    });
  });

  test('random numbers are the same to the bit', async () => {
    const nest = hashCase();
    const [wanted] = [...interpretPlan(nest.plan, new Map(nest.data.entries())).values()];
    expect([...(await runCase(device, nest))]).toEqual([...wanted!]);
  });

  test.for([0, 1])('result %i of a large product of two', async (read, { skip }) => {
    skip(device.limits.outputs === 1, 'a kernel has one result here');
    const pair = pairCase(read);
    const wanted = [...interpretPlan(pair.plan, new Map(pair.data.entries())).values()];
    expect(worstError(await runCase(device, pair), wanted[read]!)).toBeLessThan(TOLERANCE);
  });
}

const named = (cases: readonly NestCase[]) => cases.map((nest) => [nest.name, nest] as const);

/** Runs a case, and compares with float64. */
async function agrees(device: Device, nest: NestCase): Promise<void> {
  const [wanted] = [...interpretPlan(nest.plan, new Map(nest.data.entries())).values()];
  const found = await runCase(device, nest);
  expect(found.length).toBe(wanted!.length);
  expect(worstError(found, wanted!)).toBeLessThan(TOLERANCE);
}

/** Registers what GPUs have to know beside: second folds. */
export function gpuConformance(openDevice: () => Promise<Device>): void {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device?.dispose());

  test.each(named(lineCases))('%s', (_, nest) => agrees(device, nest));
}
