// From a program to a session: checks names and sizes, chooses the device, sets parameters up.
import {
  bindShape,
  ChainruleError,
  isNode,
  NameError,
  type Node,
  nameOf,
  ShapeError,
  type Sizes,
} from '@chainrule/graph';
import type { Device } from './device.ts';
import { type DeviceRequest, openDevice } from './devices.ts';
import { createTask, type Task } from './executable.ts';
import { initialValues } from './initial.ts';
import type { Program, Update } from './program.ts';
import { createPrograms } from './programs.ts';
import type { Resident } from './residents.ts';
import { createSession } from './running.ts';
import type { Session } from './session.ts';
import { estimateWork } from './work.ts';

/** Options of `compile`. */
export interface CompileOptions {
  /** Values of the symbolic sizes. Those of parameters are needed; others may come with feeds. */
  readonly sizes?: Sizes;
  /** Where to run; `'auto'` (the default) chooses and says why in `session.device`. */
  readonly device?: DeviceRequest;
  /**
   * Threads that compute on the device `wasm`: as many as there are processors unless given, where
   * the platform lets them share memory. With 1 there are no workers. Results do not depend on it.
   */
  readonly threads?: number;
  /** Seed of the parameters' first values; 1 unless given. */
  readonly seed?: number;
}

/**
 * Compiles a training program, or nodes to evaluate, for a device.
 * @param program what `train` returned, a node, or several by name
 * @throws ChainruleError for a missing size, a missing or double name, or a missing device
 */
export async function compile(
  program: Program | Node | Readonly<Record<string, Node>>,
  options: CompileOptions = {},
): Promise<Session> {
  if (typeof options !== 'object' || options === null) {
    throw new ChainruleError(
      `compile: ${String(options)} are no options.`,
      'pass e.g. { seed: 2 }.',
    );
  }
  const task = taskOf(program);
  checkNames(task.leaves);
  const sizes = options.sizes ?? {};
  checkSizes(sizes, task.symbols);
  checkUpdates(task.updates);
  const fixed = fixedSizes(task.leaves, sizes);
  const known = [...task.symbols].every((s) => Object.hasOwn(sizes, s));
  const { threads } = options;
  const request = { device: options.device ?? 'auto', ...(threads !== undefined && { threads }) };
  const { device, choice } = await openDevice(request, () => estimateWork(task, sizes));
  try {
    const residents = startParameters(task, sizes, device, options.seed ?? 1);
    const programs = createPrograms(device);
    // Never released: the session's own program stays.
    const main = known ? (await programs.lease(task, sizes)).program : undefined;
    return createSession({ device, choice, task, residents, programs, sizes, fixed, main });
  } catch (error) {
    device.dispose();
    throw error;
  }
}

/** Draws the first values, in the order in which parameters were made, and puts them in place. */
function startParameters(
  task: Task,
  sizes: Sizes,
  device: Device,
  seed: number,
): Map<string, Resident> {
  const params = task.leaves.filter((leaf) => leaf.op === 'param');
  const shapes = params.map((p) => bindShape(p, sizes));
  const init = params.map((p, i) => ({ init: initOf(p), shape: shapes[i]! }));
  const values = initialValues(init, seed);
  return new Map(
    params.map((node, i) => {
      const handle = device.upload(values[i]!, shapes[i]!, 'rows');
      return [nameOf(node)!, { node, shape: shapes[i]!, handle }];
    }),
  );
}

const isProgram = (x: object): x is Program => 'updates' in x && Array.isArray(x.updates);

function taskOf(program: Program | Node | Readonly<Record<string, Node>>): Task {
  if (typeof program !== 'object' || program === null) {
    throw new ChainruleError(
      `compile: ${String(program)} is no program.`,
      'pass what train(J, sgd(0.1)) returns, a node, or nodes by name.',
    );
  }
  if (isNode(program)) return createTask('main', new Map([[nameOf(program) ?? 'value', program]]));
  if (isProgram(program)) {
    for (const update of program.updates) {
      if (isNode(update?.param) && isNode(update.value)) continue;
      const fix = 'give { param, value }, both nodes, or use train of @chainrule/nn.';
      throw new ChainruleError('compile: one of the updates is none.', fix);
    }
    const also = program.loss ? [program.loss] : [];
    return createTask('main', new Map(), program.updates, program.names, also);
  }
  return createTask('main', new Map(Object.entries(program)));
}

const initOf = (node: Node) => {
  if (node.op === 'param') return node.attr.init;
  throw new Error(`${node.op} has no first value`); // unreachable: only parameters are asked
};

/** Feeds, reads and writes go by name: every input and parameter needs one of its own. */
function checkNames(leaves: readonly Node[]): void {
  const seen = new Map<string, Node>();
  for (const node of leaves) {
    const name = nameOf(node);
    const what = `${node.op} of shape [${node.shape.join(', ')}]`;
    if (name === undefined) {
      const dims = node.shape.map((dim) => `${JSON.stringify(dim)}, `).join('');
      const call = `${node.op}(${dims}{ name: 'X' })`;
      const fix = `name it: ${call}, or bind it in math({ X: ... }).`;
      throw new NameError(`compile: one ${what} has no name.`, fix);
    }
    if (seen.has(name)) {
      throw new NameError(
        `compile: two leaves are called ${name}: ${seen.get(name)!.op} and ${what}.`,
        `give them different names.`,
      );
    }
    seen.set(name, node);
  }
}

/** An update gives a parameter a value of its own shape, once. */
function checkUpdates(updates: readonly Update[]): void {
  const seen = new Set<Node>();
  for (const { param, value } of updates) {
    const name = nameOf(param) ?? param.op;
    if (param.op !== 'param') {
      throw new ChainruleError(
        `compile: ${name} is updated, and it is no parameter.`,
        `make ${name} with param(...), or leave its update out.`,
      );
    }
    if (seen.has(param)) {
      throw new ChainruleError(`compile: ${name} is updated twice.`, 'add the updates up.');
    }
    seen.add(param);
    if (param.shape.join() === value.shape.join()) continue;
    throw new ShapeError(
      `compile: ${name} is [${param.shape.join(', ')}], its update [${value.shape.join(', ')}].`,
      `give ${name} a value of its own shape; expand(value, shape) repeats one.`,
    );
  }
}

function checkSizes(sizes: Sizes, all: ReadonlySet<string>): void {
  for (const [name, value] of Object.entries(sizes)) {
    if (!Number.isInteger(value) || value <= 0) {
      throw new ChainruleError(
        `compile: the size ${name} is ${value}.`,
        `give a positive whole number.`,
      );
    }
    if (all.has(name)) continue;
    const list = [...all].join(', ') || 'none';
    throw new NameError(
      `compile: no size is called ${name}; sizes: ${list}.`,
      `leave ${name} out.`,
    );
  }
}

function fixedSizes(leaves: readonly Node[], sizes: Sizes): Sizes {
  const fixed: Record<string, number> = {};
  for (const node of leaves) {
    if (node.op !== 'param') continue;
    for (const dim of node.shape)
      if (typeof dim === 'string') fixed[dim] = sizeForParam(node, dim, sizes);
  }
  return fixed;
}

function sizeForParam(param: Node, dim: string, sizes: Sizes): number {
  const value = Object.hasOwn(sizes, dim) ? sizes[dim] : undefined;
  if (value !== undefined) return value;
  throw new ChainruleError(
    `compile: ${nameOf(param)} is [${param.shape.join(', ')}], and the size ${dim} is not given.`,
    `compile(program, { sizes: { ${dim}: ... } }).`,
  );
}
