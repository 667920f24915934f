// From a program to a session: checks names and sizes, chooses the device, sets parameters up.
import {
  bindShape,
  ChainruleError,
  type Init,
  isNode,
  NameError,
  type Node,
  nameOf,
  ShapeError,
  type Sizes,
} from '@chainrule/graph';
import { createTask, type Task } from './executable.ts';
import { initialValues } from './initial.ts';
import {
  checkRequest,
  createPlatform,
  type DeviceChoice,
  type DeviceRequest,
  type Platform,
} from './placement/devices.ts';
import type { Param } from './placement/engine.ts';
import { openPlacement } from './placement/placement.ts';
import type { Program, Update } from './program.ts';
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
  /**
   * The most steps between copies of what lives across steps: 100 unless given, 0 for no copies.
   * A session whose GPU is lost goes back to the last one. On the CPU, where a worker thread may
   * end in the middle of a step, the steps since the last copy are done again: none is lost.
   */
  readonly checkpoint?: number;
  /** Told whenever `session.device` has changed. */
  readonly onDevice?: (choice: DeviceChoice) => void;
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
  const { device = 'auto', threads } = options;
  checkRequest(device, threads);
  return compileOn(createPlatform(threads), program, options);
}

/** The same on a platform of the caller's. */
export async function compileOn(
  platform: Platform,
  program: Program | Node | Readonly<Record<string, Node>>,
  options: CompileOptions = {},
): Promise<Session> {
  const task = taskOf(program);
  checkNames(task.leaves);
  const { sizes = {}, device = 'auto', seed = 1, checkpoint = CHECKPOINT, onDevice } = options;
  checkSizes(sizes, task.symbols);
  checkUpdates(task.updates);
  checkInterval(checkpoint);
  const fixed = fixedSizes(task.leaves, sizes);
  const isKnown = [...task.symbols].every((s) => Object.hasOwn(sizes, s));
  const params = task.leaves
    .filter((leaf) => leaf.op === 'param')
    .map((node) => ({ node, shape: bindShape(node, sizes) }));
  const ground = {
    platform,
    request: device,
    task,
    params,
    sizes: isKnown ? sizes : undefined,
    work: estimateWork(task, sizes),
    every: checkpoint,
    onDevice,
  };
  const placement = await openPlacement(ground, firstValues(params, seed));
  return createSession({ placement, task, nodes: nodesOf(program), sizes, fixed });
}

/** Steps between checkpoints: a hundredth of a step's time each, if reading takes one. */
const CHECKPOINT = 100;

function checkInterval(checkpoint: number): void {
  if (Number.isInteger(checkpoint) && checkpoint >= 0) return;
  throw new ChainruleError(
    `compile: ${checkpoint} is no number of steps between checkpoints.`,
    'give a whole number, or 0 for none.',
  );
}

/** Draws first values, in the order in which parameters were made, but for those that are 0. */
function firstValues(params: readonly Param[], seed: number): Map<string, Float32Array> {
  const drawn = params.filter(({ node }) => !isZero(initOf(node)));
  const values = initialValues(
    drawn.map(({ node, shape }) => ({ init: initOf(node), shape })),
    seed,
  );
  return new Map(drawn.map(({ node }, i) => [nameOf(node)!, values[i]!]));
}

const isZero = (init: Init): boolean => init.kind === 'constant' && Object.is(init.value, 0);

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

/** What the user wrote, by name. */
function nodesOf(program: Program | Node | Readonly<Record<string, Node>>): Session['nodes'] {
  if (isNode(program)) return { results: { [nameOf(program) ?? 'value']: program }, updated: {} };
  if (!isProgram(program)) return { results: program, updated: {} };
  const { loss, updates } = program;
  const updated = Object.fromEntries(updates.map(({ param, value }) => [nameOf(param)!, value]));
  return { results: loss ? { [nameOf(loss) ?? 'loss']: loss } : {}, updated };
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
