// GPUs without memory, and compilers that refuse a kernel, on the real device: the failure is the
// platform's own where it can be had. And what every session does then.
import { ChainruleError, mul } from '@chainrule/graph';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openGpu } from '../../src/backends/gpujs/index.ts';
import type { GpuKind } from '../../src/backends/gpujs/layout.ts';
import { type CompileOptions, compileOn } from '../../src/compile.ts';
import type { Session } from '../../src/index.ts';
import { createPlatform } from '../../src/placement/devices.ts';
import { later } from './fakes.ts';
import { net } from './programs.ts';
import { expectAfter, train, trained } from './trained.ts';
import { wrap } from './wrap.ts';

type Fault = 'memory' | 'kernel';

/** What fails next. */
export interface Faults {
  /** From now on the next ones of these fail. */
  arm(what: Fault, times?: number): void;
  /** How many of them have not come yet. */
  left(): number;
}

const OUT_OF_MEMORY = 0x0505;
/** GPUBufferUsage. */
const STORAGE = 0x80;
/** Texels and bytes up to which it is a self test's, or gpu.js's own. */
const FEW_TEXELS = 4;
const FEW_BYTES = 64;

/** Stands between gpu.js and the interfaces of this page or process. */
export function captureFaults(): Faults {
  let armed: { readonly what: Fault; left: number } = { what: 'memory', left: 0 };
  const isDue = (what: Fault): boolean => {
    if (armed.what !== what || armed.left === 0) return false;
    armed.left--;
    return true;
  };
  for (const gl of ['WebGLRenderingContext', 'WebGL2RenderingContext']) wrapGl(gl, isDue);
  wrapWebGpu(isDue);
  return {
    arm: (what, times = 1) => {
      armed = { what, left: times };
    },
    left: () => armed.left,
  };
}

function wrapGl(gl: string, isDue: (what: Fault) => boolean): void {
  const untold = new Set<object>();
  wrap(gl, 'texImage2D', (real) => {
    return function (...args) {
      const [, , , across, down] = args as number[];
      const isLarge = args.length === 9 && across! * down! > FEW_TEXELS;
      // A texture without memory stays without: what is drawn to it is gone.
      if (isLarge && isDue('memory')) untold.add(this);
      else real.apply(this, args);
    };
  });
  wrap(gl, 'getError', (real) => {
    return function () {
      return untold.delete(this) ? OUT_OF_MEMORY : real.call(this);
    };
  });
  wrap(gl, 'shaderSource', (real) => {
    return function (shader, text) {
      const isKernel = String(text).includes('body()') && isDue('kernel');
      return real.call(this, shader, isKernel ? `${text} nonsense` : text);
    };
  });
}

function wrapWebGpu(isDue: (what: Fault) => boolean): void {
  wrap('GPUDevice', 'createBuffer', (real) => {
    return function (settings) {
      const { size, usage, mappedAtCreation } = settings as GPUBufferDescriptor;
      const isLarge = (usage & STORAGE) !== 0 && size > FEW_BYTES;
      if (!isLarge || !isDue('memory')) return real.call(this, settings);
      // As much as there may be: software GPUs refuse it, and nothing is written to it.
      const { limits } = this as { readonly limits: { readonly maxBufferSize: number } };
      const refused = real.call(this, { size: limits.maxBufferSize, usage });
      // What is mapped is there for its writer, whatever the device says of it later.
      return mappedAtCreation ? real.call(this, settings) : refused;
    };
  });
  wrap('GPUDevice', 'createShaderModule', (real) => {
    return function (settings) {
      const { code } = settings as { code: string };
      return real.call(this, { code: isDue('kernel') ? `${code} nonsense` : code });
    };
  });
}

/** Only this GPU, whatever draws there. */
const only = (kinds: readonly GpuKind[]) => {
  const usable = kinds.map((kind) => ({ kind, label: `the ${kind} here`, software: false }));
  return { ...createPlatform(), probe: async () => ({ usable, refused: [] }) };
};
const trainOn = (kinds: readonly GpuKind[], more: CompileOptions) =>
  compileOn(only(kinds), trained.program, { sizes: trained.sizes, seed: 3, ...more });

const odd = mul(trained.J, 2);
const half = net({ layers: [3, 6, 4, 1], m: 4 }).feeds;

const MANY = 1000;
const MEMORY = /out of memory|OUT_OF_DEVICE_MEMORY/;

/** A session that went back to a checkpoint, on the same GPU; returns the steps that it has. */
async function expectLoss(run: Session, steps: number): Promise<number> {
  await run.state();
  const { kind, lost } = run.device;
  expect(lost).toMatchObject([{ kind }]);
  expect(lost[0]!.why).toMatch(MEMORY);
  expect(lost[0]!.stepsLost).toBeLessThanOrEqual(30);
  await expectAfter(run, steps - lost[0]!.stepsLost);
  return steps - lost[0]!.stepsLost;
}

