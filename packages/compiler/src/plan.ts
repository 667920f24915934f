// Gives every stored node a buffer, orders the kernels, and lays out memory. It knows limits, not
// devices.
import { ChainruleError, type Node, nameOf, slotOf } from '@chainrule/graph';
import type { Limits } from './device.ts';
import { fuse, type Kernel } from './fuse.ts';
import { lower } from './lower.ts';
import type { Affine, Buffer, Expr, Nest, Plan } from './nest.ts';

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

/** Machine ops in one kernel above which a part of it is stored: GPU compilers slow down there. */
const MAX_OPS = 150;

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
  const ordered = order(draft.stores, draft.bufferOf);
  const unique = uniqueNames();
  const names = ordered.map((s) => unique(storeName(s, goal, draft.buffers)));
  const nests = ordered.map((s, i) => lower(s.kernel, names[i]!, s.buffer, draft.bufferOf));
  const updated = placeUpdates(ordered, nests, draft.buffers, draft.leaves, limits);
  const laid = limits.arena ? layOut(updated.nests, updated.buffers) : updated;
  const big = nests.findIndex((n) => n.inputs.length > limits.inputs || countOps(n) > MAX_OPS);
  const planned: Planned = {
    kernels: updated.nests,
    buffers: laid.buffers,
    arena: 'arena' in laid ? laid.arena : 0,
    swaps: updated.swaps,
    inputs: laid.buffers.filter((b) => b.role === 'input'),
    params: laid.buffers.filter((b) => b.role === 'param'),
    outputs: draft.outputs,
    stops: stopsOf(nests, updated.buffers),
  };
  const tooLarge = big < 0 ? undefined : ordered[big]!.kernel;
  return { planned, tooLarge, stored: new Set(draft.bufferOf.keys()) };
}

