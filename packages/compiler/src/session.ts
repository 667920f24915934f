// A running program: parameters on a device, steps, values. It knows plans and devices, not ops.
import {
  ChainruleError,
  type Data,
  NameError,
  type Node,
  nameOf,
  type Sizes,
} from '@chainrule/graph';
import type { Device, Handle } from './device.ts';
import type { DeviceChoice } from './devices.ts';
import { createTask, type Executable, type Task } from './executable.ts';
import { type CheckedFeeds, checkFeeds, type Feeds } from './feeds.ts';
import type { Lease, Programs } from './programs.ts';
import { type Report, reportOf } from './report.ts';
import { checkResident, findResident, type Residents, writeAll } from './residents.ts';

/** Numbers and their shape, row-major. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly order: 'rows';
}

/** A compiled program with its parameters. Nothing in it is freed by hand but the whole. */
export interface Session {
  /**
   * One training step: every parameter takes its new value. Queued on a GPU, done on return on a
   * CPU. Sizes that no parameter has (the batch) may differ from call to call.
   * @throws FeedError, NameError for feeds that do not fit; parameters are then as before
   */
  step(feeds: Feeds): void;
  /** `n` steps on the same data; loads what is missing for other batch sizes. */
  steps(n: number, feeds: Feeds): Promise<void>;
  /**
   * The value of a node: a number if it is a scalar. Compiled once, apart from the step. WebGPU
   * loads in the background: await a first value before the step that is to come after it.
   */
  value(node: Node, feeds?: Feeds): Promise<number | Tensor>;
  /** The values of several nodes, computed in one program. */
  run<K extends string>(
    nodes: Readonly<Record<K, Node>>,
    feeds?: Feeds,
  ): Promise<Record<K, Tensor>>;
  /** A copy of a parameter. @throws NameError for an unknown name */
  read(name: string): Promise<Tensor>;
  /** Sets a parameter. @throws FeedError if the data do not fit, NameError for an unknown name */
  write(name: string, data: Data): void;
  /** Copies of everything that lives across steps. */
  state(): Promise<Record<string, Tensor>>;
  /** Sets all that lives across steps; nothing changes if anything is missing or does not fit. */
  restore(state: Readonly<Record<string, Data>>): void;
  /** Where it runs, why there, and why not elsewhere. */
  readonly device: DeviceChoice;
  /** The sizes that were given to `compile`. */
  readonly sizes: Sizes;
  /**
   * The kernels of one step (or of the value, if nothing is trained), their work and memory, for
   * the sizes given to `compile`, or else those of the first step.
   */
  report(): Report;
  /** The generated source of a kernel. @throws NameError for an unknown name */
  source(kernel: string): string;
  /** Every kernel's generated source. */
  print(): string;
  /** Gives everything back; any further call is an error. */
  dispose(): void;
  [Symbol.dispose](): void;
}

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
  #live = true;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#main = parts.main;
  }

  get device(): DeviceChoice {
    return this.#parts.choice;
  }

  get sizes(): Sizes {
    return this.#parts.sizes;
  }

  step(feeds: Feeds): void {
    const { data, lease } = this.#prepareStep('step', feeds);
    if (lease instanceof Promise) {
      lease.then((l) => l.release()).catch(() => {});
      throw new ChainruleError(
        'step: no kernels are loaded for this batch size yet.',
        'use await steps(1, feeds) for it.',
      );
    }
    const env = this.#uploadFor(lease, data);
    this.#runStep(lease, env);
    this.#free(lease.program, env);
  }

  async steps(n: number, feeds: Feeds): Promise<void> {
    if (!Number.isInteger(n) || n < 0) {
      throw new ChainruleError(`steps: ${n} is no number of steps.`, 'give e.g. 100.');
    }
    const { data, lease: found } = this.#prepareStep('steps', feeds);
    // Where nothing has to be waited for it runs at once: what is called next finds it done.
    const lease = found instanceof Promise ? await found : found;
    this.#alive('steps');
    const env = this.#uploadFor(lease, data);
    const { runMany } = lease.program.loaded;
    if (runMany && n > 0) this.#runStep(lease, env, n);
    for (let i = 0; i < n && !runMany; i++) {
      this.#runStep(lease, env);
      if (this.#queued < this.#parts.device.limits.queue) continue;
      await this.#drain();
      this.#alive('steps');
    }
    this.#free(lease.program, env);
    if (n === 0) lease.release();
  }

  /** Waits until the device has done what was queued, by reading its smallest parameter. */
  async #drain(): Promise<void> {
    this.#queued = 0;
    const size = ({ shape }: { shape: readonly number[] }) => shape.reduce((p, d) => p * d, 1);
    const [smallest] = [...this.#parts.residents.values()].sort((a, b) => size(a) - size(b));
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
    const { handle, shape } = findResident(this.#parts.residents, name);
    return this.#readTensor(handle, shape);
  }

  write(name: string, data: Data): void {
    this.#alive('write');
    writeAll(this.#parts.device, this.#parts.residents, { [name]: data });
  }

  async state(): Promise<Record<string, Tensor>> {
    this.#alive('state');
    const names = [...this.#parts.residents.keys()];
    const tensors = await Promise.all(names.map((name) => this.read(name)));
    return Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
  }

  restore(state: Readonly<Record<string, Data>>): void {
    this.#alive('restore');
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
  }

  report(): Report {
    return reportOf(this.#loaded('report').planned);
  }

  source(kernel: string): string {
    const { planned, sources } = this.#loaded('source');
    const i = planned.kernels.findIndex((k) => k.name === kernel);
    if (i >= 0) return sources[i]!;
    const names = planned.kernels.map((k) => k.name).join(', ');
    throw new NameError(
      `source: there is no kernel ${kernel}; kernels: ${names}.`,
      `name one of these.`,
    );
  }

  print(): string {
    const { planned, sources } = this.#loaded('print');
    return planned.kernels.map((k, i) => `// kernel ${k.name}\n${sources[i]}`).join('\n\n');
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
    if (!(lease instanceof Promise)) {
      this.#main ??= lease.program;
      return { data, lease };
    }
    // The caller's arrays may have changed by the time that the program is loaded.
    const copies = [...data].map(([name, values]) => [name, values.slice()] as const);
    return { data: new Map(copies), lease };
  }

  async #evaluate<K extends string>(
    call: string,
    nodes: Readonly<Record<K, Node>>,
    feeds: Feeds,
  ): Promise<Record<K, Tensor>> {
    this.#alive(call);
    const task = this.#taskOf(nodes);
    const { data, sizes } = this.#check(task, feeds);
    const found = this.#parts.programs.lease(task, sizes);
    const { program, release } = found instanceof Promise ? await found : found;
    try {
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
  #runStep(lease: Lease, env: Handle[], times = 1): void {
    this.#run(lease.program, env, times);
    this.#queued++;
    if (this.#home === lease) return;
    this.#home?.release();
    this.#home = lease;
  }

  /** Runs a program; updated parameters move to their new place. */
  #run({ planned, loaded }: Executable, env: Handle[], times = 1): void {
    const { device, residents } = this.#parts;
    for (const { name, id } of planned.params) env[id] = residents.get(name)!.handle;
    if (times === 1) loaded.run(env);
    else loaded.runMany!(env, times);
    for (const { param, next } of planned.swaps) {
      const resident = residents.get(planned.params.find((p) => p.id === param)!.name)!;
      device.free(resident.handle);
      resident.handle = env[next];
    }
  }

  #free({ planned }: Executable, env: readonly Handle[]): void {
    for (const { id } of planned.inputs) {
      if (env[id] !== undefined) this.#parts.device.free(env[id]);
    }
  }
}
