// Data that a user hands in: flattened, checked, and the symbolic sizes they imply. It knows names
// and shapes, and nothing of graphs.
import { checkOrder, show } from './checks.ts';
import { explain, FeedError } from './errors.ts';
import { type Dim, type Order, type Shape, showShape } from './node.ts';

/** A value with its shape: what chainrule hands out, and takes. */
export interface TensorLike {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
  /** How `data` lies in memory; as the input declares unless given. */
  readonly order?: Order;
}

/**
 * Data for an input: a number, a flat array in the order that the input declares, nested arrays
 * (rows of a matrix; with `order: 'columns'`, one example after another), or a tensor.
 */
export type Data = number | ArrayLike<number> | readonly (readonly number[])[] | TensorLike;

/** Symbolic sizes and their values: `{ n: 12288, m: 209 }`. */
export type Sizes = Readonly<Record<string, number>>;

/** What a leaf of the graph expects. */
export interface Slot {
  readonly name: string;
  readonly shape: Shape;
  readonly order: Order;
  readonly distribution?: boolean;
}

/** Flat numbers, and their shape where the data say it. */
export interface Flat {
  readonly data: ArrayLike<number>;
  readonly shape?: readonly number[];
  readonly order?: Order;
}

const isTensor = (x: Data): x is TensorLike =>
  typeof x === 'object' && 'data' in x && 'shape' in x;

/** Flattens data of any accepted form. @throws FeedError for ragged rows and for anything else. */
export function flatten(slot: Slot, value: Data): Flat {
  const { name } = slot;
  if (typeof value === 'number') return { data: [value] };
  if (typeof value !== 'object' || value === null) {
    const fix = 'pass a Float32Array, an array of numbers, rows of numbers, or { shape, data }.';
    throw new FeedError(explain(`${name} is ${String(value)}, not data.`, [], fix));
  }
  if (isTensor(value)) return checkedTensor(name, value);
  if (!Array.isArray((value as ArrayLike<unknown>)[0])) return { data: numbersIn(name, value) };
  const rows = value as readonly (readonly number[])[];
  const width = rows[0]!.length;
  rows.forEach((row, i) => {
    numbersIn(`${name}: row ${i}`, row);
    if (row.length === width) return;
    const what = `${name}: row ${i} has ${row.length} values, row 0 has ${width}.`;
    throw new FeedError(explain(what, [], 'give every row the same number of values.'));
  });
  const shape = slot.order === 'columns' ? [width, rows.length] : [rows.length, width];
  const size = slot.shape.at(-2);
  if (slot.order === 'columns' && typeof size === 'number' && size !== width) {
    throw new FeedError(
      `${name} is declared with order 'columns': ${size} values an example; row 0 has ${width}.`,
      `give one array of ${size} values for each example, or declare ${name} without order.`,
    );
  }
  return { data: rows.flat(), shape };
}

/** A list of numbers: a typed array, or an array in which nothing is missing. */
function numbersIn(what: string, data: unknown): ArrayLike<number> {
  const typed = ArrayBuffer.isView(data) && !('getInt8' in data);
  const list: readonly unknown[] = Array.isArray(data) ? data : [];
  const bad = typed
    ? typeof (data as unknown as ArrayLike<unknown>)[0] === 'bigint'
      ? 0
      : -1
    : list.findIndex((x) => typeof x !== 'number');
  if ((typed || Array.isArray(data)) && bad < 0) return data as ArrayLike<number>;
  const is = typed || Array.isArray(data) ? `${show((data as never)[bad])} at ${bad}` : show(data);
  const fix = 'pass a Float32Array, an array of numbers, rows of numbers, or { shape, data }.';
  throw new FeedError(explain(`${what} has ${is}, which is no number.`, [], fix));
}

function checkedTensor(name: string, tensor: TensorLike): TensorLike {
  const { shape, data, order = 'rows' } = tensor;
  numbersIn(`the shape of ${name}`, shape);
  numbersIn(name, data);
  checkOrder(name, order, FeedError);
  const count = shape.reduce((p, d) => p * d, 1);
  if (count === data.length) return tensor;
  const what = `${name} has the shape ${showShape(shape)} and ${data.length} values.`;
  throw new FeedError(explain(what, [], `give ${count} values, or another shape.`));
}

interface Known {
  readonly value: number;
  readonly from: string;
}

/**
 * The symbolic sizes that data imply, together with those given.
 * @throws FeedError if data contradict each other or a size, or leave a size open.
 */