/** Registers what a session promises when a GPU has no memory left. */
function withoutMemory(kind: GpuKind, { arm, left }: Faults): void {
  test('while a program is loaded: an error by name, or it is opened anew', async () => {
    arm('memory');
    const run = await train({ device: kind, checkpoint: 20 }).catch((error: Error) => error);
    if (run instanceof Error) {
      expect(run).toBeInstanceOf(ChainruleError);
      expect(run.message).toMatch(MEMORY);
    } else {
      // WebGPU may say so later.
      expect(kind).toBe('webgpu');
      await run.steps(30, trained.feeds);
      await expectLoss(run, 30);
      run.dispose();
    }
    expect(left()).toBe(0);
    using again = await train({ device: kind });
    await again.steps(3, trained.feeds);
    await expectAfter(again, 3);
    expect(again.device.lost).toEqual([]);
  });

  test.each(['step', 'steps'] as const)('in the middle of %s, too', async (call) => {
    using run = await train({ device: kind, checkpoint: 20 });
    await run.steps(30, trained.feeds);
    await run.read('b1');
    arm('memory');
    if (call === 'steps') await run.steps(10, trained.feeds);
    else for (let i = 0; i < 10; i++) run.step(trained.feeds);
    const done = await expectLoss(run, 40);
    expect(left()).toBe(0);
    await run.steps(5, trained.feeds);
    await expectAfter(run, done + 5);
  });

  test('all sessions of it are opened anew', async () => {
    using a = await train({ device: kind });
    using b = await train({ device: kind });
    arm('memory');
    await a.steps(5, trained.feeds);
    await b.steps(5, trained.feeds);
    for (const run of [a, b]) await expectLoss(run, 5);
  });

  test('and none when it is opened anew: the session moves to the CPU', async () => {
    using run = await train({ device: kind });
    await run.steps(5, trained.feeds);
    arm('memory', MANY);
    await run.steps(5, trained.feeds);
    await run.state();
    expect(left()).toBeLessThan(MANY);
    arm('memory', 0);
    expect(run.device).toMatchObject({ kind: 'wasm', refused: [{ kind }], lost: [{ kind }] });
    expect(run.device.refused[0]!.why).toMatch(MEMORY);
    await expectAfter(run, 10 - run.device.lost[0]!.stepsLost);
  });
}

/** Registers what a session promises when a kernel does not compile. */
function withoutKernel(kind: GpuKind, { arm, left }: Faults): void {
  const refused = new RegExp(`${kind}: ${kind} cannot compile the kernel of `);

  test('at first: an error by name, and it can be asked again', async () => {
    // Kept open: its self test is over.
    const open = await openGpu(kind);
    arm('kernel');
    const failed = train({ device: kind });
    await expect(failed).rejects.toThrow(ChainruleError);
    await expect(failed).rejects.toThrow(refused);
    expect(left()).toBe(0);
    await later();
    using run = await train({ device: kind });
    await run.steps(3, trained.feeds);
    await expectAfter(run, 3);
    expect(run.device.lost).toEqual([]);
    open.dispose();
  });

  test('later on: an error by name, and the session goes on', async () => {
    using run = await train({ device: kind });
    await run.steps(3, trained.feeds);
    arm('kernel');
    await expect(run.run({ odd }, trained.feeds)).rejects.toThrow(refused);
    arm('kernel');
    const stepHalf = async () => {
      run.step(half);
      await run.state();
    };
    await expect(stepHalf()).rejects.toThrow(refused);
    expect(left()).toBe(0);
    await run.steps(2, trained.feeds);
    await expectAfter(run, 5);
    expect(run.device).toMatchObject({ kind, lost: [] });
    // What failed is asked again.
    const { odd: found } = await run.run({ odd }, trained.feeds);
    expect(found.data[0]).toBeCloseTo(2 * ((await run.value(trained.J, trained.feeds)) as number));
  });

  test('later on, for gpu: it moves, without a lost step', async () => {
    using run = await trainOn([kind], { device: 'gpu' });
    expect(run.device.kind).toBe(kind);
    await run.steps(7, trained.feeds);
    arm('kernel');
    const { odd: found } = await run.run({ odd }, trained.feeds);
    expect(left()).toBe(0);
    expect(run.device).toMatchObject({ kind: 'wasm', lost: [{ kind, stepsLost: 0 }] });
    expect(run.device.lost[0]!.why).toContain(`${kind} cannot compile the kernel of `);
    expect(found.data[0]).toBeCloseTo(2 * ((await run.value(trained.J, trained.feeds)) as number));
    await expectAfter(run, 7);
  });
}

/** Registers what `auto` does: it stays where it is. */
function untaken(kind: GpuKind, { arm, left }: Faults): void {
  test.each([
    ['memory', MEMORY],
    ['kernel', /cannot compile the kernel of/],
  ] as const)('a GPU that lacks it is not taken: %s', async (what, why) => {
    const c = net({ layers: [200, 60, 1], m: 64 });
    const open = await openGpu(kind);
    const options = { sizes: c.sizes, seed: 3 };
    using run = await compileOn(only([kind]), c.program, options);
    arm(what);
    for (let i = 0; i < 500 && run.device.refused.length === 0; i++) {
      run.step(c.feeds);
      await later();
    }
    expect(left()).toBe(0);
    expect(run.device).toMatchObject({ kind: 'wasm', refused: [{ kind }], lost: [] });
    expect(run.device.refused[0]!.why).toMatch(why);
    open.dispose();
  });
}

/** All of that. */
export function failing(kind: GpuKind, faults: Faults): void {
  // gpu.js prints what it hears.
  beforeAll(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));
  afterAll(() => void vi.restoreAllMocks());
  describe('without memory', () => withoutMemory(kind, faults));
  describe('when a kernel does not compile', () => withoutKernel(kind, faults));
  describe('on trial', () => untaken(kind, faults));
}
