// WebAssembly for two threads whose calls are interrupted, and whose memory ends, when a test says so.
import { openWasm } from '../../src/backends/wasm/device.ts';
import { type Device, type Handle, InterruptedError, type Loaded } from '../../src/device.ts';
import { createPlatform, type Platform } from '../../src/placement/devices.ts';

/** What the next call meets. */
export interface Fault {
  isAtRisk: boolean;
  fails: boolean;
  /** Do several steps go on in the background? */
  isAway: boolean;
  /** Does a program that is loaded now seem to take so long that several steps go on in slices? */
  isLong: boolean;
  /** Numbers of what was uploaded and not given back, and the most that there is room for. */
  live: number;
  most: number;
}

export const faultless = (): Fault => ({
  ...{ isAtRisk: false, fails: false, isAway: false, isLong: false },
  ...{ live: 0, most: Infinity },
});

/** Loads programs that one thread runs, and that fail when a part of the call is done. */
const loader =
  (device: Device, fault: Fault): Device['load'] =>
  (program) => {
    const seen = fault.isLong ? { ...program, nanoseconds: 1e9 } : program;
    const loaded = device.load(seen) as Loaded;
    const { plan } = program;
    const params = new Set(plan.buffers.filter((b) => b.role === 'param').map((b) => b.id));
    const inPlace = plan.kernels.some(({ output }) => params.has(output));
    const check = (changed: boolean): void => {
      if (fault.fails) throw new InterruptedError('a worker is gone', changed);
    };
    const away = async (env: readonly Handle[], running: void | Promise<void>): Promise<void> => {
      await running;
      // By now parameters lie where these new values should be.
      if (fault.fails) for (const { next } of plan.swaps) device.view!(env[next]).fill(NaN);
      check(true);
    };
    return {
      ...loaded,
      isAtRisk: () => fault.isAtRisk,
      run: (env, alone) => {
        loaded.run(env, true);
        if (!alone) check(inPlace);
      },
      runMany: (env, times, alone) => {
        const many = fault.fails && !fault.isAway ? Math.ceil(times / 2) : times;
        const running = loaded.runMany!(env, many, true);
        if (alone) return running;
        // What takes long goes on in the background by itself.
        return running || fault.isAway ? away(env, running) : check(inPlace || times > 1);
      },
    };
  };

async function openFaulty(fault: Fault): Promise<Device> {
  const device = await openWasm({ threads: 2, worth: { kernel: 0, step: 0, part: 1 } });
  const lengths = new Map<Handle, number>();
  return {
    ...device,
    load: loader(device, fault),
    upload: (data, ...how) => {
      if (fault.live + data.length > fault.most) throw new Error('there is no room');
      const handle = device.upload(data, ...how);
      lengths.set(handle, data.length);
      fault.live += data.length;
      return handle;
    },
    free: (handle) => {
      fault.live -= lengths.get(handle) ?? 0;
      lengths.delete(handle);
      device.free(handle);
    },
  };
}

/** A machine that has such a device alone. */
export const faultyPlatform = (fault: Fault): Platform => ({
  ...createPlatform(2),
  open: () => openFaulty(fault),
});
