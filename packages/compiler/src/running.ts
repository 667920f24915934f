// A running program: parameters on a device, steps, values. It knows plans and devices, not ops.
import {
  ChainruleError,
  type Data,
  NameError,
  type Node,
  nameOf,
  type Sizes,
} from '@chainrule/graph';
import { type Backup, createBackup } from './backup.ts';
import type { Device, Handle } from './device.ts';
import type { DeviceChoice } from './devices.ts';
import { createTask, type Executable, type Task } from './executable.ts';
import { type CheckedFeeds, checkFeeds, type Feeds } from './feeds.ts';
import { sizeOf } from './nest.ts';
import type { Lease, Programs } from './programs.ts';
import { type Report, reportOf } from './report.ts';
import { checkResident, findResident, type Residents, writeAll } from './residents.ts';
import type { Session, Tensor } from './session.ts';

/** What a session is made of. */
export interface Parts {
  readonly device: Device;
  readonly choice: DeviceChoice;
  readonly task: Task;
  readonly residents: Residents;
  readonly programs: Programs;
  /** Sizes given to `compile`. */
  readonly sizes: Sizes;
  /** Those of them that parameters have: they cannot change. */
  readonly fixed: Sizes;
  /** The program for `sizes`, if all were given. */
  readonly main: Executable | undefined;
}

/** A session of its parts. */
export const createSession = (parts: Parts): Session => new RunningSession(parts);

/** Different values asked for that a session remembers the graphs of. */
const MAX_TASKS = 256;

const nameOfLeaf = (node: Node): string => nameOf(node) ?? `an unnamed ${node.op}`;

