// Data that were given once to be fed often: checked copies, known by their arrays. It knows
// numbers, and nothing of sessions and devices.
import type { Data, Order, Slot, TensorLike } from '@chainrule/graph';

/** Checked copies of data for one input, made by `hold`: to be fed like other data. */
export interface Held extends TensorLike {
  readonly shape: readonly number[];
  /** A copy of the numbers. */
  readonly data: Float32Array;
  readonly order: Order;
}

/** What is held: for which input, and the numbers. Nobody else has the array. */
export interface Own {
  readonly slot: Slot;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const owns = new WeakMap<object, Own>();
const slots = new WeakMap<Float32Array, Slot>();
/** Has anything been held? To look it up takes a tenth of a small step. */
let isUsed = false;

/** @param own numbers that have been checked, in an array that nobody else has */
export function createHeld(own: Own): Held {
  const { slot, shape, values } = own;
  const held = Object.freeze({
    shape: Object.freeze([...shape]),
    order: slot.order,
    get data() {
      return values.slice();
    },
  });
  isUsed = true;
  owns.set(held, own);
  slots.set(values, slot);
  return held;
}

/** What is held, or undefined if these are data like others. */
export const ownOf = (data: Data | undefined): Own | undefined =>
  isUsed && typeof data === 'object' ? owns.get(data) : undefined;

/** The input for which these numbers were checked, if they are held: they stay what they are. */
export const slotOfHeld = (values: Float32Array): Slot | undefined =>
  isUsed ? slots.get(values) : undefined;

/** The same data, in arrays that nobody else can change. */
export const kept = (data: ReadonlyMap<string, Float32Array>) =>
  new Map([...data].map(([name, x]) => [name, slotOfHeld(x) ? x : x.slice()]));
