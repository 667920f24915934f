// One suite for the devices that keep parameters in handles which trade places: a small linear
// regression, run as a session would run it, and compared with float64.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Device, Handle, Loaded } from '../../src/device.ts';
import type { Buffer, Expr, Nest, Plan } from '../../src/nest.ts';
import { inMemory, worstError } from './conformance.ts';
import { interpretPlan } from './interpret.ts';
import { countLive } from './live.ts';
import { acc, apply, fixed, load, mulberry, nestCase, value } from './nests.ts';

const N = 4;
const [X, Y, W, E, NEXT] = [0, 1, 2, 3, 4] as const;

/** E = W X - Y, then W' = W - E X^T / m: one step of least squares on m examples. */
export function regression(m: number): Plan {
  const buffer = (id: number, name: string, shape: number[], role: Buffer['role']): Buffer => ({
    ...{ id, name, shape, role },
    order: name === 'X' ? 'columns' : 'rows',
  });
  const times = (k: number, a: Expr, b: Expr) =>
    ({ kind: 'sum', axes: [k], body: apply('mul', a, b) }) as const;
  const error: Nest = {
    name: 'E',
    axes: [1, m],
    fold: times(N, load(0, fixed(0), 2), load(1, 2, 1)),
    result: apply('sub', acc, load(2, fixed(0), 1)),
    inputs: [W, X, Y],
    output: E,
  };
  const update: Nest = {
    name: 'W',
    axes: [1, N],
    fold: times(m, load(0, fixed(0), 2), load(1, 1, 2)),
    result: apply('sub', load(2, fixed(0), 1), apply('mul', acc, value(0.3 / m))),
    inputs: [E, X, W],
    output: NEXT,
  };
  return {
    kernels: [error, update],
    buffers: [
      buffer(X, 'X', [N, m], 'input'),
      buffer(Y, 'Y', [1, m], 'input'),
      buffer(W, 'W', [1, N], 'param'),
      buffer(E, 'E', [1, m], 'temp'),
      buffer(NEXT, "W'", [1, N], 'next'),
    ],
    arena: 0,
    swaps: [{ param: W, next: NEXT }],
  };
}

/** A program with its data, on the device and in float64. */
interface Run {
  readonly plan: Plan;
  readonly loaded: Loaded;
  readonly env: Handle[];
  readonly data: ReadonlyMap<number, Float32Array>;
}

/** What a session does: one parameter for several programs, stepped on the device and by hand. */
async function createTraining(device: Device, sizes: readonly number[]) {
  const random = mulberry(5);
  const numbers = (n: number) => Float32Array.from({ length: n }, () => 2 * random() - 1);
  const runs: Run[] = [];
  for (const m of sizes) {
    const plan = regression(m);
    const data = new Map([
      [X, numbers(N * m)],
      [Y, numbers(m)],
    ]);
    const env: Handle[] = [];
    env[X] = device.upload(inMemory(data.get(X)!, plan.buffers[X]!), [N, m], 'columns');
    env[Y] = device.upload(data.get(Y)!, [1, m], 'rows');
    runs.push({ plan, loaded: await device.load(device.emit(plan)), env, data });
  }
  let wanted: ArrayLike<number> = numbers(N);
  let w = device.upload(Float32Array.from(wanted), [1, N], 'rows');
  return {
    runs,
    /** One step of a program; `keep` false throws its new parameter away. */
    step(which: number, keep = true) {
      const { plan, loaded, env, data } = runs[which]!;
      env[W] = w;
      loaded.run(env);
      if (!keep) return;
      device.free(w);
      w = env[NEXT];
      wanted = interpretPlan(plan, new Map<number, ArrayLike<number>>([...data, [W, wanted]])).get(
        NEXT,
      )!;
    },
    write(data: Float32Array) {
      device.free(w);
      w = device.upload(data, [1, N], 'rows');
      wanted = data;
    },
    handle: () => w,
    read: (handle = w) => device.read(handle, [1, N], 'rows'),
    async error() {
      return worstError(await device.read(w, [1, N], 'rows'), wanted);
    },
    dispose() {
      for (const { loaded, env } of runs) {
        loaded.dispose();
        device.free(env[X]);
        device.free(env[Y]);
      }
      device.free(w);
    },
  };
}

// 200 steps gather rounding; gpu.js's own 200-step measurement is 4e-7.
const TOLERANCE = 1e-5;

