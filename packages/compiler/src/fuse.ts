// Decides which nodes are stored. Every stored node is one kernel; all else is computed inside the
// kernels that need it. It knows ops by their kind and their cost only.
import {
  costOf,
  type Node,
  type OpName,
  type Positions,
  reachable,
  rowOf,
  structureOf,
  type ViewRow,
} from '@chainrule/graph';

/** A kernel to be: the node that it stores, and the reduction inside it. */
export interface Kernel {
  readonly root: Node;
  readonly reduction?: Node;
  /** The root is in memory already and goes to a second place. */
  readonly copy?: true;
}

/** The stored nodes of a graph with numeric sizes, sources first. */
export type Schedule = readonly Kernel[];

/**
 * Work in multiply-adds (see the rows' costs) above which a value that several kernels need is
 * stored: a kernel launch and a pass over memory cost about as much as one exp.
 */
const WORTH_STORING = 16;

const count = (node: Node): number => (node.shape as readonly number[]).reduce((p, d) => p * d, 1);
const kindOf = (node: Node): string => structureOf(node.op)?.kind ?? 'elementwise';
const isElementwise = (node: Node): boolean => rowOf(node.op) !== undefined;

/** A reduction over size-1 axes only is a view: it drops them. */
export function isView(node: Node): boolean {
  const kind = kindOf(node);
  return kind === 'view' || (kind === 'reduction' && count(node) === count(node.src[0]!));
}
const isLoop = (node: Node): boolean =>
  !isView(node) && (kindOf(node) === 'reduction' || kindOf(node) === 'contraction');
const isGiven = (node: Node): boolean => kindOf(node) === 'leaf';

/**
 * Chooses the kernels that compute the roots.
 * @param forced nodes to store although fusion would not, because a kernel grew too large
 */
export function fuse(roots: readonly Node[], forced: ReadonlySet<Node> = new Set()): Schedule {
  const order = reachable(roots);
  const consumers = consumersOf(order);
  const keep = new Set([...roots.filter((r) => !isGiven(r)), ...forced]);
  const regions = new Map<Node, Kernel>();
  const owner = new Map<Node, Node>();
  for (const node of order) {
    if (!isLoop(node)) continue;
    const region = grow(node, consumers, keep, owner);
    for (const member of region.members) owner.set(member, region.kernel.root);
    regions.set(region.kernel.root, region.kernel);
  }
  for (const node of storedElementwise(order, consumers, keep, owner)) {
    if (!regions.has(node)) regions.set(node, { root: node });
  }
  return order.flatMap((node) => regions.get(node) ?? []);
}

function consumersOf(order: readonly Node[]): Map<Node, Node[]> {
  const consumers = new Map<Node, Node[]>(order.map((node) => [node, []]));
  for (const node of order) for (const s of new Set(node.src)) consumers.get(s)!.push(node);
  return consumers;
}

interface Region {
  readonly kernel: Kernel;
  readonly members: ReadonlySet<Node>;
}

/**
 * Grows a convex region of elementwise work around a reduction. Nodes stay open while something
 * outside needs them; whenever a single node is open, the kernel may end there.
 */
function grow(
  reduction: Node,
  consumers: ReadonlyMap<Node, readonly Node[]>,
  keep: ReadonlySet<Node>,
  owner: ReadonlyMap<Node, Node>,
): Region {
  // frames: how the dimensions of a member lie over those of the reduction.
  const labels = reduction.shape.map((d, i) => (d === 1 ? '-' : i));
  const frames = new Map<Node, string>([[reduction, labels.join()]]);
  const open = new Set<Node>([reduction]);
  let best: Region = { kernel: { root: reduction, reduction }, members: new Set(open) };
  for (;;) {
    const next = [...open]
      .filter((node) => !keep.has(node))
      .flatMap((node) => consumers.get(node)!)
      .filter((u) => !frames.has(u) && !owner.has(u))
      .sort((a, b) => a.id - b.id)
      .find((u) => frameOf(u, frames) !== undefined);
    if (!next) break;
    frames.set(next, frameOf(next, frames)!);
    open.add(next);
    for (const s of next.src) {
      if (open.has(s) && !keep.has(s) && consumers.get(s)!.every((u) => frames.has(u)))
        open.delete(s);
    }
    if (open.size === 1) {
      best = { kernel: { root: next, reduction }, members: new Set(frames.keys()) };
    }
  }
  return best;
}

