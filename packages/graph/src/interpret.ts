// The float64 meaning of every graph: the oracle of all tests. Plain loops, written to be read.
import { rowOf } from './elementwise.ts';
import { explain, FeedError, NameError } from './errors.ts';
import { type Data, flatten, type Sizes, type Slot, solveSizes, toRowMajor } from './feed.ts';
import { type Node, nameOf, reachable } from './node.ts';

/** A tensor in float64, row-major. */
export interface Tensor64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Values of inputs and parameters by name. */
export type Values = Readonly<Record<string, Data>>;

const count = (shape: readonly number[]): number => shape.reduce((p, d) => p * d, 1);

/**
 * Evaluates a graph in float64.
 * @param values data of every input and parameter, by name; they also tell the symbolic sizes
 * @param sizes symbolic sizes that the data do not tell
 * @throws FeedError if a value is missing or has the wrong size
 */
export function interpret(root: Node, values: Values, sizes: Sizes = {}): Tensor64 {
  return interpretAll([root], values, sizes)[0]!;
}

/** Evaluates several graphs that share work: see `interpret`. */
export function interpretAll(
  roots: readonly Node[],
  values: Values,
  sizes: Sizes = {},
): Tensor64[] {
  const order = reachable(roots);
  const feeds = order
    .filter((node) => node.op === 'input' || node.op === 'param')
    .map((node) => ({ node, ...feedOf(node, values) }));
  checkNames(feeds.map(({ slot }) => slot.name));
  const bound = solveSizes(feeds, sizes);
  const done = new Map<Node, Tensor64>();
  for (const { node, slot, flat } of feeds) {
    const shape = bindShape(node, bound);
    done.set(node, { shape, data: toRowMajor(flat.order ?? slot.order, shape, flat.data) });
  }
  for (const node of order) if (!done.has(node)) done.set(node, evaluate(node, done, bound));
  return roots.map((root) => done.get(root)!);
}

function checkNames(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice === undefined) return;
  const fix = 'give each a name of its own, or use the same node twice.';
  throw new NameError(`two inputs or parameters have the name ${twice}.`, fix);
}

/** How messages, feeds and solvers see an input or a parameter. */
export function slotOf(node: Node): Slot {
  const name = nameOf(node) ?? `an unnamed ${node.op}`;
  if (node.op !== 'input') return { name, shape: node.shape, order: 'rows' };
  const { order, distribution } = node.attr;
  return { name, shape: node.shape, order, distribution };
}

function feedOf(node: Node, values: Values) {
  const slot = slotOf(node);
  const value = Object.hasOwn(values, slot.name) ? values[slot.name] : undefined;
  if (value !== undefined) return { slot, flat: flatten(slot, value) };
  const given = Object.keys(values).join(', ') || 'nothing';
  throw new FeedError(
    explain(
      `the value of ${slot.name} [${node.shape.join(', ')}] is missing; given: ${given}.`,
      [],
      nameOf(node) === undefined
        ? "name it: input('n', 'm', { name: 'X' })."
        : `pass { ${slot.name}: data }.`,
    ),
  );
}

/** The shape in numbers. @throws FeedError for a size that nobody gave. */
export function bindShape(node: Node, sizes: Sizes): number[] {
  return node.shape.map((dim) => (typeof dim === 'number' ? dim : sizeOf(dim, sizes)));
}

export function sizeOf(dim: string, sizes: Sizes): number {
  const value = Object.hasOwn(sizes, dim) ? sizes[dim] : undefined;
  if (value !== undefined) return value;
  const known = Object.keys(sizes).join(', ') || 'none';
  throw new FeedError(
    explain(`the size ${dim} is not known; known: ${known}.`, [], `pass sizes: { ${dim}: ... }.`),
  );
}

/** The value of one node, given those of its sources. */
export function evaluate(node: Node, done: ReadonlyMap<Node, Tensor64>, sizes: Sizes): Tensor64 {
  const src = node.src.map((s) => done.get(s)!);
  const shape = bindShape(node, sizes);
  const row = rowOf(node.op);
  if (row) {
    const values = src.map((s) => s.data);
    const at = (i: number) => row.meaning(node.attr, ...values.map((v) => v[i]!));
    return { shape, data: Float64Array.from({ length: count(shape) }, (_, i) => at(i)) };
  }
  switch (node.op) {
    case 'const':
      return { shape, data: new Float64Array(count(shape)).fill(node.attr.value) };
    case 'size':
      return { shape, data: Float64Array.of(sizeOf(node.attr.dim, sizes)) };
    case 'matmul':
      return { shape, data: product(src[0]!, src[1]!, shape) };
    case 'permute': {
      const { axes } = node.attr;
      return view(src[0]!, shape, (at) => axes.map((_, i) => at[axes.indexOf(i)]!));
    }
    case 'expand': {
      const { dims } = node.attr;
      const from = src[0]!.shape;
      return view(src[0]!, shape, (at) => dims.map((d, i) => (from[i] === 1 ? 0 : at[d]!)));
    }
    case 'sum':
    case 'maxOver':
    case 'logsumexp':
      return reduction(node.op, src[0]!, shape, node.attr.axes);
    default:
      throw new Error(`no meaning for ${node.op}`); // unreachable: every op is above or has a row
  }
}

function product(a: Tensor64, b: Tensor64, shape: readonly number[]): Float64Array {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const inner = a.shape.at(-1)!;
  const out = new Float64Array(count(shape));
  for (let batch = 0; batch < out.length / (rows * columns); batch++) {
    for (let i = 0; i < rows; i++) {
      for (let k = 0; k < inner; k++) {
        const left = a.data[(batch * rows + i) * inner + k]!;
        const to = (batch * rows + i) * columns;
        const from = (batch * inner + k) * columns;
        for (let j = 0; j < columns; j++) out[to + j]! += left * b.data[from + j]!;
      }
    }
  }
  return out;
}

const offset = (at: readonly number[], shape: readonly number[]): number =>
  at.reduce((sum, i, d) => sum * shape[d]! + i, 0);

function position(index: number, shape: readonly number[]): number[] {
  const at = new Array<number>(shape.length);
  let rest = index;
  for (let d = shape.length - 1; d >= 0; d--) {
    at[d] = rest % shape[d]!;
    rest = Math.floor(rest / shape[d]!);
  }
  return at;
}

function view(x: Tensor64, shape: readonly number[], from: (at: number[]) => number[]): Tensor64 {
  const data = Float64Array.from(
    { length: count(shape) },
    (_, i) => x.data[offset(from(position(i, shape)), x.shape)]!,
  );
  return { shape, data };
}

function reduction(
  op: 'sum' | 'maxOver' | 'logsumexp',
  x: Tensor64,
  shape: readonly number[],
  axes: readonly number[],
): Tensor64 {
  const target = Array.from(x.data, (_, i) =>
    offset(
      position(i, x.shape).filter((_, d) => !axes.includes(d)),
      shape,
    ),
  );
  const sum = (values: (i: number) => number): Float64Array => {
    const out = new Float64Array(count(shape));
    target.forEach((to, i) => {
      out[to]! += values(i);
    });
    return out;
  };
  if (op === 'sum') return { shape, data: sum((i) => x.data[i]!) };
  const largest = new Float64Array(count(shape)).fill(-Infinity);
  target.forEach((to, i) => {
    largest[to] = Math.max(largest[to]!, x.data[i]!);
  });
  if (op === 'maxOver') return { shape, data: largest };
  const scaled = sum((i) => Math.exp(x.data[i]! - largest[target[i]!]!));
  return { shape, data: scaled.map((s, i) => Math.log(s) + largest[i]!) };
}