/** Why each kernel ends where it does: it is a result, or others read it. */
function stopsOf(nests: readonly Nest[], buffers: readonly Buffer[]): Record<string, string> {
  const temps = new Set(buffers.filter((b) => b.role === 'temp').map((b) => b.id));
  const why = (nest: Nest): string => {
    if (!temps.has(nest.output)) return 'it is a result';
    const readers = nests.filter((n) => n.inputs.includes(nest.output)).map((n) => n.name);
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
  const place = (node: Node, buffer: number, update?: Node): void => {
    const kernel = schedule.find((k) => k.root === node);
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
    const buffer = add(
      kernel.root,
      nameOf(kernel.root) ?? (kernel.reduction ?? kernel.root).op,
      'temp',
    );
    bufferOf.set(kernel.root, buffer);
    stores.push({ kernel, buffer });
  }
  return { buffers, bufferOf, leaves, outputs, stores: [...stores, ...copies] };
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

/** The stored nodes and leaves that a kernel reads. */
function readsOf(kernel: Kernel, bufferOf: ReadonlyMap<Node, number>): Set<Node> {
  const reads = new Set<Node>();
  const visit = new Set<Node>(kernel.copy ? [kernel.root] : kernel.root.src);
  for (const node of visit) {
    if (bufferOf.has(node)) reads.add(node);
    else for (const s of node.src) visit.add(s);
  }
  return reads;
}

/** Sources first; updates as late as they can be, so that old parameters are read before. */
function order(stores: readonly Store[], bufferOf: ReadonlyMap<Node, number>): Store[] {
  const writer = new Map<number, Store>(stores.map((s) => [s.buffer, s]));
  const needs = new Map<Store, Set<Store>>(
    stores.map((s) => {
      const reads = [...readsOf(s.kernel, bufferOf)].map((n) => writer.get(bufferOf.get(n)!));
      return [s, new Set(reads.filter((w): w is Store => w !== undefined && w !== s))];
    }),
  );
  const rank = (s: Store): number => (s.update ? 1e15 : 0) + s.kernel.root.id;
  const waiting = [...stores].sort((a, b) => rank(a) - rank(b));
  const out: Store[] = [];
  const placed = new Set<Store>();
  while (waiting.length > 0) {
    const i = waiting.findIndex((s) => [...needs.get(s)!].every((w) => placed.has(w)));
    const [next] = waiting.splice(i, 1);
    placed.add(next!);
    out.push(next!);
  }
  return out;
}

/** Updates in place where nobody reads the old value later; two buffers that swap elsewhere. */
function placeUpdates(
  ordered: readonly Store[],
  nests: readonly Nest[],
  buffers: readonly Buffer[],
  leaves: ReadonlyMap<Node, number>,
  limits: Limits,
) {
  const renamed = new Map<number, number>();
  const swaps: { param: number; next: number }[] = [];
  ordered.forEach((store, i) => {
    if (!store.update) return;
    const param = leaves.get(store.update)!;
    const readLater = nests.slice(i + 1).some((n) => n.inputs.includes(param));
    const safe = limits.inPlace && !readLater && readsInPlace(nests[i]!, param);
    if (safe) renamed.set(store.buffer, param);
    else swaps.push({ param, next: store.buffer });
  });
  const rename = (id: number): number => renamed.get(id) ?? id;
  return {
    nests: nests.map((n) => ({ ...n, inputs: n.inputs.map(rename), output: rename(n.output) })),
    buffers: buffers.filter((b) => !renamed.has(b.id)),
    swaps,
  };
}

/** Does a nest read a buffer only at the position that it writes? */
function readsInPlace(nest: Nest, buffer: number): boolean {
  const input = nest.inputs.indexOf(buffer);
  const same = (index: readonly Affine[]): boolean =>
    index.every((a, d) => {
      const [term] = a.of;
      if (a.of.length === 0) return a.at === 0 && nest.axes[d] === 1;
      const isOwn = term !== undefined && 'axis' in term && term.axis === d && term.step === 1;
      return a.at === 0 && a.of.length === 1 && isOwn;
    });
  return expressions(nest).every((e) => e.op !== 'load' || e.input !== input || same(e.index));
}

/** Every distinct expression of a nest. */
export function expressions(nest: Nest): Expr[] {
  const seen = new Set<Expr>([nest.result, ...(nest.fold ? [nest.fold.body] : [])]);
  for (const e of seen) if ('args' in e) for (const a of e.args) seen.add(a);
  return [...seen];
}

const countOps = (nest: Nest): number => expressions(nest).filter((e) => 'args' in e).length;

/** The source of a kernel's root with the most work of its own, if storing it makes it smaller. */
function largestPart(kernel: Kernel, stored: ReadonlySet<Node>): Node | undefined {
  const work = (node: Node): number => {
    const inside = new Set<Node>([node]);
    for (const n of inside) for (const s of n.src) if (!stored.has(s)) inside.add(s);
    return [...inside].filter((n) => n.src.length > 0).length;
  };
  const whole = new Set<Node>([kernel.root]);
  for (const n of whole) for (const s of n.src) if (!stored.has(s)) whole.add(s);
  const parts = [...whole].filter(
    (n) => n !== kernel.root && n.src.length > 0 && dependsOnData(n),
  );
  const half = whole.size / 2;
  return parts.sort((a, b) => Math.abs(work(a) - half) - Math.abs(work(b) - half))[0];
}

function dependsOnData(root: Node): boolean {
  const inside = new Set<Node>([root]);
  for (const n of inside) for (const s of n.src) inside.add(s);
  return [...inside].some((n) => n.op === 'input' || n.op === 'param');
}

/** Offsets in one arena, by lifetime, first fit. */
function layOut(nests: readonly Nest[], buffers: readonly Buffer[]) {
  const ALIGN = 4; // floats: one SIMD vector
  const live = (id: number) => {
    const uses = nests.flatMap((n, i) => (n.output === id || n.inputs.includes(id) ? [i] : []));
    return { from: uses[0] ?? 0, to: uses.at(-1) ?? 0 };
  };
  const placed: { from: number; to: number; offset: number; size: number }[] = [];
  let arena = 0;
  const out = buffers.map((buffer) => {
    if (buffer.role !== 'temp' && buffer.role !== 'output') return buffer;
    const { from, to } = live(buffer.id);
    const until = buffer.role === 'output' ? nests.length : to;
    const size =
      Math.ceil(
        Math.max(
          1,
          buffer.shape.reduce((p, d) => p * d, 1),
        ) / ALIGN,
      ) * ALIGN;
    const busy = placed
      .filter((p) => p.from <= until && from <= p.to)
      .sort((a, b) => a.offset - b.offset);
    let offset = 0;
    for (const p of busy)
      if (offset + size > p.offset) offset = Math.max(offset, p.offset + p.size);
    placed.push({ from, to: until, offset, size });
    arena = Math.max(arena, offset + size);
    return { ...buffer, offset };
  });
  return { buffers: out, arena };
}