/** The frame of a node that may join, or undefined: its members' frames differ, or it repeats. */
function frameOf(node: Node, frames: ReadonlyMap<Node, string>): string | undefined {
  const inside = node.src.map((s) => frames.get(s)).filter((f) => f !== undefined);
  if (isElementwise(node)) return inside.every((f) => f === inside[0]) ? inside[0] : undefined;
  if (!isView(node) || count(node) !== count(node.src[0]!)) return undefined;
  const row = structureOf(node.op)!;
  const frame = inside[0]!.split(',');
  if (row.kind !== 'view') {
    const { axes } = node.attr as { axes: readonly number[] };
    return frame.filter((_, i) => !axes.includes(i)).join();
  }
  return row.inside ? undefined : frameThrough(row, node, frame);
}

/** A place that a position cannot be traced back to. */
const NOWHERE = -1;
/** Only what is left as it is can be traced. */
const traces: Positions<number> = {
  zero: NOWHERE,
  add: (a, b) => (a === NOWHERE ? b : b === NOWHERE ? a : NOWHERE),
  affine: (i, step, at) => (step === 1 && at === 0 ? i : NOWHERE),
  quotient: (i, by) => (by === 1 ? i : NOWHERE),
  remainder: () => NOWHERE,
  clamp: () => NOWHERE,
};

/** The frame behind a view that moves whole dimensions; undefined for one that does more. */
function frameThrough(
  row: ViewRow<OpName>,
  node: Node,
  frame: readonly string[],
): string | undefined {
  const shape = node.shape as readonly number[];
  const source = node.src[0]!.shape as readonly number[];
  const from = row.from(traces, [...shape.keys()], { attr: node.attr, shape, source });
  if (source.some((d, i) => d !== 1 && from[i] === NOWHERE)) return undefined;
  return shape.map((d, i) => (d === 1 ? '-' : (frame[from.indexOf(i)] ?? '-'))).join();
}

/** The elementwise nodes outside all regions that are better stored than computed again. */
function storedElementwise(
  order: readonly Node[],
  consumers: ReadonlyMap<Node, readonly Node[]>,
  keep: ReadonlySet<Node>,
  owner: ReadonlyMap<Node, Node>,
): Set<Node> {
  const stored = new Set<Node>();
  const price = prices(order, owner);
  // The kernels that would compute a node, found from the results backwards.
  const inside = new Map<Node, Set<Node>>();
  for (const node of [...order].reverse()) {
    const kernels = new Set<Node>();
    for (const user of consumers.get(node)!) {
      const own = stored.has(user) ? user : owner.get(user);
      for (const kernel of own ? [own] : (inside.get(user) ?? [])) kernels.add(kernel);
    }
    inside.set(node, kernels);
    if (owner.has(node) || isGiven(node)) continue;
    const result = keep.has(node);
    const worth =
      isElementwise(node) && needsStore(node, consumers, price.get(node)!, kernels.size);
    if (result || worth) stored.add(node);
  }
  return stored;
}

function needsStore(
  node: Node,
  consumers: ReadonlyMap<Node, readonly Node[]>,
  price: number,
  kernels: number,
): boolean {
  if (price >= WORTH_STORING && kernels > 1) return true;
  return readersOf(node, consumers).some(({ reader, repeats }) => {
    // A factor of a product is read once for each row or column of the other factor.
    if (kindOf(reader) === 'contraction') return price > 0 && count(node) > 1;
    return repeats && price >= WORTH_STORING && count(node) > 1;
  });
}

/** Who reads a node, views looked through, and whether a view repeats it. */
function readersOf(
  node: Node,
  consumers: ReadonlyMap<Node, readonly Node[]>,
): { reader: Node; repeats: boolean }[] {
  return consumers.get(node)!.flatMap((user) => {
    if (!isView(user)) return [{ reader: user, repeats: false }];
    const repeats = count(user) > count(node);
    return readersOf(user, consumers).map((r) => ({ ...r, repeats: repeats || r.repeats }));
  });
}

/** What it costs to compute one element of each node from what is in memory. */
function prices(order: readonly Node[], owner: ReadonlyMap<Node, Node>): Map<Node, number> {
  const price = new Map<Node, number>();
  for (const node of order) {
    if (owner.has(node) || isGiven(node)) {
      price.set(node, 0);
      continue;
    }
    const below = node.src.reduce((sum, s) => sum + price.get(s)!, 0);
    price.set(node, below + costOf(node));
  }
  return price;
}
