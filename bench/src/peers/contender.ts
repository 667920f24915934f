// What every contender is asked: the first costs of a piece of work, and then turns of it. It must
// not know any of them, nor how time is taken.
import type { Layout, NetWork, ProductWork } from './works.ts';

/** One piece of work, made ready by one contender. */
export interface Runner {
  /** Costs before each of the first steps, or some entries of the product. Asked once, first. */
  readonly check: () => Promise<readonly number[]>;
  /** Does the work `n` times and resolves when all of it is computed. */
  readonly turns: (n: number) => Promise<void>;
  readonly close: () => void;
}

export interface Contender {
  readonly name: string;
  readonly version: string;
  /** The layouts it can use; the faster one counts. */
  readonly layouts: readonly Layout[];
  readonly net: (work: NetWork, layout: Layout) => Promise<Runner>;
  readonly product: (work: ProductWork) => Promise<Runner>;
  /** Ends what it started, if it started anything. */
  readonly close?: () => void;
}

/** One that is not here, and why. */
export interface Absent {
  readonly name: string;
  readonly reason: string;
}

/** The costs before each of `checked` steps: what `check` of a net does with `cost` and `step`. */
export async function costsOf(
  checked: number,
  cost: () => number | Promise<number>,
  step: () => unknown,
): Promise<readonly number[]> {
  const costs: number[] = [];
  for (let i = 0; i < checked; i++) {
    costs.push(await cost());
    await step();
  }
  return costs;
}
