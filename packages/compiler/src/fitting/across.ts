// Takes a short fold over what others have computed into the kernel that reads it, for devices
// whose launches cost more than computing it again: of a softmax, the product, the normalizer and
// the difference are one kernel. It knows loops, buffers and who reads them; no graph, no device.
import { isAlong, isOwn } from '../affine.ts';
import {
  type Affine,
  type Buffer,
  expressions,
  lineOf,
  type Nest,
  outputsOf,
  resultsOf,
  rewritten,
  sizeOf,
  type Term,
} from '../nest.ts';
import { type Job, readsInPlace } from '../order.ts';
import { createCopies } from './copies.ts';

/** Turns of all threads together that a launch is worth. */
const WORTH = 2 ** 21;

/** A fold that one map reads, both over the positions of the map. */
interface Pair {
  readonly fold: Job;
  readonly map: Job;
  /** The loop of the map that the fold runs over. */
  readonly axis: number;
  /** A position of the fold as one of the map. */
  readonly move: (i: Affine) => Affine;
}

/** Who reads and writes the buffers of jobs on their way. */
interface Folding {
  readonly buffers: ReadonlyMap<number, Buffer>;
  readonly readersOf: (id: number) => readonly Job[];
  readonly writerOf: (id: number) => Job | undefined;
}

/**
 * The jobs, with folds of up to `most` turns taken into the only map that reads them; and with
 * them the kernel of what they fold, if both read it in place.
 * @param jobs sources first
 * @param fits whether a device takes a kernel
 */
export function foldAcross(
  jobs: readonly Job[],
  buffers: readonly Buffer[],
  fits: (nest: Nest) => boolean,
  most: number,
): readonly Job[] {
  const byId = new Map(buffers.map((buffer) => [buffer.id, buffer]));
  let left = jobs;
  let folding = survey(left, byId);
  for (const job of jobs) {
    const pair = pairOf(job, folding, most);
    if (!pair) continue;
    const source = sourceOf(pair, folding);
    const tries = source ? [source, undefined] : [undefined];
    const found = tries
      .map((one) => ({ source: one, nest: merge(pair, one, folding) }))
      .find(({ nest }) => fits(nest) && turnsOf(nest) <= WORTH);
    if (!found) continue;
    left = replace(left, pair, found.source, found.nest);
    folding = survey(left, byId);
  }
  return left;
}

function survey(jobs: readonly Job[], buffers: ReadonlyMap<number, Buffer>): Folding {
  const readers = new Map<number, Job[]>();
  const writers = new Map<number, Job>();
  for (const job of jobs) {
    for (const id of job.nest.inputs) {
      const known = readers.get(id);
      if (known) known.push(job);
      else readers.set(id, [job]);
    }
    for (const id of outputsOf(job.nest)) writers.set(id, job);
  }
  return {
    buffers,
    readersOf: (id) => readers.get(id) ?? [],
    writerOf: (id) => writers.get(id),
  };
}

/** All turns of the loops of a kernel, those for its neighbours included. */
const turnsOf = (nest: Nest): number =>
  sizeOf(nest.axes) * sizeOf(nest.fold?.axes ?? []) * lineOf(nest);

/** A fold of few turns, and the map that alone reads it along one more loop; if it is such. */
function pairOf(fold: Job, folding: Folding, most: number): Pair | undefined {
  const { nest } = fold;
  const turning = (nest.fold?.axes ?? []).flatMap((turns, i) => (turns > 1 ? [i] : []));
  const turns = nest.fold?.axes[turning[0]!] ?? 0;
  if (turning.length !== 1 || turns > most || nest.across || nest.also) return undefined;
  // It may be a part of another kernel by now.
  if (folding.writerOf(nest.output) !== fold) return undefined;
  const [map, ...others] = folding.readersOf(nest.output);
  if (folding.buffers.get(nest.output)!.role !== 'temp') return undefined;
  if (!map || others.length > 0 || map.nest.fold || map.nest.across) return undefined;
  const places = placesOf(map.nest, nest);
  const rest = map.nest.axes.flatMap((n, i) => (n > 1 && !places?.includes(i) ? [i] : []));
  const [axis] = rest;
  if (!places || rest.length !== 1 || map.nest.axes[axis!] !== turns) return undefined;
  const inner = nest.axes.length + turning[0]!;
  const moveTerm = (term: Term): Term =>
    'axis' in term
      ? { ...term, axis: term.axis === inner ? axis! : places[term.axis]! }
      : { ...term, of: move(term.of) };
  const move = ({ at, of }: Affine): Affine => ({ at, of: of.map(moveTerm) });
  return { fold, map, axis: axis!, move };
}

