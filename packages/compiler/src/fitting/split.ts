// Splits long folds in two, for devices whose threads share the work: each part of the loop is
// folded by one of them, then the parts are. It knows loops and buffers; no graph and no device.
import { along, scaled, ZERO } from '../affine.ts';
import {
  type Affine,
  type Buffer,
  type Expr,
  type Fold,
  type Nest,
  rewritten,
  sizeOf,
  type Term,
} from '../nest.ts';
import type { Job } from '../order.ts';
import { createCopies } from './copies.ts';

/** Turns of a loop below which a second launch costs more than it saves. */
const LONG = 1024;
/** Turns that are left to each part at least. */
const PART = 64;
/** If the last part is short, each turn has to ask whether it is there: so many times the work. */
const GUARD = 4;
/**
 * On a processor: turns that are left to each part at least, and turns of all loops together. What
 * parts store is then less than a hundredth of what they read.
 */
const LEAST_PART = 256;
const LEAST_WORK = 2 ** 18;
/** Results of a kernel that has others to share: what is folded then stays in the second cache. */
const MANY = 2 ** 13;

/** What a fold takes in without a change. */
const nothing = {
  sum: 0,
  prod: 1,
  norm: 0,
  max: Number.NEGATIVE_INFINITY,
  logsumexp: Number.NEGATIVE_INFINITY,
} as const satisfies Record<Fold, number>;

/**
 * The jobs, with folds in parts.
 * @param cutOf how the last loop of a kernel's fold is worth cutting: undefined if it is not
 * @returns also the buffers, with those of the parts
 */
export function splitFolds(
  jobs: readonly Job[],
  buffers: readonly Buffer[],
  cutOf: (nest: Nest) => Cut | undefined,
): { jobs: Job[]; buffers: Buffer[] } {
  const parts: Buffer[] = [];
  let id = Math.max(-1, ...buffers.map((b) => b.id)) + 1;
  const split = jobs.flatMap((job) => {
    const { nest } = job;
    const cut = cutOf(nest);
    if (!cut) return [job];
    const shape = [cut.parts, ...nest.axes];
    parts.push({ id, name: `${nest.name}_parts`, shape, order: 'rows', role: 'temp' });
    const output = id++;
    const first: Job = { nest: partNest(nest, cut, output), updates: [] };
    return [first, { ...job, nest: wholeNest(nest, cut.parts, output) }];
  });
  return { jobs: split, buffers: [...buffers, ...parts] };
}

/** How the last loop of a fold is cut: the last part may have fewer turns. */
export interface Cut {
  readonly parts: number;
  /** Turns of a part. */
  readonly turns: number;
}

/** Where a long loop gives fewer numbers than a device has threads: a part for each thread. */
export const cutForThreads =
  (threads: number) =>
  ({ axes, fold }: Nest): Cut | undefined => {
    const all = fold?.axes.at(-1) ?? 0;
    const outputs = sizeOf(axes);
    if (all < LONG || outputs >= threads) return undefined;
    const most = Math.min(Math.ceil(threads / outputs), Math.floor(all / PART));
    // Equal parts of whole texels.
    const equal = equalParts(all, most, 4);
    if (equal === 1 && GUARD >= most) return undefined;
    if (equal * GUARD >= most) return { parts: equal, turns: all / equal };
    const turns = 4 * Math.ceil(all / most / 4);
    return { parts: Math.ceil(all / turns), turns };
  };

/** Where few numbers come from a long loop: about so many equal parts, whoever shares them. */
export const cutForParts =
  (most: number) =>
  ({ axes, fold }: Nest): Cut | undefined => {
    const all = fold?.axes.at(-1) ?? 0;
    const outputs = sizeOf(axes);
    if (all < most * LEAST_PART || outputs > MANY) return undefined;
    if (outputs * sizeOf(fold!.axes) < LEAST_WORK) return undefined;
    const parts = equalParts(all, most, 1);
    return parts * 2 >= most ? { parts, turns: all / parts } : undefined;
  };

/** The most parts, up to `most`, with as many turns each, in whole units. */
function equalParts(all: number, most: number, unit: number): number {
  let parts = most;
  while (parts > 1 && all % (unit * parts) !== 0) parts--;
  return parts;
}

/** Folds each part, with a loop over the parts outside of all others. */
function partNest(nest: Nest, { parts, turns }: Cut, output: number): Nest {
  const fold = nest.fold!;
  const last = nest.axes.length + fold.axes.length - 1;
  const all = fold.axes.at(-1)!;
  const isShort = parts * turns > all;
  const place: Affine = {
    at: 0,
    of: [
      { axis: 0, step: turns },
      { axis: last + 1, step: 1 },
    ],
  };
  const cutTerms = (step: number): Term[] =>
    isShort ? [{ part: 'clamp', of: place, by: all - 1, step }] : [...scaled(place, step).of];
  const move = ({ at, of }: Affine): Affine => ({
    at,
    of: of.flatMap((term): Term[] => {
      if (!('axis' in term)) return [{ ...term, of: move(term.of) }];
      return term.axis === last ? cutTerms(term.step) : [{ ...term, axis: term.axis + 1 }];
    }),
  });
  const { m, inputs, from } = createCopies();
  const body = from(nest, move)(fold.body);
  // Whole numbers are exact on a GPU further than floats are, so the difference is one.
  const beyond = m.position({ ...place, at: -all });
  const guarded = (): Expr =>
    m.select(m.less(beyond, m.constant(0)), body, m.constant(nothing[fold.kind]));
  return {
    name: `${nest.name}_parts`,
    axes: [parts, ...nest.axes],
    fold: {
      kind: fold.kind,
      axes: [...fold.axes.slice(0, -1), turns],
      body: isShort ? guarded() : body,
    },
    result: m.acc,
    inputs,
    output,
  };
}

/** Folds the parts: every fold of folds is the fold of all. */
function wholeNest(nest: Nest, parts: number, buffer: number): Nest {
  const { inputs, read, from } = createCopies();
  const own = nest.axes.map((size, axis) => (size === 1 ? ZERO : along(axis)));
  const body = read(buffer, [along(nest.axes.length), ...own]);
  const { fold, ...results } = nest;
  return {
    ...rewritten(results, from(nest)),
    fold: { kind: fold!.kind, axes: [parts], body },
    inputs,
  };
}
