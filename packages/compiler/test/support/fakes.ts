// GPUs that are lost, refuse or dawdle when a test says so: the js device behind the queue, the
// copies and the late answers of a real one. It must not know sessions.
import type { Usable } from '../../src/backends/gpujs/probe.ts';
import { openJs } from '../../src/backends/js/device.ts';
import type { Device, DeviceKind, Handle, Loaded, Program } from '../../src/device.ts';
import type { Platform } from '../../src/placement/devices.ts';

/** One device that was opened. */
export interface Fake {
  readonly kind: DeviceKind;
  /** Runs of programs so far. */
  runs: number;
  isDisposed: boolean;
  /** Nothing runs any more, and what is read is zero; `isNoticed`: and the device says so. */
  lose(isNoticed?: boolean): void;
}

/** How devices behave that are opened from now on. */
export interface Behaviour {
  /** Loses the device at this run. */
  loseAt?: number;
  /** Does it say that it is lost? */
  isNoticed?: boolean;
  /** Loads programs in the background. */
  loadsLate?: boolean;
  /** Kernels by this name do not compile. */
  refuses?: string;
  /** Adds a tenth and more to all that it computes. */
  lies?: boolean;
  /** Milliseconds that a run takes at least. */
  ms?: number;
  /** Arrays of more numbers do not fit. */
  most?: number;
}

export const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

function busy(ms: number): void {
  const begin = performance.now();
  while (performance.now() - begin < ms);
}

async function openFake(
  kind: DeviceKind,
  how: Behaviour,
): Promise<{ device: Device; fake: Fake }> {
  const js = await openJs();
  let isLost = false;
  let isNoticed = false;
  const fake: Fake = {
    kind,
    runs: 0,
    isDisposed: false,
    lose: (notice = true) => {
      isLost = true;
      isNoticed = notice;
    },
  };
  const alive = (): void => {
    if (isNoticed) throw new Error(`the ${kind} context was lost`);
  };
  const fakeRun = (program: Program, loaded: Loaded) => (env: Handle[]) => {
    alive();
    fake.runs++;
    if (how.ms) busy(how.ms);
    if (fake.runs === how.loseAt) fake.lose(how.isNoticed ?? true);
    loaded.run(env);
    const { plan } = program;
    const made = plan.buffers.filter(({ role }) => role === 'output' || role === 'next');
    if (how.lies) {
      for (const { id } of made)
        (env[id] as Float32Array).forEach((x, i, all) => {
          all[i] = x + 0.1 + 0.1 * Math.abs(x);
        });
    }
    // What a lost device computes is garbage.
    if (isLost) for (const array of env as Float32Array[]) array?.fill(0);
  };
  const device: Device = {
    ...js,
    kind,
    label: `a fake of ${kind}`,
    limits: { ...js.limits, inPlace: false, queue: 4 },
    fault: () => (isNoticed ? `the ${kind} context was lost` : undefined),
    load: (program) => {
      alive();
      const refused = program.plan.kernels.find(({ name }) => name === how.refuses);
      if (refused) throw new Error(`${kind} cannot compile the kernel of ${refused.name}`);
      const loaded = js.load(program) as Loaded;
      const made = { ...loaded, run: fakeRun(program, loaded) };
      return how.loadsLate ? later().then(() => made) : made;
    },
    upload: (data) => {
      alive();
      if (data.length > (how.most ?? Infinity)) throw new RangeError(`${data.length} do not fit`);
      return data.slice();
    },
    // A copy of what is there when it is asked for; it arrives later.
    read: async (handle, shape, order) => {
      alive();
      const data = isLost
        ? new Float32Array((handle as Float32Array).length)
        : await js.read(handle, shape, order);
      await later();
      await later();
      return data;
    },
    dispose: () => {
      fake.isDisposed = true;
    },
  };
  return { device, fake };
}

/** A machine with these GPUs, and an honest CPU. */
export function fakePlatform(kinds: readonly Usable['kind'][] = ['webgpu'], cpu: Behaviour = {}) {
  const opened: Fake[] = [];
  /** How each kind behaves at its first opening, its second and so on; the last holds on. */
  const behaviours: Partial<Record<DeviceKind, Behaviour[]>> = { js: [cpu] };
  const times = new Map<DeviceKind, number>();
  let probes = 0;
  const platform: Platform = {
    probe: async () => {
      probes++;
      await later();
      const usable = kinds.map((kind) => ({ kind, label: `fake ${kind}`, software: false }));
      return { usable, refused: [] };
    },
    cpu: () => ({ kind: 'js', refused: [] }),
    open: async (kind) => {
      if (kind === 'wasm') throw new Error('no wasm here');
      const time = times.get(kind) ?? 0;
      times.set(kind, time + 1);
      const list = behaviours[kind] ?? [{}];
      const { device, fake } = await openFake(kind, list[Math.min(time, list.length - 1)]!);
      opened.push(fake);
      if (kind !== 'js') return device;
      const { fault: _, ...lasting } = device;
      return { ...lasting, limits: { ...device.limits, queue: Infinity } };
    },
    measured: new Map(),
  };
  return { platform, opened, behaviours, probes: () => probes };
}