/** The loops of a map that the loops of what it reads are: undefined unless each is one. */
function placesOf(map: Nest, { axes, output }: Nest): (number | undefined)[] | undefined {
  const [first, ...others] = expressions(map).flatMap((e) =>
    e.op === 'load' && map.inputs[e.input] === output ? [e] : [],
  );
  if (!first || others.length > 0) return undefined;
  const places = axes.map((size, d) => {
    const axis = map.axes.findIndex((_, i) => isAlong(first.index[d]!, i));
    return size === 1 || axis < 0 ? undefined : axis;
  });
  const areOwn = places.every(
    (axis, d) => axis !== undefined || (axes[d] === 1 && isAlong(first.index[d]!, undefined)),
  );
  return areOwn ? places : undefined;
}

/** The kernel whose numbers are folded, if fold and map read them at the map's positions only. */
function sourceOf(pair: Pair, folding: Folding): Job | undefined {
  // A gradient asks where the maximum is: what is computed twice may be rounded in two ways.
  if (pair.fold.nest.fold!.kind === 'max') return undefined;
  return pair.fold.nest.inputs
    .map((id) => folding.writerOf(id))
    .find((job) => job?.nest.fold && isSource(job, pair, folding));
}

function isSource(source: Job, { fold, map, move }: Pair, folding: Folding): boolean {
  const { nest } = source;
  const { buffers, writerOf } = folding;
  if (nest.across || `${nest.axes}` !== `${map.nest.axes}`) return false;
  if (buffers.get(nest.output)!.order !== buffers.get(map.nest.output)!.order) return false;
  const written = outputsOf(nest);
  const folded = expressions(fold.nest).every(
    (e) =>
      e.op !== 'load' ||
      !written.includes(fold.nest.inputs[e.input]!) ||
      isOwn(e.index.map(move), nest.axes),
  );
  if (!folded || !written.every((id) => readsInPlace(map.nest, id))) return false;
  // Nothing else that they read may wait for what the source writes.
  const seen = new Set([...fold.nest.inputs, ...map.nest.inputs]);
  for (const id of [...written, fold.nest.output]) seen.delete(id);
  for (const id of seen) for (const before of writerOf(id)?.nest.inputs ?? []) seen.add(before);
  return written.every((id) => !seen.has(id));
}

/** The kernel of all: what the map reads of the others is computed. */
function merge({ fold, map, axis, move }: Pair, source: Job | undefined, folding: Folding): Nest {
  const { m, inputs, computed, from } = createCopies();
  const first = source && rewritten(source.nest, from(source.nest));
  const stored = first ? resultsOf(first) : [];
  for (const { result, output } of stored) computed.set(output, result);
  const copyFold = from(fold.nest, move, m.across);
  const { kind, body } = fold.nest.fold!;
  const across = { kind, axis, body: copyFold(body) };
  computed.set(fold.nest.output, copyFold(fold.nest.result));
  const last = rewritten(map.nest, from(map.nest));
  const isNeeded = (id: number): boolean =>
    folding.buffers.get(id)!.role !== 'temp' ||
    folding.readersOf(id).some((job) => job !== fold && job !== map);
  const also = [...(last.also ?? []), ...stored.filter(({ output }) => isNeeded(output))];
  const inner = first?.fold && { fold: first.fold };
  return { ...last, ...inner, across, ...(also.length > 0 && { also }), inputs };
}

function replace(
  jobs: readonly Job[],
  { fold, map }: Pair,
  source: Job | undefined,
  nest: Nest,
): readonly Job[] {
  const gone = [fold, source];
  const updates = [...(source?.updates ?? []), ...map.updates];
  return jobs
    .filter((job) => !gone.includes(job))
    .map((job) => (job === map ? { nest, updates } : job));
}
