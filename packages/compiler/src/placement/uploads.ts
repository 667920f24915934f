// Data on a device. Those that are held stay there until nobody has them, or needs their room.
import type { Device, Handle } from '../device.ts';
import type { Executable } from '../executable.ts';
import { slotOfHeld } from '../held.ts';
import type { Buffer } from '../nest.ts';
import type { Values } from './engine.ts';

export interface Uploads {
  /** The handles of a program's inputs. Held data are uploaded when they are first asked for. */
  take(program: Executable, data: Values): Handle[];
  /** Gives back what `take` gave, but for held data. */
  free(program: Executable, env: readonly Handle[]): void;
  /** Does a handle stay when it is given back? */
  stays(handle: Handle): boolean;
  /** Gives held data back, or all: what uses them must have ended. False if none were there. */
  release(values?: Float32Array): boolean;
}

interface There {
  readonly handle: Handle;
  readonly order: Buffer['order'];
}

/** @param isLive is the device still there? One that is disposed has taken everything with it. */
export function createUploads(device: Device, isLive: () => boolean): Uploads {
  const places = new WeakMap<Float32Array, There>();
  const staying = new WeakSet<object>();
  /** Handles to give back, by weak references to the data. */
  const owed = new Map<WeakRef<Float32Array>, Handle>();
  /** Held data live as long as the handles of a call that uses them. */
  const users = new WeakMap<readonly Handle[], readonly Float32Array[]>();
  const pay = (ref: WeakRef<Float32Array>): void => {
    const handle = owed.get(ref);
    if (owed.delete(ref) && isLive()) device.free(handle!);
  };
  const ended = new FinalizationRegistry(pay);
  /** Has held data been here? Most sessions are spared to look. */
  let isUsed = false;
  const stays = (handle: Handle): boolean => isUsed && staying.has(handle as object);
  const hold = (values: Float32Array, there: There): void => {
    isUsed = true;
    places.set(values, there);
    staying.add(there.handle as object);
    // Where data are their own handle there is nothing to give back.
    if (there.handle === values) return;
    const ref = new WeakRef(values);
    owed.set(ref, there.handle);
    ended.register(values, ref);
  };
  const free: Uploads['free'] = ({ planned }, env) => {
    if (!isLive()) return;
    for (const { id } of planned.inputs) {
      if (env[id] !== undefined && !stays(env[id])) device.free(env[id]);
    }
  };
  const take: Uploads['take'] = (program, data) => {
    const env: Handle[] = [];
    const held: Float32Array[] = [];
    try {
      for (const { name, id, shape, order } of program.planned.inputs) {
        const values = data.get(name)!;
        const isHeld = slotOfHeld(values) !== undefined;
        if (isHeld) held.push(values);
        const there = isHeld ? places.get(values) : undefined;
        // In another order the same numbers may lie otherwise: a layout is made for one.
        const isThere = there?.order === order;
        env[id] = isThere ? there.handle : device.upload(values, shape, order);
        if (isHeld && !there) hold(values, { handle: env[id], order });
      }
      if (held.length > 0) users.set(env, held);
    } catch (error) {
      // The device has no room for all of them: what is there goes back.
      free(program, env);
      throw error;
    }
    return env;
  };
  const release: Uploads['release'] = (which) => {
    const found = [...owed.keys()].filter((ref) => !which || ref.deref() === which);
    for (const ref of found) {
      const values = ref.deref();
      if (values) places.delete(values);
      staying.delete(owed.get(ref) as object);
      pay(ref);
    }
    return found.length > 0;
  };
  return { take, free, stays, release };
}
