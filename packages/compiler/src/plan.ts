// Gives every stored node a buffer and every kernel its loops; order.ts and arena.ts do the rest.
// It knows limits, not devices.
import { ChainruleError, type Node, nameOf, reachable, slotOf } from '@chainrule/graph';
import { layOut } from './arena.ts';
import type { Limits } from './device.ts';
import { fit, fits } from './fitting/fit.ts';
import { align } from './fitting/join.ts';
import { fuse, type Kernel } from './fuse.ts';
import { lower } from './lower.ts';
import { type Buffer, type Nest, outputsOf, type Plan } from './nest.ts';
import { arrange, type Job } from './order.ts';

/** What a plan computes; every size is a number. */
export interface Goal {
  /** Values to hand out, by name. */
  readonly outputs: ReadonlyMap<string, Node>;
  readonly updates: readonly { readonly param: Node; readonly value: Node }[];
  /** Names that hold here only. */
  readonly names?: ReadonlyMap<Node, string>;
}

/** A plan, and what people ask about it. */
export interface Planned extends Plan {
  /** Buffers that the caller fills, and where outputs are by name. */
  readonly inputs: readonly Buffer[];
  readonly params: readonly Buffer[];
  readonly outputs: ReadonlyMap<string, number>;
  /** Why each kernel ends where it does, by kernel name. */
  readonly stops: Readonly<Record<string, string>>;
}

/** One kernel to place: the node it computes and where the result goes. */
interface Store {
  readonly kernel: Kernel;
  readonly buffer: number;
  readonly update?: Node;
}

/** Fuses, orders, lowers and lays out a goal for a device with these limits. */
export function plan(goal: Goal, limits: Limits): Planned {
  const forced = new Set<Node>();
  for (;;) {
    const attempt = planOnce(goal, limits, forced);
    const split = attempt.tooLarge && largestPart(attempt.tooLarge, attempt.stored);
    if (!split) return checked(attempt.planned, limits);
    forced.add(split);
  }
}

/** @throws ChainruleError if a kernel still reads more arrays than the device allows */
function checked(planned: Planned, limits: Limits): Planned {
  const big = planned.kernels.find((k) => k.inputs.length > limits.inputs);
  if (!big) return planned;
  const { name, inputs } = big;
  throw new ChainruleError(
    `compile: the kernel of ${name} reads ${inputs.length} arrays of ${limits.inputs} allowed.`,
    'choose another device, or split the formula.',
  );
}

function planOnce(goal: Goal, limits: Limits, forced: ReadonlySet<Node>) {
  const roots = [...goal.outputs.values(), ...goal.updates.map((u) => u.value)];
  const schedule = fuse(roots, forced);
  const draft = assign(goal, schedule);
  const nests = lowerAll(goal, draft, draft.buffers);
  const isJoined = limits.outputs > 1;
  const aligned = isJoined ? align(nests, draft.buffers) : draft.buffers;
  const jobs = jobsOf(draft, isJoined ? lowerAll(goal, draft, aligned) : nests);
  const fitted = fit(jobs, aligned, limits);
  const arranged = arrange(fitted.jobs, fitted.buffers, limits.inPlace);
  const unique = uniqueNames();
  const kernels = arranged.kernels.map((nest) => ({ ...nest, name: unique(nest.name) }));
  const { buffers, arena } = limits.arena
    ? layOut(kernels, arranged.buffers)
    : { buffers: arranged.buffers, arena: 0 };
  const big = nests.findIndex((nest) => !fits(nest, limits));
  const planned: Planned = {
    kernels,
    buffers,
    arena,
    swaps: arranged.swaps,
    inputs: buffers.filter((b) => b.role === 'input'),
    params: buffers.filter((b) => b.role === 'param'),
    outputs: draft.outputs,
    stops: stopsOf(kernels, buffers),
  };
  const tooLarge = big < 0 ? undefined : draft.stores[big]!.kernel;
  return { planned, tooLarge, stored: new Set(draft.bufferOf.keys()) };
}

type Draft = ReturnType<typeof assign>;

const lowerAll = (goal: Goal, draft: Draft, buffers: readonly Buffer[]): Nest[] =>
  draft.stores.map((store) => {
    const name = storeName(store, goal, buffers);
    return lower(store.kernel, name, store.buffer, draft.bufferOf, buffers);
  });

const jobsOf = ({ stores, leaves }: Draft, nests: readonly Nest[]): Job[] =>
  stores.map(({ update, buffer: next }, i) => ({
    nest: nests[i]!,
    updates: update ? [{ param: leaves.get(update)!, next }] : [],
  }));