export function solveSizes(
  feeds: readonly { readonly slot: Slot; readonly flat: Flat }[],
  given: Sizes,
  where = 'sizes',
): Record<string, number> {
  const known = new Map<string, Known>();
  for (const [dim, value] of Object.entries(given)) known.set(dim, { value, from: where });
  for (const { slot, flat } of feeds) if (flat.shape) fromShape(slot, flat.shape, known);
  // A flat array tells one unknown size; others may become known through it.
  let open = feeds.filter(({ flat }) => !flat.shape);
  for (let progress = true; progress && open.length > 0; ) {
    const left = open.filter(({ slot, flat }) => !fromLength(slot, flat.data.length, known));
    progress = left.length < open.length;
    open = left;
  }
  if (open.length > 0) throw undetermined(open[0]!.slot, known);
  return Object.fromEntries([...known].map(([dim, { value }]) => [dim, value]));
}

function fromShape(slot: Slot, shape: readonly number[], known: Map<string, Known>): void {
  if (!fits(slot.shape, shape, known)) {
    const { name } = slot;
    const what = `${name} has the shape ${showShape(shape)}; it is declared`;
    const turned = shape.length === 2 && fits(slot.shape, [...shape].reverse(), known);
    const fix = turned
      ? `transpose ${name}; an input whose data have one example a row says { order: 'columns' }.`
      : feedAs(slot, known);
    throw new FeedError(explain(`${what} ${showShape(slot.shape)}.`, conflict(slot, known), fix));
  }
  slot.shape.forEach((dim, i) => {
    if (typeof dim === 'number' || known.has(dim)) return;
    known.set(dim, { value: shape[i]!, from: slot.name });
  });
}

const fits = (declared: Shape, shape: readonly number[], known: ReadonlyMap<string, Known>) =>
  declared.length === shape.length &&
  // A name that stands twice, as in [n, n], is one size.
  declared.every((dim, i) => (knownSize(dim, known) ?? shape[declared.indexOf(dim)]) === shape[i]);

/** The way out, with the numbers that are known. */
function feedAs({ name, shape }: Slot, known: ReadonlyMap<string, Known>): string {
  const bound = shape.map((dim) => knownSize(dim, known) ?? dim);
  return `feed ${name} as ${shape.length === 0 ? 'a number' : showShape(bound)}.`;
}

const knownSize = (dim: Dim, known: ReadonlyMap<string, Known>): number | undefined =>
  typeof dim === 'number' ? dim : known.get(dim)?.value;

const conflict = (slot: Slot, known: ReadonlyMap<string, Known>): string[] =>
  slot.shape.flatMap((dim) => {
    const k = typeof dim === 'string' ? known.get(dim) : undefined;
    return k ? [`${dim} is ${k.value} (from ${k.from})`] : [];
  });

/** True if the length settles the slot; false if two sizes are still open. */
function fromLength(slot: Slot, length: number, known: Map<string, Known>): boolean {
  const open = slot.shape.filter((d): d is string => knownSize(d, known) === undefined);
  const product = slot.shape.reduce<number>((p, d) => p * (knownSize(d, known) ?? 1), 1);
  if (open.length > 1) return false;
  const [dim] = open;
  const value = length / product;
  if (dim === undefined ? length === product : Number.isInteger(value) && value > 0) {
    if (dim !== undefined) known.set(dim, { value, from: slot.name });
    return true;
  }
  const expected = dim === undefined ? `${product}` : `a multiple of ${product}`;
  const what = `${slot.name} has ${length} values; its shape ${showShape(slot.shape)} needs`;
  throw new FeedError(explain(`${what} ${expected}.`, conflict(slot, known), feedAs(slot, known)));
}

function undetermined(slot: Slot, known: ReadonlyMap<string, Known>): FeedError {
  const open = slot.shape.filter((d) => knownSize(d, known) === undefined);
  return new FeedError(
    explain(
      `the length of ${slot.name} does not tell both ${open.join(' and ')}.`,
      [],
      `give sizes, e.g. { ${open[0]}: 10 }, or feed { shape, data }.`,
    ),
  );
}

/** The data of a slot in row-major order. */
export function toRowMajor(
  order: Order,
  shape: readonly number[],
  data: ArrayLike<number>,
): Float64Array {
  if (order === 'rows' || shape.length < 2) return Float64Array.from(data);
  const last = shape.at(-1)!;
  const rest = data.length / last;
  return Float64Array.from(
    { length: data.length },
    (_, i) => data[(i % last) * rest + Math.floor(i / last)]!,
  );
}
