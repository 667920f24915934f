// Checks what a user feeds, and finds the sizes of this call. It knows names and data, no devices.
import {
  type Data,
  FeedError,
  type Flat,
  flatten,
  NameError,
  type Sizes,
  type Slot,
  solveSizes,
} from '@chainrule/graph';
import { allFinite } from './finite.ts';
import { createHeld, type Held, ownOf, slotOfHeld } from './held.ts';
import { inOrder } from './reordered.ts';

/** Data by input name. */
export type Feeds = Readonly<Record<string, Data>>;

/** Data of one call that fit its inputs, and the size of every dimension. */
export interface FittingFeeds {
  readonly slots: ReadonlyMap<string, Slot>;
  readonly data: ReadonlyMap<string, Float32Array>;
  readonly sizes: Sizes;
}

/**
 * Checks feeds against the inputs that a call needs; not yet what numbers they are.
 * @param needed inputs that must be fed; `mayFeed` are all that may be: others are mistakes
 * @param fixed sizes that cannot change from call to call; `preferred` ones may
 * @throws FeedError, NameError naming the input
 */
export function checkFeeds(
  needed: readonly Slot[],
  mayFeed: readonly Slot[],
  feeds: Feeds,
  fixed: Sizes,
  preferred: Sizes,
): FittingFeeds {
  if (typeof feeds !== 'object' || feeds === null) {
    throw new FeedError(`the feeds are ${String(feeds)}.`, 'pass data by name: { X: data }.');
  }
  const slots = new Map(needed.map((slot) => [slot.name, slot]));
  for (const name of Object.keys(feeds)) {
    if (slots.has(name)) continue;
    const slot = mayFeed.find((s) => s.name === name);
    if (!slot) throw unknownInput(name, mayFeed);
    slots.set(name, slot);
  }
  const flats = [...slots.values()].map((slot) => ({
    slot,
    flat: flatOf(slot, present(slot, feeds)),
  }));
  const fits = flats.every(({ slot, flat }) => matches(slot, flat, preferred));
  const sizes = fits ? preferred : { ...preferred, ...solveSizes(flats, fixed, 'the parameters') };
  const data = new Map(
    flats.map(({ slot, flat }) => [slot.name, inOrder(flat, shapeOf(slot, sizes), slot.order)]),
  );
  return { slots, data, sizes };
}

/**
 * Checked copies of data, to be fed often; what is held already stays as it is.
 * @param inputs all that may be held; `fixed` and `preferred` as in `checkFeeds`
 * @throws FeedError, NameError naming the input
 */
export function holdFeeds<K extends string>(
  inputs: readonly Slot[],
  feeds: Readonly<Record<K, Data>>,
  fixed: Sizes,
  preferred: Sizes,
): Record<K, Held> {
  const fitting = checkFeeds([], inputs, feeds, fixed, preferred);
  checkNumbers(fitting);
  const held = [...fitting.slots.values()].map((slot) => {
    const given = feeds[slot.name as K];
    if (ownOf(given)) return [slot.name, given];
    // Where memory is the caller's does not show: an array may be a view of it, made anew.
    const values = fitting.data.get(slot.name)!.slice();
    return [slot.name, createHeld({ slot, values, shape: shapeOf(slot, fitting.sizes) })];
  });
  return Object.fromEntries(held);
}

/**
 * Checks the numbers: that all are finite, and a distribution where one is declared.
 * @param look are the data of an input finite, where they are by now? Undefined if it cannot say
 * @throws FeedError that says which are not
 */
export function checkNumbers(
  { slots, data, sizes }: FittingFeeds,
  look: (name: string) => boolean | undefined = () => undefined,
): void {
  for (const [name, values] of data) {
    const slot = slots.get(name)!;
    const held = slotOfHeld(values);
    const isFine = held !== undefined || (look(name) ?? allFinite(values));
    if (!isFine) throw notFinite(slot, values, shapeOf(slot, sizes));
    if (slot.distribution && !held?.distribution)
      checkDistribution(slot, values, shapeOf(slot, sizes));
  }
}

function unknownInput(name: string, mayFeed: readonly Slot[]): NameError {
  const list = [...new Set(mayFeed.map((slot) => slot.name))].join(', ') || 'none';
  return new NameError(`${name} is not an input; inputs: ${list}.`, 'feed one of these.');
}

function present(slot: Slot, feeds: Feeds): Data {
  const value = Object.hasOwn(feeds, slot.name) ? feeds[slot.name] : undefined;
  if (value !== undefined && value !== null) return value;
  const present = Object.keys(feeds).filter((name) => feeds[name] != null);
  const given = present.join(', ') || 'nothing';
  throw new FeedError(
    `${slot.name} [${slot.shape.join(', ')}] is not fed; fed: ${given}.`,
    `pass { ${slot.name}: data } as well.`,
  );
}

/** Held data are flat, and may be fed to any input that they fit. */
function flatOf(slot: Slot, data: Data): Flat {
  const own = ownOf(data);
  if (!own) return flatten(slot, data);
  return { data: own.values, shape: own.shape, order: own.slot.order };
}

function matches(slot: Slot, flat: Flat, sizes: Sizes): boolean {
  const shape = slot.shape.map((d) => (typeof d === 'number' ? d : sizes[d]));
  if (flat.shape) {
    return flat.shape.length === shape.length && shape.every((d, i) => d === flat.shape![i]);
  }
  return shape.reduce<number>((p, d) => p * (d ?? Number.NaN), 1) === flat.data.length;
}

const shapeOf = ({ shape }: Slot, sizes: Sizes): number[] =>
  shape.map((d) => (typeof d === 'number' ? d : sizes[d]!));

/** Sums of float32 probabilities may miss 1 by rounding; other labels miss it by far. */
const DISTRIBUTION_TOLERANCE = 1e-3;

function checkDistribution(slot: Slot, data: Float32Array, shape: readonly number[]): void {
  const examples = shape.at(-1)!;
  const classes = data.length / examples;
  const [perClass, perExample] = slot.order === 'columns' ? [1, classes] : [examples, 1];
  for (let j = 0; j < examples; j++) {
    let sum = 0;
    for (let i = 0; i < classes; i++) sum += data[i * perClass + j * perExample]!;
    if (Math.abs(sum - 1) < DISTRIBUTION_TOLERANCE) continue;
    throw new FeedError(
      `${slot.name} is declared a distribution, but its column ${j} sums to ${sum}.`,
      `feed one-hot columns or probabilities, or declare ${slot.name} without distribution.`,
    );
  }
}

function notFinite(slot: Slot, data: Float32Array, shape: readonly number[]): FeedError {
  const index = data.findIndex((x) => !Number.isFinite(x));
  const columns = shape.at(-1)!;
  const rows = data.length / columns;
  const [row, column] =
    slot.order === 'columns'
      ? [index % rows, Math.floor(index / rows)]
      : [Math.floor(index / columns), index % columns];
  const where = shape.length === 2 ? `in row ${row}, column ${column}` : `at index ${index}`;
  return new FeedError(
    `${slot.name} holds ${data[index]} ${where}; its shape is [${shape.join(', ')}].`,
    `clean the data of ${slot.name}: leave that example out, or fill the value in.`,
  );
}
