// Data that were given once to be fed often: checked copies, known by their arrays. It knows
// numbers, and nothing of sessions and devices.
import type { Data, Order, Slot } from '@chainrule/graph';

/** Checked copies of data for one input, made by `hold`: they can be fed, and not be changed. */
export interface Held {
  readonly kind: 'held';
  /** Their shape, in numbers. */
  readonly shape: readonly number[];
  /** How they lie in memory: as the input declares. */
  readonly order: Order;
}

/** What is held: for which input, and the numbers. Nobody else has the array. */
export interface Own {
  readonly slot: Slot;
  readonly values: Float32Array;
}

const owns = new WeakMap<object, Own>();
const arrays = new WeakSet<Float32Array>();

/** @param own numbers that have been checked, in an array that nobody else has */
export function createHeld(own: Own, shape: readonly number[]): Held {
  const held: Held = Object.freeze({ kind: 'held', shape, order: own.slot.order });
  owns.set(held, own);
  arrays.add(own.values);
  return held;
}

/** What is held, or undefined if these are data like others. */
export const ownOf = (data: Data | Held | undefined): Own | undefined =>
  typeof data === 'object' ? owns.get(data) : undefined;

/** Are these numbers of held data? They are finite, and stay what they are. */
export const isHeld = (values: Float32Array): boolean => arrays.has(values);

/** The numbers themselves if nobody can change them, else a copy. */
export const kept = (values: Float32Array): Float32Array =>
  isHeld(values) ? values : values.slice();
