// One suite for every device: folds so long that a GPU cuts them, of lengths that have no divisors.
import * as g from '@chainrule/graph';
import { createRandom, interpret } from '@chainrule/graph';
import { expect, test } from 'vitest';
import { compile, type DeviceRequest } from '../../src/index.ts';

/** A prime. */
const m = 10_007;
const Z = g.input(2, m, { name: 'Z' });

const nodes = {
  sum: g.sum(Z, 1),
  'sum over all': g.sum(Z),
  mean: g.mean(g.square(Z)),
  max: g.maxOver(Z, 1),
  min: g.minOver(Z, 1),
  argmax: g.argmax(Z, 1),
  argmin: g.argmin(Z, 1),
  prod: g.prod(g.add(1, g.mul(1e-4, Z)), 1),
  norm: g.norm(Z, 1),
  logsumexp: g.logsumexp(Z, 1),
  'with its mirror image': g.sum(g.mul(Z, g.flip(Z, 1)), 1),
  'with its neighbour': g.sum(
    g.mul(Z, g.pad(g.slice(Z, [undefined, { start: 1 }]), [undefined, [0, 1]])),
    1,
  ),
  product: g.matmul(Z, g.transpose(Z)),
};

/** Below zero: what lies beyond the end is neither the largest nor nothing to a logsumexp. */
function numbers(): Float32Array {
  const random = createRandom(7);
  return Float32Array.from({ length: 2 * m }, () => -1 - random.uniform());
}

/** Rounding: a GPU adds up some 64 numbers, and then some 150 parts. */
const TOLERANCE = 1e-5;

/** Registers the suite: inside a `describe` of the device. */
export function longFolds(device: DeviceRequest): void {
  test.each(Object.entries(nodes))('%s', async (_, node) => {
    const feeds = { Z: numbers() };
    using run = await compile({ node }, { device });
    const isCut = run.report().kernels.some(({ name }) => name.includes('_parts'));
    expect(isCut).toBe(device !== 'js' && device !== 'wasm');
    const { data } = (await run.run({ node }, feeds)).node;
    const expected = interpret(node, feeds).data;
    expect(data).toHaveLength(expected.length);
    for (const [i, want] of expected.entries()) {
      expect(Math.abs(data[i]! - want)).toBeLessThanOrEqual(TOLERANCE * Math.abs(want));
    }
  });
}

/** More numbers than float32 counts: a device has all of them, or says that it has not. */
export function longestFold(device: DeviceRequest): void {
  test('the last of 2^24 + 5 numbers count, or are refused by name', async () => {
    const size = 2 ** 24 + 5;
    const S = g.sum(g.input(size, { name: 'X' }));
    const X = new Float32Array(size);
    // Each could be missing or read twice: sums of different powers tell which.
    for (let i = 1; i <= 9; i++) X[size - i] = 2 ** i;
    const sum = async () => {
      using run = await compile({ S }, { device });
      return (await run.run({ S }, { X })).S.data[0];
    };
    if (device === 'webgl2' || device === 'webgl') {
      await expect(sum()).rejects.toThrow('exceeds the exact floats of GLSL');
    } else expect(await sum()).toBe(2 ** 10 - 2);
  });
}
