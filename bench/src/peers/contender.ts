// What every contender is asked: the first costs of a piece of work, and then turns of it. It must
// not know any of them, nor how time is taken.
import type { LaidOut, Layout, NetWork, PassWork, ProductWork } from './works.ts';

/** One piece of work, made ready by one contender. */
export interface Runner {
  /** Costs before each of the first steps, or some entries of the product. Asked once, first. */
  readonly check: () => Promise<readonly number[]>;
  /** Does the work `n` times and resolves when all of it is computed. */
  readonly turns: (n: number) => Promise<void>;
  /** The same by a clock nearer to the work, in milliseconds, where the work is done elsewhere. */
  readonly timed?: (n: number) => Promise<number>;
  /** Of a net: the cost of its weights as they are. */
  readonly cost?: () => Promise<number>;
  /** What it holds in memory, as far as the contender says. */
  readonly memory?: () => Memory | Promise<Memory>;
  readonly close: () => void;
}

/** Bytes of numbers: parameters and data between steps, and at most at any time in a step. */
export interface Memory {
  readonly held: number;
  readonly peak?: number;
}

/** A contender; work of a kind that it has no function for is not asked of it. */
export interface Contender {
  readonly name: string;
  /** With all that one needs to know to do the same. */
  readonly version: string;
  /** The layouts it can use for nets; the faster one counts. */
  readonly layouts: readonly Layout[];
  /** Milliseconds for which its threads wait busily after a turn, in the way of all others. */
  readonly rest?: number;
  /** From no more than data, which are there in the layout too, to a net that is ready. */
  readonly net?: (work: NetWork, data: LaidOut) => Promise<Runner>;
  readonly pass?: (work: PassWork) => Promise<Runner>;
  readonly product?: (work: ProductWork) => Promise<Runner>;
  /** Ends what it started, if it started anything. */
  readonly close?: () => void;
}

/** One that is not here, and why. */
export interface Absent {
  readonly name: string;
  readonly reason: string;
}

/** What went wrong, in words. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** The name of a contender that takes so many threads. */
export const withThreads = (name: string, threads: number): string =>
  threads > 1 ? `${name}, ${threads} threads` : name;

/** The costs before each of `checked` steps: what `check` of a net does with `cost` and `step`. */
export async function costsOf(
  checked: number,
  cost: () => Promise<number>,
  step: () => unknown,
): Promise<readonly number[]> {
  const costs: number[] = [];
  for (let i = 0; i < checked; i++) {
    costs.push(await cost());
    await step();
  }
  return costs;
}
