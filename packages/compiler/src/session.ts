// A running program: parameters on a device, steps, values. It knows plans and devices, not ops.
import {
  ChainruleError,
  type Data,
  inputsOf,
  NameError,
  type Node,
  nameOf,
  type Sizes,
  slotOf,
} from '@chainrule/graph';
import type { Device, Handle } from './device.ts';
import type { DeviceChoice } from './devices.ts';
import { createTask, type Executable, rootsOf, type Task } from './executable.ts';
import { type CheckedFeeds, checkFeeds, type Feeds } from './feeds.ts';
import type { Programs } from './programs.ts';
import { type Report, reportOf } from './report.ts';
import { checkResident, findResident, type Residents, writeAll } from './residents.ts';

/** Numbers and their shape, row-major. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
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
  /** The value of a node: a number if it is a scalar. Compiled once, apart from the step. */
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
  /** Sets what lives across steps; nothing is changed if anything does not fit. */
  restore(state: Readonly<Record<string, Data>>): void;
  /** Where it runs, why there, and why not elsewhere. */
  readonly device: DeviceChoice;
  /** The sizes that were given to `compile`. */
  readonly sizes: Sizes;
  /** The kernels of one step (or of the value, if nothing is trained), their work and memory. */
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

export const createSession = (parts: Parts): Session => new RunningSession(parts);

const nameOfLeaf = (node: Node): string => nameOf(node) ?? `an unnamed ${node.op}`;

class RunningSession implements Session {
  readonly #parts: Parts;
  readonly #inputs: readonly Node[];
  readonly #inputNames: ReadonlySet<string>;
  /** Tasks of `run`, by the names and nodes asked for. */
  readonly #tasks = new Map<string, Task>();
  /** The program that `report` and `source` speak of. */
  #main: Executable | undefined;
  #live = true;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#main = parts.main;
    this.#inputs = inputsOf(rootsOf(parts.task));
    const inputs = parts.task.leaves.filter((leaf) => leaf.op === 'input');
    this.#inputNames = new Set(inputs.map(nameOfLeaf));
  }

  get device(): DeviceChoice {
    return this.#parts.choice;
  }

  get sizes(): Sizes {
    return this.#parts.sizes;
  }

  step(feeds: Feeds): void {
    const { data, program } = this.#prepareStep('step', feeds);
    if (program instanceof Promise) {
      throw new ChainruleError(
        'step: no kernels are loaded for this batch size yet.',
        'use await steps(1, feeds) for it.',
      );
    }
    const env = this.#upload(program, data);
    this.#runOnce(program, env);
    this.#release(program, env);
  }

  async steps(n: number, feeds: Feeds): Promise<void> {
    if (!Number.isInteger(n) || n < 0) {
      throw new ChainruleError(`steps: ${n} is no number of steps.`, `give e.g. 100.`);
    }
    const { data, program: found } = this.#prepareStep('steps', feeds);
    // Where nothing has to be waited for it runs at once: what is called next finds it done.
    const program = found instanceof Promise ? await found : found;
    const { queue } = this.#parts.device.limits;
    this.#alive('steps');
    const env = this.#upload(program, data);
    for (let i = 1; i <= n; i++) {
      this.#runOnce(program, env);
      if (i % queue !== 0) continue;
      await this.#drain();
      this.#alive('steps');
    }
    this.#release(program, env);
  }

  /** Waits until the device has done what was queued, by reading its smallest parameter. */
  async #drain(): Promise<void> {
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
    return { shape, data: await this.#parts.device.read(handle, shape, 'rows') };
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

  #check(inputs: readonly Node[], known: ReadonlySet<string>, feeds: Feeds): CheckedFeeds {
    return checkFeeds(inputs.map(slotOf), known, feeds, this.#parts.fixed, this.#parts.sizes);
  }

  #prepareStep(call: string, feeds: Feeds) {
    this.#alive(call);
    const { task, sizes, main, programs } = this.#parts;
    if (task.updates.length === 0) {
      throw new ChainruleError(
        `${call}: this session has nothing to train.`,
        `compile train(J, sgd(0.1)).`,
      );
    }
    const checked = this.#check(this.#inputs, this.#inputNames, feeds);
    const program = main && checked.sizes === sizes ? main : programs.get(task, checked.sizes);
    if (!(program instanceof Promise)) this.#main ??= program;
    return { data: checked.data, program };
  }

  async #evaluate<K extends string>(
    call: string,
    nodes: Readonly<Record<K, Node>>,
    feeds: Feeds,
  ): Promise<Record<K, Tensor>> {
    this.#alive(call);
    const task = this.#taskOf(nodes);
    const inputs = inputsOf(rootsOf(task));
    const known = new Set([...this.#inputNames, ...task.leaves.map(nameOfLeaf)]);
    const { data, sizes } = this.#check(inputs, known, feeds);
    const found = this.#parts.programs.get(task, sizes);
    const program = found instanceof Promise ? await found : found;
    this.#alive(call);
    const env = this.#upload(program, data);
    this.#runOnce(program, env);
    this.#release(program, env);
    const { buffers, outputs } = program.planned;
    const read = async ([name, id]: readonly [string, number]): Promise<[string, Tensor]> => {
      const { shape } = buffers.find((b) => b.id === id)!;
      const values = await this.#parts.device.read(env[id], shape, 'rows');
      return [name, { shape, data: values }];
    };
    return Object.fromEntries(await Promise.all([...outputs].map(read))) as Record<K, Tensor>;
  }

  #taskOf(nodes: Readonly<Record<string, Node>>): Task {
    const entries = Object.entries(nodes);
    const key = entries.map(([name, node]) => `${name}:${node.id}`).join();
    const known = this.#tasks.get(key);
    if (known) return known;
    const task = createTask(key, new Map(entries));
    checkResident(task.leaves, this.#parts.residents, nameOfLeaf);
    this.#tasks.set(key, task);
    return task;
  }

  /** The handles of a call: inputs are uploaded, the rest is filled in by running. */
  #upload(program: Executable, data: ReadonlyMap<string, Float32Array>): Handle[] {
    const env: Handle[] = [];
    for (const { name, id, shape, order } of program.planned.inputs) {
      env[id] = this.#parts.device.upload(data.get(name)!, shape, order);
    }
    return env;
  }

  /** Runs a program once; updated parameters move to their new place. */
  #runOnce(program: Executable, env: Handle[]): void {
    const { planned, loaded } = program;
    const { device, residents, programs } = this.#parts;
    for (const { name, id } of planned.params) env[id] = residents.get(name)!.handle;
    loaded.run(env);
    if (planned.swaps.length > 0) programs.pin(program);
    for (const { param, next } of planned.swaps) {
      const resident = residents.get(planned.params.find((p) => p.id === param)!.name)!;
      device.free(resident.handle);
      resident.handle = env[next];
    }
  }

  #release({ planned }: Executable, env: readonly Handle[]): void {
    for (const { id } of planned.inputs) this.#parts.device.free(env[id]);
  }
}
