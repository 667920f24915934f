// Data on a device. Those that are held stay there until nobody has them, or needs their room.
import type { Device, Handle } from '../device.ts';
import type { Executable } from '../executable.ts';
import { slotOfHeld } from '../held.ts';
import type { Buffer } from '../nest.ts';
import type { Values } from './engine.ts';

export interface Uploads {
  /** The handles of a program's inputs. Held data are uploaded when they are first asked for. */
  take(program: Executable, data: Values): Handle[];
  /** Gives back what `take` gave; held data stay, unless they were released. */
  free(program: Executable, env: readonly Handle[]): void;
  /** Does a handle stay when it is given back? */
  stays(handle: Handle): boolean;
  /** Gives held data back, or all of them, as soon as no call uses them. True if some went now. */
  release(values?: Float32Array): boolean;
}

/** Held data on the device. */
interface There {
  readonly handle: Handle;
  readonly order: Buffer['order'];
  readonly values: WeakRef<Float32Array>;
  /** Calls whose handles have it. */
  uses: number;
  isReleased: boolean;
}

/** @param isLive is the device still there? One that is disposed has taken everything with it. */
export function createUploads(device: Device, isLive: () => boolean): Uploads {
  const places = new WeakMap<Float32Array, There>();
  const staying = new WeakSet<object>();
  const all = new Set<There>();
  /** Held data live as long as the handles of a call that uses them. */
  const users = new WeakMap<readonly Handle[], readonly Float32Array[]>();
  const drop = (there: There): void => {
    const values = there.values.deref();
    if (values) places.delete(values);
    staying.delete(there.handle as object);
    if (all.delete(there) && isLive()) device.free(there.handle);
  };
  const ended = new FinalizationRegistry(drop);
  /** Have held data been here? Most sessions are spared to look. */
  let isUsed = false;
  const stays = (handle: Handle): boolean => isUsed && staying.has(handle as object);
  const hold = (values: Float32Array, handle: Handle, order: Buffer['order']): There => {
    isUsed = true;
    const there = { handle, order, values: new WeakRef(values), uses: 0, isReleased: false };
    places.set(values, there);
    staying.add(handle as object);
    // Where data are their own handle there is nothing to give back.
    if (handle !== values) {
      all.add(there);
      ended.register(values, there);
    }
    return there;
  };
  const placeOf = (values: Float32Array, shape: readonly number[], order: Buffer['order']) =>
    places.get(values) ?? hold(values, device.upload(values, shape, order), order);
  const use = (there: There): Handle => {
    there.uses++;
    there.isReleased = false;
    return there.handle;
  };
  const free: Uploads['free'] = ({ planned }, env) => {
    for (const { id } of planned.inputs) {
      if (env[id] !== undefined && isLive() && !stays(env[id])) device.free(env[id]);
    }
    if (!isUsed) return;
    for (const values of users.get(env) ?? []) {
      const there = places.get(values)!;
      if (--there.uses === 0 && there.isReleased) drop(there);
    }
    users.delete(env);
  };
  const take: Uploads['take'] = (program, data) => {
    const env: Handle[] = [];
    const held: Float32Array[] = [];
    try {
      for (const { name, id, shape, order } of program.planned.inputs) {
        const values = data.get(name)!;
        const there = slotOfHeld(values) && placeOf(values, shape, order);
        // In another order the same numbers may lie otherwise: a layout is made for one.
        if (there?.order === order) {
          if (held.push(values) === 1) users.set(env, held);
          env[id] = use(there);
        } else env[id] = device.upload(values, shape, order);
      }
    } catch (error) {
      // The device has no room for all of them: what is there goes back.
      free(program, env);
      throw error;
    }
    return env;
  };
  const release: Uploads['release'] = (which) => {
    const found = which ? [places.get(which)] : [...all];
    let some = false;
    for (const there of found) {
      if (!there) continue;
      there.isReleased = true;
      if (there.uses > 0) continue;
      drop(there);
      some = true;
    }
    return some;
  };
  return { take, free, stays, release };
}