/** Registers the suite for one device: inside a `describe`. */
export function training(openDevice: () => Device | Promise<Device>): void {
  let device: Device;
  let counter: ReturnType<typeof countLive>;
  const ends: (() => void)[] = [];
  const start = async (...sizes: number[]) => {
    const made = await createTraining(device, sizes);
    ends.push(made.dispose);
    return made;
  };
  beforeAll(async () => {
    // Not before: the suites of other devices count too, and stop in their turn.
    counter = countLive();
    device = await openDevice();
  });
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });
  afterAll(() => {
    device?.dispose();
    counter.stop();
  });

  describe('parameters stay on the device', () => {
    test('200 steps', async () => {
      const run = await start(5);
      for (let i = 0; i < 200; i++) run.step(0);
      expect(await run.error()).toBeLessThan(TOLERANCE);
    });

    test('two programs share a parameter, in any order, with writes between', async () => {
      const run = await start(5, 3);
      for (const which of [0, 1, 0, 0, 1, 1, 0, 1]) run.step(which);
      expect(await run.error()).toBeLessThan(TOLERANCE);
      run.write(new Float32Array([1, 2, 3, 4]));
      expect(await run.error()).toBe(0);
      for (const which of [1, 1, 0, 1, 0, 0, 0]) run.step(which);
      expect(await run.error()).toBeLessThan(TOLERANCE);
    });

    test('a new value is kept through the next run', async () => {
      const run = await start(5);
      for (let i = 0; i < 4; i++) {
        run.step(0);
        const handle = run.handle();
        const before = await run.read(handle);
        run.step(0);
        expect(await run.read(handle)).toEqual(before);
        expect(await run.read()).not.toEqual(before);
      }
    });

    test('a run whose result is thrown away changes nothing', async () => {
      const run = await start(5);
      for (let i = 0; i < 4; i++) {
        run.step(0);
        run.step(0, false);
        expect(await run.error()).toBeLessThan(TOLERANCE);
      }
    });
  });

  describe('nothing leaks and nothing breaks', () => {
    test('3000 steps and 300 uploads leave as many objects as 30', async () => {
      const run = await start(5, 3);
      const steps = (n: number) => {
        for (let i = 0; i < n; i++) {
          if (i % 10 === 0) run.write(new Float32Array([1, 2, 3, i]));
          run.step(i % 2);
        }
      };
      steps(30);
      expect(counter.live() > 2).toBe(counter.sees);
      const before = counter.live();
      steps(3000);
      expect(counter.live()).toBe(before);
      expect(await run.error()).toBeLessThan(TOLERANCE);
    });

    test('a disposed program gives everything back, and the others still draw', async () => {
      const run = await start(5);
      run.step(0);
      const before = counter.live();
      for (let i = 0; i < 3; i++) {
        const other = await createTraining(device, [5]);
        other.step(0);
        expect(await other.error()).toBeLessThan(TOLERANCE);
        other.dispose();
        run.step(0);
        expect(await run.error()).toBeLessThan(TOLERANCE);
      }
      expect(counter.live()).toBe(before);
    });

    test('an upload is a copy', async () => {
      const data = new Float32Array([1, 2, 3]);
      const handle = device.upload(data, [3], 'rows');
      data.fill(9);
      expect([...(await device.read(handle, [3], 'rows'))]).toEqual([1, 2, 3]);
      device.free(handle);
      device.free(handle);
    });

    test('closing one device leaves the other', async () => {
      const other = await openDevice();
      other.upload(new Float32Array(3), [3], 'rows');
      other.dispose();
      other.dispose();
      const run = await start(5);
      run.step(0);
      expect(await run.error()).toBeLessThan(TOLERANCE);
    });
  });

  describe('what cannot run says so when it is loaded', () => {
    test('too many inputs', async () => {
      const count = device.limits.inputs + 1;
      const sum = Array.from({ length: count }, (_, i) => load(i, 0)).reduce((a, b) =>
        apply('add', a, b),
      );
      const inputs = Array.from({ length: count }, () => ({ shape: [2] }));
      const { plan } = nestCase('Z', { axes: [2], result: sum }, inputs);
      const message = `${device.kind} cannot compile the kernel of Z: it reads ${count} arrays`;
      await expect(async () => device.load(device.emit(plan))).rejects.toThrow(message);
    });

    test('source that does not compile', async (context) => {
      const program = device.emit(regression(5));
      if (device.kind === 'wasm') context.skip('it loads bytes; the source is for people');
      const broken = {
        ...program,
        sources: [program.sources[0]!, 'function (b0, b1, b2) { return Math.no(b0[0]); }'],
      };
      const before = counter.live();
      await expect(async () => device.load(broken)).rejects.toThrow('the kernel of W: ');
      expect(counter.live()).toBe(before);
    });

    test('a run without its data', async () => {
      const run = await start(5);
      expect(() => run.runs[0]!.loaded.run([])).toThrow('the kernel of E lacks an input');
    });
  });
}
