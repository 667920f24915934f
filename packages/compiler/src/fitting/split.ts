// Splits long folds in two, for devices that need many threads: each part of the loop is folded by
// a thread of its own, then the parts are. It knows loops and buffers; no graph and no device.
import { along, ZERO } from '../affine.ts';
import { copier, createExprBuilder } from '../expr.ts';
import {
  type Affine,
  type Buffer,
  type Expr,
  inputOf,
  type Nest,
  resultsOf,
  sizeOf,
  type Term,
} from '../nest.ts';
import type { Job } from '../order.ts';

/** Turns of a loop below which a second kernel costs more than it saves. */
const LONG = 1024;
/** Turns that are left to each part at least. */
const PART = 64;

/**
 * The jobs, with folds in parts where fewer than `threads` numbers come from a long loop.
 * @returns also the buffers, with those of the parts
 */
export function splitFolds(
  jobs: readonly Job[],
  buffers: readonly Buffer[],
  threads: number,
): { jobs: Job[]; buffers: Buffer[] } {
  const parts: Buffer[] = [];
  let id = Math.max(-1, ...buffers.map((b) => b.id)) + 1;
  const split = jobs.flatMap((job) => {
    const { nest } = job;
    const count = partsOf(nest, threads);
    if (count < 2) return [job];
    const shape = [count, ...nest.axes];
    parts.push({ id, name: `${nest.name}_parts`, shape, order: 'rows', role: 'temp' });
    const output = id++;
    const first: Job = { nest: partNest(nest, count, output), updates: [] };
    return [first, { ...job, nest: wholeNest(nest, count, output) }];
  });
  return { jobs: split, buffers: [...buffers, ...parts] };
}

/** Into how many equal parts the last loop of a fold is worth splitting: 1 if it is not. */
function partsOf({ axes, fold }: Nest, threads: number): number {
  const turns = fold?.axes.at(-1) ?? 0;
  const outputs = sizeOf(axes);
  if (turns < LONG || outputs >= threads) return 1;
  const most = Math.min(Math.ceil(threads / outputs), Math.floor(turns / PART));
  for (let parts = most; parts > 1; parts--) {
    // Parts of whole texels.
    if (turns % (4 * parts) === 0) return parts;
  }
  return 1;
}

/** Copies expressions into a nest of their own: its inputs are those that they read. */
function createCopy(nest: Nest, move: (i: Affine) => Affine) {
  const m = createExprBuilder();
  const inputs: number[] = [];
  const read = (buffer: number, index: readonly Affine[]): Expr =>
    m.load(inputOf(inputs, buffer), index);
  const load = (input: number, index: readonly Affine[]) =>
    read(nest.inputs[input]!, index.map(move));
  return { m, inputs, read, copy: copier(m, load, move) };
}

/** Folds each part, with a loop over the parts outside of all others. */
function partNest(nest: Nest, parts: number, output: number): Nest {
  const fold = nest.fold!;
  const last = nest.axes.length + fold.axes.length - 1;
  const turns = fold.axes.at(-1)! / parts;
  const move = ({ at, of }: Affine): Affine => ({
    at,
    of: of.flatMap((term): Term[] => {
      if (!('axis' in term)) return [{ ...term, of: move(term.of) }];
      const own = { ...term, axis: term.axis + 1 };
      return term.axis === last ? [{ axis: 0, step: term.step * turns }, own] : [own];
    }),
  });
  const { m, inputs, copy } = createCopy(nest, move);
  const body = copy(fold.body);
  const axes = [...fold.axes.slice(0, -1), turns];
  return {
    name: `${nest.name}_parts`,
    axes: [parts, ...nest.axes],
    fold: { kind: fold.kind, axes, body },
    result: m.acc,
    inputs,
    output,
  };
}

/** Folds the parts: every fold of folds is the fold of all. */
function wholeNest(nest: Nest, parts: number, buffer: number): Nest {
  const { inputs, read, copy } = createCopy(nest, (i) => i);
  const own = nest.axes.map((size, axis) => (size === 1 ? ZERO : along(axis)));
  const body = read(buffer, [along(nest.axes.length), ...own]);
  const [first, ...also] = resultsOf(nest).map(({ result, output }) => {
    return { result: copy(result), output };
  });
  const { kind } = nest.fold!;
  return {
    name: nest.name,
    axes: nest.axes,
    fold: { kind, axes: [parts], body },
    ...first!,
    ...(also.length > 0 && { also }),
    inputs,
  };
}
