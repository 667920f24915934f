// The float64 meaning of every graph: the oracle of all tests. Plain loops, written to be read.
import { checkObject } from './checks.ts';
import { rowOf } from './elementwise.ts';
import { explain, FeedError, NameError } from './errors.ts';
import { type Data, flatten, type Sizes, type Slot, solveSizes, toRowMajor } from './feed.ts';
import { type Node, nameOf, type OpName, reachable } from './node.ts';
import { flatPosition, numbers, unflatten } from './positions.ts';
import { type ReductionRow, structureOf, type ViewRow } from './structural.ts';

/** A tensor in float64, row-major. */
export interface Tensor64 {
  readonly shape: readonly number[];
  readonly data: Float64Array;
  /** So that it can be fed to an input with `order: 'columns'`. */
  readonly order: 'rows';
}

/** Values of inputs and parameters by name. */
export type Values = Readonly<Record<string, Data>>;

const count = (shape: readonly number[]): number => shape.reduce((p, d) => p * d, 1);

const rowMajor = (shape: readonly number[], data: Float64Array): Tensor64 => ({
  shape,
  data,
  order: 'rows',
});

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
  checkObject('interpret', values, 'data by name: { X: data }');
  checkObject('interpret', sizes, 'sizes by name: { m: 10 }');
  const feeds = order
    .filter((node) => node.op === 'input' || node.op === 'param')
    .map((node) => ({ node, ...feedOf(node, values) }));
  checkNames(feeds.map(({ slot }) => slot.name));
  const bound = solveSizes(feeds, sizes);
  const done = new Map<Node, Tensor64>();
  for (const { node, slot, flat } of feeds) {
    const shape = bindShape(node, bound);
    done.set(node, rowMajor(shape, toRowMajor(flat.order ?? slot.order, shape, flat.data)));
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

/**
 * The shape in numbers.
 * @throws FeedError for a size that nobody gave, or one that is too small for a part of it
 */
export function bindShape(node: Node, sizes: Sizes): number[] {
  const inNumbers = ({ shape }: Node): number[] =>
    shape.map((dim) => (typeof dim === 'number' ? dim : sizeOf(dim, sizes)));
  const shape = inNumbers(node);
  const row = structureOf(node.op);
  if (row?.kind !== 'view' || !row.misfit) return shape;
  const [x] = node.src as [Node];
  const view = { attr: node.attr, shape, source: inNumbers(x) };
  const axis = row.misfit(view);
  if (axis < 0) return shape;
  const name = nameOf(x) ?? `the result of ${x.op}`;
  const sizeIs = `along axis ${axis} it has ${view.source[axis]} entries`;
  const what = `${node.op}: ${name} is [${x.shape.join(', ')}]: ${sizeIs}, which is too few.`;
  throw new FeedError(explain(what, [], `give a larger ${x.shape[axis]}.`));
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
  const fill = (at: (i: number) => number): Tensor64 =>
    rowMajor(
      shape,
      Float64Array.from({ length: count(shape) }, (_, i) => at(i)),
    );
  const elementwise = rowOf(node.op);
  if (elementwise) {
    const values = src.map((s) => s.data);
    return fill((i) => elementwise.meaning(node.attr, ...values.map((v) => v[i]!)));
  }
  const row = structureOf(node.op)!;
  switch (row.kind) {
    case 'leaf':
      if (node.op === 'size') return fill(() => sizeOf(node.attr.dim, sizes));
      return fill((i) =>
        row.value!(
          node.attr,
          (axis) => position(i, shape)[axis]!,
          (x) => x,
        ),
      );
    case 'view':
      return fill(view(row, node, src[0]!, shape));
    case 'reduction':
      return reduction(row, src[0]!, shape, (node.attr as { axes: readonly number[] }).axes);
    case 'contraction':
      return rowMajor(shape, product(src[0]!, src[1]!, shape));
  }
}

/** The element of a view at a row-major index. */
function view(row: ViewRow<OpName>, node: Node, x: Tensor64, shape: readonly number[]) {
  const from = { attr: node.attr, shape, source: x.shape };
  return (i: number): number => {
    const at = position(i, shape);
    const inside = row.inside?.(numbers, at, from) ?? [];
    if (!inside.every((c) => c.from <= c.i && c.i < c.below)) return 0;
    return x.data[flatPosition(numbers, row.from(numbers, at, from), x.shape)]!;
  };
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

const position = (i: number, shape: readonly number[]): number[] => unflatten(numbers, i, shape);

function reduction(
  row: ReductionRow<OpName>,
  x: Tensor64,
  shape: readonly number[],
  axes: readonly number[],
): Tensor64 {
  const values = Array.from({ length: count(shape) }, (): number[] => []);
  x.data.forEach((v, i) => {
    const kept = position(i, x.shape).filter((_, d) => !axes.includes(d));
    values[flatPosition(numbers, kept, shape)]!.push(v);
  });
  return rowMajor(shape, Float64Array.from(values, row.meaning));
}
