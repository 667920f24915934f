// NaN, infinities and the ends of float32 on a device: what float64 means by them, and what a GPU
// makes of them where it cannot. It must not know any backend.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Device, Handle } from '../../src/device.ts';
import { type MachineOp, machine } from '../../src/machine.ts';
import type { Fold } from '../../src/nest.ts';
import { acc, apply, load, nestCase } from './nests.ts';

const { NaN: no, POSITIVE_INFINITY: up, NEGATIVE_INFINITY: down } = Number;

const VALUES = [no, up, down, 0, -0, 1, -2, 3e38, 0.5];

/** All pairs; of three, those in which a branch that is not taken must not show. */
const operands: Readonly<Record<1 | 2 | 3, readonly (readonly number[])[]>> = {
  1: VALUES.map((a) => [a]),
  2: VALUES.flatMap((a) => VALUES.map((b) => [a, b])),
  3: VALUES.flatMap((a) => [
    [a, 1, no],
    [a, no, 2],
    [a, up, 2],
    [a, 3, down],
  ]),
};

/** Far out, sine and cosine have no digits left in float32: listed in docs/accuracy.md. */
const exempt = (op: MachineOp, [a]: readonly number[]): boolean =>
  (op === 'sin' || op === 'cos') && a === 3e38;

/** Folds of four, and what float64 means by them. */
const folds: readonly (readonly [Fold, readonly number[], number])[] = [
  ['sum', [1, no, 2, 3], no],
  ['sum', [1, up, 2, 3], up],
  ['sum', [up, down, 1, 1], no],
  ['max', [1, no, 2, 3], no],
  ['max', [no, 1, 2, 3], no],
  ['max', [1, down, up, 3], up],
  ['prod', [no, 1, 2, 3], no],
  ['prod', [1, down, 2, 3], down],
  ['norm', [1, no, 2, 3], no],
  ['norm', [1, down, 2, 3], up],
  ['logsumexp', [1, no, 2, 3], no],
  ['logsumexp', [no, 1, 2, 3], no],
  ['logsumexp', [1, up, 2, 3], up],
  ['logsumexp', [down, down, 5, down], 5],
];

/** Those that GPUs make something else of: listed in docs/accuracy.md. */
const infinities: typeof folds = [
  ['max', [down, down, down, down], down],
  ['norm', [up, 1, down, up], up],
  ['norm', [up, no, 1, down], no],
  ['logsumexp', [down, down, down, down], down],
  ['logsumexp', [1, up, up, 3], up],
  ['logsumexp', [up, up, up, up], up],
  ['logsumexp', [up, 1, no, up], no],
];

/**
 * Registers the suite for one device: inside a `describe`.
 * @param listed also what is an exception of GPUs
 */
export function special(openDevice: () => Device | Promise<Device>, listed = false): void {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device?.dispose());

  /** Runs a nest that reads lists of this length. */
  const run = async (nest: Parameters<typeof nestCase>[1], inputs: readonly Float32Array[]) => {
    const shapes = inputs.map(({ length }) => ({ shape: [length] }));
    const { plan } = nestCase('special', nest, shapes);
    const loaded = await device.load(device.emit(plan));
    const env: Handle[] = inputs.map((x) => device.upload(x, [x.length], 'rows'));
    loaded.run(env);
    const out = await device.read(env[inputs.length], nest.axes, 'rows');
    for (const handle of env.slice(0, inputs.length)) device.free(handle);
    loaded.dispose();
    return out;
  };
  const check = (found: number, wanted: number, what: string) => {
    const size = Math.abs(wanted);
    // GPUs flush what is smaller than the smallest normal number.
    const close = Math.abs(found - wanted) <= 1e-5 * size + 2 ** -126 || found === wanted;
    expect(Number.isNaN(wanted) ? Number.isNaN(found) : close, `${what} is ${found}`).toBe(true);
  };

  describe('what has no value, or none that is finite', () => {
    test.each(Object.keys(machine) as MachineOp[])('%s', async (op) => {
      const { arity, meaning } = machine[op];
      const cases = operands[arity].filter((of) => !exempt(op, of));
      const inputs = Array.from({ length: arity }, (_, i) =>
        Float32Array.from(cases, (of) => of[i]!),
      );
      const result = apply(op, ...inputs.map((_, i) => load(i, 0)));
      const found = await run({ axes: [cases.length], result }, inputs);
      cases.forEach((of, i) => {
        const [a, b, c] = of.map(Math.fround);
        const wanted = Math.fround(meaning(a!, b!, c!));
        check(found[i]!, wanted, `${op}(${of.join(', ')}) = ${wanted}`);
      });
    });

    const all = [...folds, ...(listed ? infinities : [])];
    const named = all.map((one) => [`${one[0]} of ${one[1].join(', ')}`, ...one] as const);
    test.each(named)('%s', async (_, kind, values, wanted) => {
      const fold = { kind, axes: [4], body: load(0, 0) };
      const [found] = await run({ axes: [], fold, result: acc }, [Float32Array.from(values)]);
      check(found!, wanted, `${kind}(${values.join(', ')}) = ${wanted}`);
    });
  });
}
