// Parameters and programs on one device: steps, values, copies. It knows plans and handles; it
// must not know what a user may ask for, or that there are other devices.
import { nameOf, type Sizes } from '@chainrule/graph';
import { type Device, DeviceError, type Handle } from '../device.ts';
import type { Executable, Task } from '../executable.ts';
import { sizeOf } from '../nest.ts';
import { createPrograms, type Lease } from '../programs.ts';
import { findResident, type Resident, type Residents } from '../residents.ts';
import type { Tensor } from '../session.ts';
import { createBackup, type Steps } from './backup.ts';
import { createUploads } from './uploads.ts';

/** Numbers by name: of parameters row by row, of inputs in the order that these declare. */
export type Values = ReadonlyMap<string, Float32Array>;

/** A parameter, and its shape in numbers. */
export type Param = Pick<Resident, 'node' | 'shape'>;

/** What a session has on a device. */
export interface Engine {
  readonly device: Device;
  readonly residents: Residents;
  /** The most steps between copies of the parameters, for those that may be interrupted. */
  readonly every: number;
  /** The program that reports speak of. */
  main?: Lease;
  lease(task: Task, sizes: Sizes): Lease | Promise<Lease>;
  /** Is its program there, so that a lease is no promise? */
  isLoaded(task: Task, sizes: Sizes): boolean;
  /** Sizes that a task is loaded for. */
  known(task: Task): readonly Sizes[];
  /** The handles of a call: inputs are uploaded unless held, the rest is filled in by running. */
  upload(program: Executable, data: Values): Handle[];
  /** Gives held data back as soon as nothing uses them; what has ended is not undone any more. */
  release(values: Float32Array): void;
  /** Gives back what was uploaded, at the latest when no step may have to be done again. */
  free(program: Executable, env: readonly Handle[]): void;
  /** Runs steps; the program keeps its lease for as long as parameters are in its buffers. */
  step(lease: Lease, env: Handle[], of?: Portion): void | Promise<void>;
  /** Runs once on what was uploaded, which it gives back, and reads the results. */
  evaluate(program: Executable, env: Handle[]): Promise<Record<string, Tensor>>;
  /** Waits until the device has done what was queued, by reading its smallest parameter. */
  wait(): Promise<void>;
  read(name: string): Promise<Tensor>;
  /** All parameters as they are at the call, whatever runs until they arrive. */
  state(): Promise<Values>;
  /** What the device has no view of must not change any more. */
  write(values: Values): void;
  dispose(): void;
}

/** Steps of a call that are to run now. */
export interface Portion {
  /** The call: parts of several may take turns. */
  readonly whole: object;
  /** How many; undefined for one on a device that does not loop itself. */
  readonly times: number | undefined;
  /** Those that were done before, and those that are still to be done, these included. */
  readonly done: number;
  readonly left: number;
}

/** What lives across steps. */
export interface Holdings {
  readonly params: readonly Param[];
  /** Its updates say which parameters change. */
  readonly task: Task;
  /** Steps between copies of them. */
  readonly every: number;
}

