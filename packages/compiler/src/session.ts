// A running program: parameters on a device, steps, values. It knows plans and devices, not ops.
import {
  ChainruleError,
  type Data,
  FeedError,
  flatten,
  inputsOf,
  NameError,
  type Node,
  nameOf,
  type Sizes,
  slotOf,
} from '@chainrule/graph';
import type { Device, Handle } from './device.ts';
import type { DeviceChoice } from './devices.ts';
import { createTask, type Executable, load, planTask, rootsOf, type Task } from './executable.ts';
import { checkFeeds, type Feeds } from './feeds.ts';
import { type Report, reportOf } from './report.ts';

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
  /** The values of several nodes in one program. */
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
  /** Sets everything that lives across steps; nothing is changed if anything does not fit. */
  restore(state: Readonly<Record<string, Data>>): void;
  /** Where it runs, why there, and why not elsewhere. */
  readonly device: DeviceChoice;
  /** The sizes that it was compiled for. */
  readonly sizes: Sizes;
  /** The kernels of one step, their work and their memory. */
  report(): Report;
  /** The generated source of a kernel. @throws NameError for an unknown name */
  source(kernel: string): string;
  /** Every kernel's generated source. */
  print(): string;
  /** Gives everything back; any further call is an error. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** A parameter on the device. */
export interface Resident {
  readonly node: Node;
  readonly shape: readonly number[];
  handle: Handle;
}

/** What a session is made of. */
export interface Parts {
  readonly device: Device;
  readonly choice: DeviceChoice;
  readonly task: Task;
  readonly residents: ReadonlyMap<string, Resident>;
  /** Sizes given to `compile`, and those that parameters fix. */
  readonly sizes: Sizes;
  readonly fixed: Sizes;
  /** Programs by sizes; the step's own is loaded before the session is handed out. */
  readonly programs: Map<string, Executable | Promise<Executable>>;
}

/** Programs kept per session; the oldest is let go when there are more. */
const MAX_PROGRAMS = 32;

/** The program of a task for these sizes: loaded before, or now. */
export function executableFor(parts: Parts, task: Task, key: string, sizes: Sizes) {
  const id = `${key} ${JSON.stringify(Object.entries(sizes).sort())}`;
  const known = parts.programs.get(id);
  if (known) return known;
  const made = load(planTask(task, sizes, parts.device.limits), parts.device);
  parts.programs.set(id, made);
  if (made instanceof Promise) {
    made.then(
      (done) => parts.programs.set(id, done),
      () => parts.programs.delete(id),
    );
  }
  evict(parts);
  return made;
}

function evict({ programs }: Parts): void {
  for (const [id, program] of programs) {
    if (programs.size <= MAX_PROGRAMS) return;
    if (program instanceof Promise || id.startsWith('step ')) continue;
    program.loaded.dispose();
    programs.delete(id);
  }
}

/** Runs a program on checked data and moves updated parameters to their new place. */
function execute(
  parts: Parts,
  exe: Executable,
  data: ReadonlyMap<string, Float32Array>,
  times = 1,
) {
  const { device, residents } = parts;
  const uploads: Handle[] = [];
  const byId = new Map(exe.planned.buffers.map((b) => [b.id, b]));
  for (const [node, id] of exe.planned.leaves) {
    const { shape, order, role } = byId.get(id)!;
    if (role === 'param') continue;
    const handle = device.upload(data.get(nameOf(node)!)!, shape, order);
    exe.env[id] = handle;
    uploads.push(handle);
  }
  for (let i = 0; i < times; i++) {
    for (const [node, id] of exe.planned.leaves) {
      if (node.op === 'param') exe.env[id] = residents.get(nameOf(node)!)!.handle;
    }
    exe.loaded.run(exe.env);
    for (const { param, next } of exe.planned.swaps) {
      const resident = residents.get(byId.get(param)!.name)!;
      device.free(resident.handle);
      resident.handle = exe.env[next];
    }
  }
  for (const handle of uploads) device.free(handle);
}

