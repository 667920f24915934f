// Stands before a device that can be lost: its failures become DeviceErrors, and what it answers
// after it was lost never gets through. It must not know programs.
import { type Device, DeviceError, type Handle, type Loaded, reasonOf } from '../device.ts';

/** A number that no device makes up: a lost one answers with zeros, or with what was there. */
const CANARY = 1234.5;

/** The same device, guarded; one that cannot be lost is as it is. */
export function guard(device: Device): Device {
  if (!device.fault) return device;
  let canary: Handle;
  const fail = (cause: unknown, isLost = false): never => {
    if (cause instanceof DeviceError) throw cause;
    const why = device.fault!();
    throw new DeviceError(why ?? reasonOf(cause), isLost || why !== undefined, { cause });
  };
  /** What waits for a device that is lost may hear of it before the device itself says so. */
  const failLate = async (cause: unknown, isLost = false): Promise<never> => {
    await new Promise((resolve) => setTimeout(resolve));
    return fail(cause, isLost);
  };
  const guarded = <T>(work: () => T): T => {
    try {
      const done = work();
      return done instanceof Promise
        ? (done.catch((cause: unknown) => failLate(cause)) as T)
        : done;
    } catch (cause) {
      return fail(cause);
    }
  };
  const whole = (loaded: Loaded): Loaded => ({
    ...loaded,
    run: (env) => guarded(() => loaded.run(env)),
    ...(loaded.runMany && { runMany: (env, n) => guarded(() => loaded.runMany!(env, n)) }),
  });
  /** A context may say late that it is lost; so the canary is read after the data. */
  const read: Device['read'] = async (...what) => {
    canary ??= device.upload(Float32Array.of(CANARY), [1], 'rows');
    const reads = [device.read(...what), device.read(canary, [1], 'rows')] as const;
    const [data, [alive]] = await Promise.all(reads).catch((cause: unknown) =>
      // What cannot be read is lost, whatever the device says.
      failLate(cause, true),
    );
    if (device.fault!() === undefined && alive === CANARY) return data!;
    const why = device.fault!() ?? `${device.kind} does not give back what it was given`;
    throw new DeviceError(why, true);
  };
  return {
    ...device,
    emit: (plan) => guarded(() => device.emit(plan)),
    load: (program) =>
      guarded(() => {
        const loaded = device.load(program);
        return loaded instanceof Promise ? loaded.then(whole) : whole(loaded);
      }),
    upload: (...data) => guarded(() => device.upload(...data)),
    read: (...what) => guarded(() => read(...what)),
  };
}