/** Puts parameters on a device: those that have no value here are 0. */
export function createEngine(device: Device, holdings: Holdings, values: Values): Engine {
  const { params, task, every } = holdings;
  const residents = startParameters(device, params, values);
  const programs = createPrograms(device);
  const changing = task.updates.map(({ param }) => residents.get(nameOf(param)!)!);
  const backup = createBackup(device, changing, every);
  /** The program in whose buffers the parameters are, on devices where they trade places. */
  let home: Lease | undefined;
  let live = true;
  const check = (): void => {
    if (!live) throw new DeviceError(`the session has left ${device.kind}`, false);
  };
  const tensor = async (handle: Handle, shape: readonly number[]): Promise<Tensor> => {
    check();
    return { shape, data: await device.read(handle, shape, 'rows'), order: 'rows' };
  };
  const uploads = createUploads(device, () => live);
  const free = (program: Executable, env: readonly Handle[]): void => {
    if (!backup.keeps(env)) uploads.free(program, env);
  };
  /** Does what takes memory: if there is no room, without what is kept or held. */
  const withRoom = <T>(take: () => T): T => {
    check();
    try {
      return take();
    } catch (error) {
      const had = backup.forget();
      if (!uploads.release() && !had) throw error;
      return take();
    }
  };
  const upload = (program: Executable, data: Values): Handle[] =>
    withRoom(() => uploads.take(program, data));
  /** Has a program run; updated parameters move to their new place. */
  const run = <R>({ planned }: Executable, env: Handle[], start: () => R): R => {
    check();
    for (const { name, id } of planned.params) env[id] = residents.get(name)!.handle;
    const running = start();
    for (const { param, next } of planned.swaps) {
      const resident = residents.get(planned.params.find((p) => p.id === param)!.name)!;
      device.free(resident.handle);
      resident.handle = env[next];
    }
    return running;
  };
  /** The handles of the last step. */
  let before: readonly Handle[] = [];
  /** How many numbers are fed to a step, but for held ones that the last step had, too. */
  const fedTo = ({ inputs }: Executable['planned'], env: readonly Handle[]): number => {
    let fed = 0;
    for (const { id, shape } of inputs) {
      if (!(env[id] === before[id] && uploads.stays(env[id]))) fed += sizeOf(shape);
    }
    // A copy: the array itself would keep held data there. Nothing else is looked for.
    before = env.some(uploads.stays) ? env.slice() : [];
    return fed;
  };
  const stepsOf = (executable: Executable, env: Handle[], of: Portion): Steps => {
    const { planned, program, loaded } = executable;
    const { whole, times, done, left } = of;
    const isAtRisk = loaded.isAtRisk?.(times) === true;
    // One by one: to spread them takes a third of a small step.
    return {
      program: executable,
      env,
      whole,
      done,
      left,
      call: times === undefined ? 'step' : 'steps',
      times: times ?? 1,
      isAtRisk,
      isShared: (program.threads ?? 1) > 1,
      fed: device.view ? fedTo(planned, env) : 0,
      run: () =>
        run(executable, env, () =>
          times === undefined
            ? loaded.run(env, !isAtRisk)
            : loaded.runMany!(env, times, !isAtRisk),
        ),
      again: () => run(executable, env, () => loaded.run(env, true)),
      free: () => uploads.free(executable, env),
    };
  };
  const read = (name: string): Promise<Tensor> => {
    const { handle, shape } = findResident(residents, name);
    return tensor(handle, shape);
  };
  return {
    device,
    residents,
    every,
    lease: (task, sizes) => withRoom(() => programs.lease(task, sizes)),
    isLoaded: programs.isLoaded,
    known: programs.known,
    upload,
    free,
    release: (values) => {
      uploads.release(values);
      backup.settle();
    },
    step: (lease, env, of = { whole: env, times: undefined, done: 0, left: 1 }) => {
      try {
        const running = backup.during(stepsOf(lease.program, env, of));
        if (home !== lease) home?.release();
        home = lease;
        return running;
      } catch (error) {
        // It may be that parameters lie in it since a step before.
        if (home !== lease) lease.release();
        throw error;
      }
    },
    evaluate: async (program, env) => {
      try {
        run(program, env, () => program.loaded.run(env));
      } finally {
        free(program, env);
      }
      const { buffers, outputs } = program.planned;
      const shapeOf = (id: number) => buffers.find((b) => b.id === id)!.shape;
      const results = [...outputs].map(
        async ([name, id]) => [name, await tensor(env[id], shapeOf(id))] as const,
      );
      return Object.fromEntries(await Promise.all(results));
    },
    wait: async () => {
      const byLength = [...residents.values()].sort((a, b) => sizeOf(a.shape) - sizeOf(b.shape));
      if (byLength[0]) await tensor(byLength[0].handle, byLength[0].shape);
    },
    read,
    state: async () => {
      const names = [...residents.keys()];
      const tensors = await Promise.all(names.map(read));
      return new Map(names.map((name, i) => [name, tensors[i]!.data]));
    },
    write: (values) => {
      check();
      for (const [name, data] of values) {
        const resident = residents.get(name)!;
        const old = resident.handle;
        if (device.view) device.view(old).set(data);
        else {
          resident.handle = device.upload(data, resident.shape, 'rows');
          device.free(old);
        }
      }
      backup.forget();
    },
    dispose: () => {
      if (!live) return;
      live = false;
      programs.dispose();
      device.dispose();
    },
  };
}

/** Puts first values in place. */
function startParameters(device: Device, params: readonly Param[], values: Values) {
  const zeros = (shape: readonly number[]): Handle =>
    device.zeros?.(sizeOf(shape)) ?? device.upload(new Float32Array(sizeOf(shape)), shape, 'rows');
  const place = ({ node, shape }: Param): [string, Resident] => {
    const name = nameOf(node)!;
    const data = values.get(name);
    const handle = data ? device.upload(data, shape, 'rows') : zeros(shape);
    return [name, { node, shape, handle }];
  };
  return new Map(params.map(place));
}
