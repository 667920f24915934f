// Large feeds are looked at where they have been copied to: what is said of them is what is said of
// small ones, when it is said too, and nothing is left behind.
import {
  add,
  input,
  matmul,
  mean,
  mul,
  type Node,
  param,
  square,
  sub,
  sum,
} from '@chainrule/graph';
import { expect, test } from 'vitest';
import { openWasm } from '../src/backends/wasm/device.ts';
import { compileOn } from '../src/compile.ts';
import type { Device, Handle } from '../src/device.ts';
import type { Session } from '../src/index.ts';
import { createPlatform } from '../src/placement/devices.ts';

const BROKEN = [Number.NaN, Infinity, -Infinity];
const FINITE = [0, -0, 1, -1, 2 ** -149, 3.4028234663852886e38, -3.4028234663852886e38];

test.each([1, 2])(
  'with %d threads what is not finite is found wherever it lies, and nothing beside it',
  async (threads) => {
    const device = await openWasm({ threads, simd: 'simd' });
    // What lies behind shorter data stays there.
    device.free(device.upload(new Float32Array(64).fill(Number.NaN), [64], 'rows'));
    let found = 0;
    for (let length = 0; length <= 50; length++) {
      const data = Float32Array.from({ length }, (_, i) => FINITE[i % FINITE.length]!);
      const handle = device.upload(data, [length], 'rows');
      expect(device.isFinite!(handle)).toBe(true);
      for (let i = 0; i < length; i++) {
        for (const broken of BROKEN) {
          device.view!(handle)[i] = broken;
          expect([length, i, device.isFinite!(handle)]).toEqual([length, i, false]);
          found++;
        }
        device.view!(handle)[i] = data[i]!;
      }
      device.free(handle);
    }
    expect(found).toBe((3 * 50 * 51) / 2);
    device.dispose();
  },
);

test('without vectors it is for the caller to look', async () => {
  const device = await openWasm({ threads: 1, simd: 'scalar' });
  expect(device.isFinite).toBeUndefined();
  device.dispose();
});

const [ROWS, M] = [300, 700];
const clean = (m = M) => Float32Array.from({ length: ROWS * m }, (_, i) => Math.sin(i));
const spoilt = (m = M) => clean(m).fill(Number.NaN, ROWS * m - 1);
/** What is fed, and what it is fed for. */
type Call = (run: Session, X: Float32Array, J: Node) => Promise<unknown>;

/** W shrinks by as much as (W X)^2; the other input is needed for nothing. */
async function open(isSlow = false) {
  const W = param(1, ROWS, { name: 'W', init: { kind: 'normal', std: 1 } });
  const [X, other] = ['X', 'other'].map((name) => input(ROWS, 'm', { name }));
  const J = mean(square(matmul(W, X!)));
  const value = add(sub(W, mul(1e-4, mul(W, J))), mul(0, sum(other!)));
  const live = new Set<Handle>();
  let looks = 0;
  const opened = async (): Promise<Device> => {
    const device = await openWasm({ threads: 1, simd: 'simd' });
    const upload: Device['upload'] = (...data) => {
      const handle = device.upload(...data);
      live.add(handle);
      return handle;
    };
    const free = (handle: Handle): void => {
      live.delete(handle);
      device.free(handle);
    };
    const look = (handle: Handle): boolean => {
      looks++;
      return device.isFinite!(handle);
    };
    const load: Device['load'] = (program) => {
      const loaded = device.load(program);
      return isSlow ? Promise.resolve(loaded) : loaded;
    };
    return { ...device, upload, free, load, isFinite: look };
  };
  const platform = { ...createPlatform(1), open: opened };
  const program = { updates: [{ param: W, value }] };
  const run = await compileOn(platform, program, { device: 'wasm', sizes: { m: M } });
  return { run, J, live, looks: () => looks };
}

const last = (m: number) => `row ${ROWS - 1}, column ${m - 1}; its shape is [${ROWS}, ${m}]`;

test.each<[string, Call, number?, string?]>([
  ['step', async (run, X) => run.step({ X })],
  [
    'step, where it is needed for nothing',
    async (run, X) => run.step({ X: clean(), other: X }),
    M,
    'other',
  ],
  ['steps', (run, X) => run.steps(3, { X })],
  ['no steps', (run, X) => run.steps(0, { X })],
  ['steps for another batch', (run, X) => run.steps(2, { X }), M - 1],
  ['value', (run, X, J) => run.value(J, { X })],
  ['run', (run, X, J) => run.run({ J }, { X })],
])('%s says what is not finite, and leaves nothing behind', async (_, call, m = M, name = 'X') => {
  const { run, J, live } = await open();
  // Twice: a first value has to be loaded.
  for (let time = 0; time < 2; time++) {
    const [before, held] = [await run.state(), live.size];
    const where = `${name} holds NaN in ${last(m)}`;
    await expect(call(run, spoilt(m), J)).rejects.toThrow(where);
    expect(await run.state()).toEqual(before);
    expect(live.size).toBe(held);
    await call(run, clean(m), J);
    expect(live.size).toBeLessThanOrEqual(held);
  }
  run.dispose();
});

test('a session has its device look at what is large, once for each call', async () => {
  const { run, J, looks } = await open();
  const found = [];
  for (const X of [clean(), clean(), new Float32Array(ROWS)]) {
    run.step({ X });
    found.push(looks());
    await run.steps(3, { X });
    found.push(looks());
    await run.value(J, { X });
    found.push(looks());
  }
  // A first value is looked at before its program is loaded.
  expect(found).toEqual([1, 2, 2, 3, 4, 5, 5, 5, 5]);
  run.dispose();
});

test('a step that has to wait for its program is looked at before', async () => {
  const { run, looks } = await open(true);
  const before = await run.state();
  expect(() => run.step({ X: spoilt(M - 1) })).toThrow('X holds NaN');
  const X = clean(M - 1);
  run.step({ X });
  X.fill(Number.NaN);
  const after = await run.state();
  expect(after).not.toEqual(before);
  expect(after['W']!.data.every(Number.isFinite)).toBe(true);
  expect(looks()).toBe(0);
  run.dispose();
});
