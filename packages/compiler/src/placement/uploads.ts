// Data on a device. Those that are held stay there for as long as somebody has them.
import type { Device, Handle } from '../device.ts';
import type { Executable } from '../executable.ts';
import { isHeld } from '../held.ts';
import type { Values } from './engine.ts';

export interface Uploads {
  /** The handles of a program's inputs. Held data are uploaded when they are first asked for. */
  take(program: Executable, data: Values): Handle[];
  /** Gives back what `take` gave, but for held data. */
  free(program: Executable, env: readonly Handle[]): void;
  /** Does a handle stay when it is given back? */
  stays(handle: Handle): boolean;
}

/** @param isLive is the device still there? One that is disposed has taken everything with it. */
export function createUploads(device: Device, isLive: () => boolean): Uploads {
  const handles = new WeakMap<Float32Array, Handle>();
  const staying = new WeakSet<object>();
  /** Held data live as long as the handles of a call that uses them. */
  const users = new WeakMap<readonly Handle[], Values>();
  const ended = new FinalizationRegistry<Handle>((handle) => {
    if (isLive()) device.free(handle);
  });
  const stays = (handle: Handle): boolean => staying.has(handle as object);
  const hold = (values: Float32Array, handle: Handle): void => {
    handles.set(values, handle);
    staying.add(handle as object);
    // Where data are their own handle there is nothing to give back.
    if (handle !== values) ended.register(values, handle);
  };
  const free: Uploads['free'] = ({ planned }, env) => {
    if (!isLive()) return;
    for (const { id } of planned.inputs) {
      if (env[id] !== undefined && !stays(env[id])) device.free(env[id]);
    }
  };
  const take: Uploads['take'] = (program, data) => {
    const env: Handle[] = [];
    users.set(env, data);
    try {
      for (const { name, id, shape, order } of program.planned.inputs) {
        const values = data.get(name)!;
        env[id] = handles.get(values) ?? device.upload(values, shape, order);
        if (isHeld(values) && !handles.has(values)) hold(values, env[id]);
      }
    } catch (error) {
      // The device has no room for all of them: what is there goes back.
      free(program, env);
      throw error;
    }
    return env;
  };
  return { take, free, stays };
}