/** Why each kernel ends where it does: it is a result, or others read it. */
function stopsOf(nests: readonly Nest[], buffers: readonly Buffer[]): Record<string, string> {
  const readersOf = new Map<number, string[]>(
    buffers.filter((b) => b.role === 'temp').map((b) => [b.id, []]),
  );
  for (const { name, inputs } of nests) for (const id of inputs) readersOf.get(id)?.push(name);
  const why = (nest: Nest): string => {
    const all = outputsOf(nest).map((id) => readersOf.get(id));
    const readers = [...new Set(all.flatMap((names) => names ?? []))];
    if (readers.length === 0) return 'it is a result';
    return readers.length === 1
      ? `${readers[0]} reads it more than once, or after another loop`
      : `${readers.slice(0, -1).join(', ')} and ${readers.at(-1)} read it`;
  };
  return Object.fromEntries(nests.map((nest) => [nest.name, why(nest)]));
}

function storeName(store: Store, goal: Goal, buffers: readonly Buffer[]): string {
  const { root } = store.kernel;
  const own = buffers[store.buffer]!.name;
  return store.update ? own : (goal.names?.get(root) ?? nameOf(root) ?? own);
}

function uniqueNames(): (name: string) => string {
  const used = new Set<string>();
  return (name) => {
    let unique = name;
    for (let n = 2; used.has(unique); n++) unique = `${name}_${n}`;
    used.add(unique);
    return unique;
  };
}

/** A buffer for every leaf and every stored node; copies where a result is a leaf or shared. */
function assign(goal: Goal, schedule: readonly Kernel[]) {
  const buffers: Buffer[] = [];
  const bufferOf = new Map<Node, number>();
  const add = (node: Node, name: string, role: Buffer['role'], columns = false): number => {
    const shape = node.shape as readonly number[];
    buffers.push({ id: buffers.length, name, shape, order: columns ? 'columns' : 'rows', role });
    return buffers.length - 1;
  };
  const leaves = addLeaves(goal, schedule, add);
  for (const [node, id] of leaves) bufferOf.set(node, id);
  const stores: Store[] = [];
  const outputs = new Map<string, number>();
  const copies: Store[] = [];
  const kernels = new Map(schedule.map((kernel) => [kernel.root, kernel]));
  const place = (node: Node, buffer: number, update?: Node): void => {
    const kernel = kernels.get(node);
    const target = kernel && !bufferOf.has(node) ? stores : copies;
    if (target === stores) bufferOf.set(node, buffer);
    const copy = { root: node, copy: true } as const;
    target.push({ kernel: target === stores ? kernel! : copy, buffer, ...(update && { update }) });
  };
  for (const { param, value } of goal.updates) {
    place(value, add(param, nameOf(param) ?? 'param', 'next'), param);
  }
  for (const [name, node] of goal.outputs) {
    const buffer = add(node, name, 'output');
    outputs.set(name, buffer);
    place(node, buffer);
  }
  for (const kernel of schedule) {
    if (bufferOf.has(kernel.root)) continue;
    const name = nameOf(kernel.root) ?? (kernel.reduction ?? kernel.root).op;
    const buffer = add(kernel.root, name, 'temp');
    bufferOf.set(kernel.root, buffer);
    stores.push({ kernel, buffer });
  }
  const inOrder = [...stores, ...copies].sort((a, b) => a.kernel.root.id - b.kernel.root.id);
  return { buffers, bufferOf, leaves, outputs, stores: inOrder };
}

type AddBuffer = (node: Node, name: string, role: Buffer['role'], columns?: boolean) => number;

function addLeaves(goal: Goal, schedule: readonly Kernel[], add: AddBuffer): Map<Node, number> {
  const leaves = new Map<Node, number>();
  const visit = new Set<Node>([
    ...schedule.map((k) => k.root),
    ...goal.outputs.values(),
    ...goal.updates.flatMap((u) => [u.param, u.value]),
  ]);
  for (const node of visit) {
    for (const s of node.src) visit.add(s);
    if (node.op !== 'input' && node.op !== 'param') continue;
    const { name, order } = slotOf(node);
    leaves.set(node, add(node, name, node.op, order === 'columns' && node.shape.length > 1));
  }
  return leaves;
}

/** The source of a kernel's root with the most work of its own, if storing it makes it smaller. */
function largestPart(kernel: Kernel, stored: ReadonlySet<Node>): Node | undefined {
  const work = (node: Node): number => inside(node, stored).filter((n) => n.src.length > 0).length;
  const dependsOnData = (node: Node): boolean =>
    reachable([node]).some((n) => n.op === 'input' || n.op === 'param');
  const whole = inside(kernel.root, stored);
  const parts = whole.filter((n) => n !== kernel.root && n.src.length > 0 && dependsOnData(n));
  const half = whole.length / 2;
  return parts.sort((a, b) => Math.abs(work(a) - half) - Math.abs(work(b) - half))[0];
}

/** A node and what it is computed from, but for what is stored. */
function inside(root: Node, stored: ReadonlySet<Node>): Node[] {
  const found = new Set<Node>([root]);
  for (const n of found) for (const s of n.src) if (!stored.has(s)) found.add(s);
  return [...found];
}
