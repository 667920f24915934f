// From graph nodes to a program that is loaded on a device: simplify, bind, plan, emit, load.
import {
  bind,
  inputsOf,
  type Node,
  reachable,
  type Sizes,
  type Slot,
  simplifyAll,
  slotOf,
} from '@chainrule/graph';
import type { Device, Program as Emitted, Limits, Loaded } from './device.ts';
import { type Planned, plan } from './plan.ts';
import type { Update } from './program.ts';

/** What to compute, sizes still symbolic, already in normal form. */
export interface Task {
  /** Tells it from the other tasks of a session. */
  readonly key: string;
  /** Inputs and parameters as the user wrote them; rewriting may need fewer. */
  readonly leaves: readonly Node[];
  /** Every size in what the user wrote. */
  readonly symbols: ReadonlySet<string>;
  /** The inputs that must be fed, and all that may be. */
  readonly slots: readonly Slot[];
  readonly mayFeed: readonly Slot[];
  readonly outputs: ReadonlyMap<string, Node>;
  readonly updates: readonly Update[];
  readonly names: ReadonlyMap<Node, string>;
}

/** A loaded program and where its data go. */
export interface Executable {
  readonly planned: Planned;
  readonly program: Emitted;
  readonly loaded: Loaded;
}

/**
 * Brings outputs and updates into normal form.
 * @param also nodes whose inputs may be fed too, such as the cost of a training program
 */
export function createTask(
  key: string,
  outputs: ReadonlyMap<string, Node>,
  updates: readonly Update[] = [],
  kernelNames: ReadonlyMap<Node, string> = new Map(),
  also: readonly Node[] = [],
): Task {
  const names = [...outputs.keys()];
  const written = [...outputs.values(), ...updates.map((u) => u.value)];
  const all = reachable([...written, ...also, ...updates.map((u) => u.param)]);
  const leaves = all.filter((node) => node.op === 'input' || node.op === 'param');
  const dims = all.flatMap((node) => node.shape);
  const roots = simplifyAll(written);
  return {
    key,
    leaves,
    symbols: new Set(dims.filter((dim) => typeof dim === 'string')),
    slots: inputsOf(roots).map(slotOf),
    mayFeed: leaves.filter((leaf) => leaf.op === 'input').map(slotOf),
    outputs: new Map(names.map((name, i) => [name, roots[i]!])),
    updates: updates.map(({ param }, i) => ({ param, value: roots[names.length + i]! })),
    names: kernelNames,
  };
}

/** Every node that a task starts from. */
export const rootsOf = (task: Task): Node[] => [
  ...task.outputs.values(),
  ...task.updates.flatMap((u) => [u.value, u.param]),
];

/** The plan of a task for these sizes and a device with these limits. */
export function planTask(task: Task, sizes: Sizes, limits: Limits): Planned {
  const bound = bind(rootsOf(task), sizes);
  const names = new Map<Node, string>();
  for (const [node, name] of task.names) {
    const to = bound.get(node);
    if (to && !names.has(to)) names.set(to, name);
  }
  const goal = {
    outputs: new Map([...task.outputs].map(([name, node]) => [name, bound.get(node)!])),
    updates: task.updates.map((u) => ({ param: bound.get(u.param)!, value: bound.get(u.value)! })),
    names,
  };
  return plan(goal, limits);
}

/** Emits and loads a plan. A device that needs time to load gives a promise. */
export function load(planned: Planned, device: Device): Executable | Promise<Executable> {
  const program = device.emit(planned);
  const loaded = device.load(program);
  const ready = (done: Loaded): Executable => ({ planned, program, loaded: done });
  return loaded instanceof Promise ? loaded.then(ready) : ready(loaded);
}