/** A session of its parts. */
export function createSession(parts: Parts): Session {
  const { device, choice, residents, task } = parts;
  const inputs = inputsOf(rootsOf(task));
  const about =
    task.updates.length > 0
      ? `the session that trains ${[...residents.keys()].join(', ')}`
      : 'this session';
  let live = true;
  const alive = (call: string): void => {
    if (live) return;
    throw new ChainruleError(
      `${call}: ${about} is disposed.\n  fix: compile again, or dispose later.`,
    );
  };
  const check = (nodes: readonly Node[], feeds: Feeds) => {
    const known = new Set([...inputs, ...nodes].map((n) => nameOf(n)!));
    return checkFeeds(nodes.map(slotOf), known, feeds, parts.fixed, parts.sizes);
  };
  const tasks = new Map<string, Task>();
  const taskOf = (nodes: Readonly<Record<string, Node>>): { task: Task; key: string } => {
    const entries = Object.entries(nodes);
    const key = entries.map(([name, node]) => `${name}:${node.id}`).join();
    const known = tasks.get(key) ?? createTask(new Map(entries));
    for (const node of rootsOf(known)) checkParams(node, residents);
    tasks.set(key, known);
    return { task: known, key };
  };
  const run = async <K extends string>(nodes: Readonly<Record<K, Node>>, feeds: Feeds = {}) => {
    alive('run');
    const { task: wanted, key } = taskOf(nodes);
    const { data, sizes } = check(inputsOf(rootsOf(wanted)), feeds);
    const exe = await executableFor(parts, wanted, key, sizes);
    alive('run');
    execute(parts, exe, data);
    const reads = [...exe.planned.outputs].map(async ([name, id]): Promise<[string, Tensor]> => {
      const { shape, order } = exe.planned.buffers.find((b) => b.id === id)!;
      return [name, { shape, data: await device.read(exe.env[id], shape, order) }];
    });
    return Object.fromEntries(await Promise.all(reads)) as Record<K, Tensor>;
  };
  const stepProgram = (feeds: Feeds) => {
    if (task.updates.length === 0) {
      throw new ChainruleError(
        'step: this session has nothing to train.\n  fix: compile train(J, sgd(0.1)).',
      );
    }
    const { data, sizes } = check(inputs, feeds);
    return { data, exe: executableFor(parts, task, 'step', sizes) };
  };
  const step = (feeds: Feeds): void => {
    alive('step');
    const { data, exe } = stepProgram(feeds);
    if (exe instanceof Promise) {
      throw new ChainruleError(
        'step: no kernels are loaded for this batch size yet.\n  fix: use await steps(1, feeds) for it.',
      );
    }
    execute(parts, exe, data);
  };
  const steps = async (n: number, feeds: Feeds): Promise<void> => {
    alive('steps');
    const { data, exe } = stepProgram(feeds);
    const ready = await exe;
    alive('steps');
    execute(parts, ready, data, n);
  };
  const read = async (name: string): Promise<Tensor> => {
    alive('read');
    const { handle, shape } = residentOf(residents, name);
    return { shape, data: await device.read(handle, shape, 'rows') };
  };
  const restore = (state: Readonly<Record<string, Data>>): void => {
    alive('restore');
    const checked = Object.entries(state).map(([name, data]) => {
      const resident = residentOf(residents, name);
      return { resident, data: paramData(name, resident.shape, data) };
    });
    for (const { resident, data } of checked) {
      const old = resident.handle;
      resident.handle = device.upload(data, resident.shape, 'rows');
      device.free(old);
    }
  };
  const stepExecutable = (): Executable | undefined => {
    const programs = [...parts.programs].filter(([id]) => id.startsWith('step '));
    const [first] = programs.map(([, p]) => p);
    return first instanceof Promise ? undefined : first;
  };
  const loadedStep = (call: string): Executable => {
    alive(call);
    const exe = stepExecutable();
    if (exe) return exe;
    throw new ChainruleError(
      `${call}: nothing is compiled yet, because the batch size is open.\n  fix: give sizes to compile, or step once.`,
    );
  };
  const source = (kernel: string): string => {
    const { planned, sources } = loadedStep('source');
    const i = planned.kernels.findIndex((k) => k.name === kernel);
    if (i >= 0) return sources[i]!;
    const names = planned.kernels.map((k) => k.name).join(', ');
    throw new NameError(
      `source: there is no kernel ${kernel}; kernels: ${names}.\n  fix: name one of these.`,
    );
  };
  const dispose = (): void => {
    if (!live) return;
    live = false;
    for (const program of parts.programs.values()) {
      void Promise.resolve(program).then((p) => p.loaded.dispose());
    }
    device.dispose();
  };
  return {
    step,
    steps,
    run,
    read,
    restore,
    source,
    dispose,
    device: choice,
    sizes: parts.sizes,
    value: async (node, feeds) => {
      const { value } = await run({ value: node }, feeds);
      return value.shape.length === 0 ? value.data[0]! : value;
    },
    write: (name, data) => {
      alive('write');
      restore({ [name]: data });
    },
    state: async () => {
      alive('state');
      const names = [...residents.keys()];
      const tensors = await Promise.all(names.map(read));
      return Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
    },
    report: () => reportOf(loadedStep('report').planned),
    print: () => loadedStep('print').sources.join('\n\n'),
    [Symbol.dispose]: dispose,
  };
}

function residentOf(residents: ReadonlyMap<string, Resident>, name: string): Resident {
  const found = residents.get(name);
  if (found) return found;
  const names = [...residents.keys()].join(', ');
  throw new NameError(
    `${name} is not a parameter; parameters: ${names}.\n  fix: name one of these.`,
  );
}

function checkParams(root: Node, residents: ReadonlyMap<string, Resident>): void {
  const visit = new Set<Node>([root]);
  for (const node of visit) for (const s of node.src) visit.add(s);
  for (const node of visit) {
    if (node.op !== 'param') continue;
    const name = nameOf(node) ?? 'an unnamed parameter';
    if (residents.get(name)?.node === node) continue;
    throw new NameError(
      `${name} is not a parameter of this session.\n  fix: ask for nodes of the program that was compiled.`,
    );
  }
}

function paramData(name: string, shape: readonly number[], value: Data): Float32Array {
  const flat = flatten({ name, shape, order: 'rows' }, value);
  const length = shape.reduce((p, d) => p * d, 1);
  const sameShape = !flat.shape || flat.shape.join() === shape.join();
  const data = Float32Array.from(flat.data);
  if (data.length !== length || !sameShape) {
    const given = flat.shape ? `the shape [${flat.shape.join(', ')}]` : `${data.length} values`;
    throw new FeedError(
      `${name} is [${shape.join(', ')}]; the data have ${given}.\n  fix: give ${length} values, row by row.`,
    );
  }
  const bad = data.findIndex((x) => !Number.isFinite(x));
  if (bad < 0) return data;
  throw new FeedError(
    `${name}: the value at index ${bad} is ${data[bad]}.\n  fix: write finite numbers only.`,
  );
}
