// Loses the GPUs of a page or process as drivers do, and what every session does then.
import { expect, test } from 'vitest';
import type { DeviceKind } from '../../src/index.ts';
import { expectAfter, train, trained } from './trained.ts';

/** Loses one context or device. */
type Loser = () => unknown;

/** Notes the contexts and devices that are made from now on; call it to lose those. */
export function captureContexts(): () => Promise<void> {
  const lose: Loser[] = [];
  if (typeof HTMLCanvasElement !== 'undefined') captureGl(lose);
  captureDevices(lose);
  return async () => {
    for (const one of lose.splice(0)) await one();
    await new Promise((done) => setTimeout(done, 50));
  };
}

function captureGl(lose: Loser[]): void {
  const { getContext } = HTMLCanvasElement.prototype;
  HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, ...args: never) {
    const gl = getContext.apply(this, args) as unknown as WebGLRenderingContext | null;
    if (gl) lose.push(() => gl.getExtension('WEBGL_lose_context')?.loseContext());
    return gl as never;
  };
}

interface Adapter {
  requestDevice(...args: unknown[]): Promise<{ destroy(): void; lost: Promise<unknown> }>;
}

function captureDevices(lose: Loser[]): void {
  const adapter = (globalThis as { GPUAdapter?: { prototype: Adapter } }).GPUAdapter?.prototype;
  const requestDevice = adapter?.requestDevice;
  if (!adapter || !requestDevice) return;
  adapter.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    lose.push(() => {
      device.destroy();
      return device.lost;
    });
    return device;
  };
}

/** Registers what a session promises when the device of this kind is lost. */
export function losing(kind: DeviceKind, loseAll: () => Promise<void>): void {
  test('a session goes back to its checkpoint, on a new device', async () => {
    using run = await train({ device: kind, checkpoint: 20 });
    await run.steps(30, trained.feeds);
    await run.read('b1');
    await loseAll();
    const state = await run.state();
    expect(run.device).toMatchObject({ kind, lost: [{ kind }] });
    const { stepsLost, why } = run.device.lost[0]!;
    expect(why).toContain('was lost');
    expect(stepsLost).toBeLessThanOrEqual(10);
    await expectAfter(run, 30 - stepsLost);
    expect(Object.keys(state)).toHaveLength(6);
    await run.steps(5, trained.feeds);
    await expectAfter(run, 35 - stepsLost);
  });

  test('steps() goes on where it was', async () => {
    using run = await train({ device: kind, checkpoint: 20 });
    const training = run.steps(200, trained.feeds);
    await loseAll();
    await training;
    await expectAfter(run, 200);
    expect(run.device.lost.every(({ stepsLost }) => stepsLost === 0)).toBe(true);
  });

  test('step() waits for the new device', async () => {
    using run = await train({ device: kind });
    await loseAll();
    for (let i = 0; i < 5; i++) run.step(trained.feeds);
    await expectAfter(run, 5);
    expect(run.device).toMatchObject({ kind, lost: [{ stepsLost: 0 }] });
  });

  test('without checkpoints it says that there are none', async () => {
    using run = await train({ device: kind, checkpoint: 0 });
    await run.steps(3, trained.feeds);
    await loseAll();
    await expect(run.steps(1, trained.feeds)).rejects.toThrow(/there is no checkpoint/);
  });
}