class RunningSession implements Session {
  readonly #parts: Parts;
  /** Tasks of `run`, by the names and nodes asked for. */
  readonly #tasks = new Map<string, Task>();
  /** The program that `report` and `source` speak of. */
  #main: Executable | undefined;
  /** The program in whose buffers the parameters are, on devices where they trade places. */
  #home: Lease | undefined;
  /** Steps that the device may not have done yet. */
  #queued = 0;
  /** Resolves when steps in the background are done, however they end. */
  #busy: Promise<void> | undefined;
  readonly #backup: Backup;
  #live = true;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#main = parts.main;
    const changed = parts.task.updates.map(({ param }) => nameOfLeaf(param));
    this.#backup = createBackup(parts.device, parts.residents, changed);
  }

  get device(): DeviceChoice {
    return this.#parts.choice;
  }

  get sizes(): Sizes {
    return this.#parts.sizes;
  }

  step(feeds: Feeds): void {
    this.#idle('step');
    const { data, lease } = this.#prepareStep('step', feeds);
    if (lease instanceof Promise) {
      lease.then((l) => l.release()).catch(() => {});
      throw new ChainruleError(
        'step: no kernels are loaded for this batch size yet.',
        'use await steps(1, feeds) for it.',
      );
    }
    const env = this.#uploadFor(lease, data);
    try {
      this.#runStep(lease, env);
    } finally {
      this.#free(lease.program, env);
    }
  }

  async steps(n: number, feeds: Feeds): Promise<void> {
    if (!Number.isInteger(n) || n < 0) {
      throw new ChainruleError(`steps: ${n} is no number of steps.`, 'give e.g. 100.');
    }
    const { data, lease: found } = this.#prepareStep('steps', feeds);
    // Where nothing has to be waited for it runs at once: what is called next finds it done.
    const lease = found instanceof Promise ? await found : found;
    while (this.#busy) await this.#busy;
    this.#alive('steps');
    const env = this.#uploadFor(lease, data);
    try {
      await this.#runSteps(n, lease, env);
    } finally {
      this.#free(lease.program, env);
    }
    if (n === 0) lease.release();
  }

  async #runSteps(n: number, lease: Lease, env: Handle[]): Promise<void> {
    const { runMany } = lease.program.loaded;
    if (runMany && n > 0) {
      const running = this.#runStep(lease, env, n);
      if (running) await this.#background(running);
    }
    for (let i = 0; i < n && !runMany; i++) {
      this.#runStep(lease, env);
      if (this.#queued < this.#parts.device.limits.queue) continue;
      await this.#drain();
      this.#alive('steps');
    }
  }

  /** Waits for steps in the background, and lets others know. */
  async #background(running: Promise<void>): Promise<void> {
    const ended = running.catch(() => {});
    this.#busy = ended;
    try {
      await running;
    } finally {
      this.#busy = undefined;
    }
    this.#alive('steps');
  }

  /** Waits until the device has done what was queued, by reading its smallest parameter. */
  async #drain(): Promise<void> {
    this.#queued = 0;
    const [smallest] = [...this.#parts.residents.values()].sort(
      (a, b) => sizeOf(a.shape) - sizeOf(b.shape),
    );
    if (smallest) await this.#parts.device.read(smallest.handle, smallest.shape, 'rows');
  }

  async value(node: Node, feeds: Feeds = {}): Promise<number | Tensor> {
    const { value } = await this.#evaluate('value', { value: node }, feeds);
    return value.shape.length === 0 ? value.data[0]! : value;
  }

  async run<K extends string>(
    nodes: Readonly<Record<K, Node>>,
    feeds: Feeds = {},
  ): Promise<Record<K, Tensor>> {
    return this.#evaluate('run', nodes, feeds);
  }

  async read(name: string): Promise<Tensor> {
    this.#alive('read');
    findResident(this.#parts.residents, name);
    while (this.#busy) await this.#busy;
    this.#alive('read');
    const { handle, shape } = findResident(this.#parts.residents, name);
    return this.#readTensor(handle, shape);
  }

  write(name: string, data: Data): void {
    this.#alive('write');
    this.#idle('write');
    writeAll(this.#parts.device, this.#parts.residents, { [name]: data });
    this.#backup.forget();
  }

  async state(): Promise<Record<string, Tensor>> {
    this.#alive('state');
    const names = [...this.#parts.residents.keys()];
    const tensors = await Promise.all(names.map((name) => this.read(name)));
    return Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
  }

  restore(state: Readonly<Record<string, Data>>): void {
    this.#alive('restore');
    this.#idle('restore');
    if (typeof state !== 'object' || state === null) {
      throw new ChainruleError(
        `restore: ${String(state)} is no state.`,
        'pass what state() gave.',
      );
    }
    const missing = [...this.#parts.residents.keys()].filter(
      (name) => !Object.hasOwn(state, name),
    );
    if (missing.length > 0) {
      throw new NameError(
        `restore: the state has no ${missing.join(', ')}.`,
        'pass all that state() gave; to set single parameters use write.',
      );
    }
    writeAll(this.#parts.device, this.#parts.residents, state);
    this.#backup.forget();
  }

  report(): Report {
    return reportOf(this.#loaded('report'));
  }

  source(kernel: string): string {
    const { planned, program } = this.#loaded('source');
    const i = planned.kernels.findIndex((k) => k.name === kernel);
    if (i >= 0) return program.sources[i]!;
    const names = planned.kernels.map((k) => k.name).join(', ');
    throw new NameError(
      `source: there is no kernel ${kernel}; kernels: ${names}.`,
      `name one of these.`,
    );
  }

  print(): string {
    const { planned, program } = this.#loaded('print');
    const text = (name: string, i: number) => `// kernel ${name}\n${program.sources[i]}`;
    return planned.kernels.map(({ name }, i) => text(name, i)).join('\n\n');
  }

  dispose(): void {
    if (!this.#live) return;
    this.#live = false;
    this.#parts.programs.dispose();
    this.#parts.device.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(call: string): void {
    if (this.#live) return;
    const names = [...this.#parts.residents.keys()].join(', ');
    throw new ChainruleError(
      `${call}: the session of ${names || 'this program'} is disposed.`,
      'compile again, or dispose later.',
    );
  }

  /** @throws ChainruleError while steps go on in the background */
  #idle(call: string): void {
    if (!this.#busy) return;
    throw new ChainruleError(`${call}: steps are still going on.`, 'await steps(...) before it.');
  }

  #loaded(call: string): Executable {
    this.#alive(call);
    if (this.#main) return this.#main;
    throw new ChainruleError(
      `${call}: nothing is compiled yet, because a size is open.`,
      'give all sizes to compile, or run a step first.',
    );
  }

  /** All that is fed tells the sizes, also what rewriting has made superfluous. */
  #check(task: Task, feeds: Feeds): CheckedFeeds {
    const { task: main, fixed, sizes } = this.#parts;
    return checkFeeds(task.slots, [...main.mayFeed, ...task.mayFeed], feeds, fixed, sizes);
  }

  #prepareStep(call: string, feeds: Feeds) {
    this.#alive(call);
    const { task, programs } = this.#parts;
    if (task.updates.length === 0) {
      throw new ChainruleError(
        `${call}: this session has nothing to train.`,
        'compile train(J, sgd(0.1)).',
      );
    }
    const { data, sizes } = this.#check(task, feeds);
    const lease = programs.lease(task, sizes);
    if (!(lease instanceof Promise)) this.#main ??= lease.program;
    return { data: this.#kept(lease, data), lease };
  }

  /** The caller's arrays may have changed by the time that a program and its device are ready. */
  #kept(lease: Lease | Promise<Lease>, data: CheckedFeeds['data']): CheckedFeeds['data'] {
    if (!(lease instanceof Promise) && !this.#busy) return data;
    return new Map([...data].map(([name, values]) => [name, values.slice()]));
  }

  async #evaluate<K extends string>(
    call: string,
    nodes: Readonly<Record<K, Node>>,
    feeds: Feeds,
  ): Promise<Record<K, Tensor>> {
    this.#alive(call);
    const task = this.#taskOf(nodes);
    const { data: given, sizes } = this.#check(task, feeds);
    const found = this.#parts.programs.lease(task, sizes);
    const data = this.#kept(found, given);
    const { program, release } = found instanceof Promise ? await found : found;
    try {
      while (this.#busy) await this.#busy;
      this.#alive(call);
      const env = this.#upload(program, data);
      this.#run(program, env);
      this.#free(program, env);
      const { buffers, outputs } = program.planned;
      const read = async ([name, id]: readonly [string, number]): Promise<[string, Tensor]> => {
        const { shape } = buffers.find((b) => b.id === id)!;
        return [name, await this.#readTensor(env[id], shape)];
      };
      return Object.fromEntries(await Promise.all([...outputs].map(read))) as Record<K, Tensor>;
    } finally {
      release();
    }
  }

  async #readTensor(handle: Handle, shape: readonly number[]): Promise<Tensor> {
    return { shape, data: await this.#parts.device.read(handle, shape, 'rows'), order: 'rows' };
  }

  #taskOf(nodes: Readonly<Record<string, Node>>): Task {
    if (typeof nodes !== 'object' || nodes === null) {
      throw new ChainruleError(
        `run: ${String(nodes)} are no nodes.`,
        'pass nodes by name: { J }.',
      );
    }
    const entries = Object.entries(nodes);
    const key = JSON.stringify(entries.map(([name, node]) => [name, node?.id]));
    const known = this.#tasks.get(key);
    if (known) return known;
    const task = createTask(key, new Map(entries));
    checkResident(task.leaves, this.#parts.residents, nameOfLeaf);
    this.#tasks.set(key, task);
    const [oldest] = this.#tasks.keys();
    if (this.#tasks.size > MAX_TASKS) this.#tasks.delete(oldest!);
    return task;
  }

  /** The handles of a call: inputs are uploaded, the rest is filled in by running. */
  #upload(program: Executable, data: ReadonlyMap<string, Float32Array>): Handle[] {
    const env: Handle[] = [];
    try {
      for (const { name, id, shape, order } of program.planned.inputs) {
        env[id] = this.#parts.device.upload(data.get(name)!, shape, order);
      }
    } catch (error) {
      // The device has no room for all of them: what is there goes back.
      this.#free(program, env);
      throw error;
    }
    return env;
  }

  /** The same for a step, whose program is released if the data cannot be had. */
  #uploadFor(lease: Lease, data: ReadonlyMap<string, Float32Array>): Handle[] {
    try {
      return this.#upload(lease.program, data);
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  /** Runs steps; the program keeps its lease for as long as parameters are in its buffers. */
  #runStep(lease: Lease, env: Handle[], times?: number): void | Promise<void> {
    let running: void | Promise<void>;
    try {
      const run = () => this.#run(lease.program, env, times);
      running = this.#backup.during(lease.program.program, times, run);
    } catch (error) {
      lease.release();
      throw error;
    }
    this.#queued++;
    this.#home?.release();
    this.#home = lease;
    return running;
  }

  /** Runs a program, once on return or often; updated parameters move to their new place. */
  #run({ planned, loaded }: Executable, env: Handle[], times?: number): void | Promise<void> {
    const { device, residents } = this.#parts;
    for (const { name, id } of planned.params) env[id] = residents.get(name)!.handle;
    const running = times === undefined ? loaded.run(env) : loaded.runMany!(env, times);
    for (const { param, next } of planned.swaps) {
      const resident = residents.get(planned.params.find((p) => p.id === param)!.name)!;
      device.free(resident.handle);
      resident.handle = env[next];
    }
    return running;
  }

  #free({ planned }: Executable, env: readonly Handle[]): void {
    // A device that is disposed has taken everything with it.
    if (!this.#live) return;
    for (const { id } of planned.inputs) {
      if (env[id] !== undefined) this.#parts.device.free(env[id]);
    }
  }
}
