// Joins kernels into one that stores several results, for devices that can: a launch less each. It
// knows what kernels read and write; no graph and no device.
import { type Buffer, expressionsIn, type Nest, outputsOf, resultsOf } from '../nest.ts';
import { type Job, readsInPlace } from '../order.ts';
import { createCopies } from './copies.ts';

/** Jobs on their way, each at a place; a place that was joined into another one is empty. */
interface Joining {
  readonly places: (Job | undefined)[];
  readonly buffers: readonly Buffer[];
  /** Where a buffer is written. */
  readonly writer: Map<number, number>;
  /** Where a buffer is read. */
  readonly readers: Map<number, Set<number>>;
  /** The name of the kernel that wrote a buffer at first. */
  readonly names: ReadonlyMap<number, string>;
  readonly fits: (nest: Nest) => boolean;
}

/**
 * Joins what can be: each job with the last of those that it waits for, if it reads that one's
 * results at its own position only, and then maps that wait for nobody among themselves. The new
 * value of a parameter is a buffer of its own until the jobs are arranged, so no reader of the old
 * one minds when it is written.
 * @param jobs sources first; each writes one buffer, whose id is its number in `buffers`
 * @param fits whether a device takes a kernel
 */
export function join(
  jobs: readonly Job[],
  buffers: readonly Buffer[],
  fits: (nest: Nest) => boolean,
): Job[] {
  const joining = start(byLevel(jobs), buffers, fits);
  joining.places.forEach((_, place) => void joinSources(joining, place));
  joinMaps(joining);
  return joining.places.filter((job) => job !== undefined);
}

/**
 * The buffers, where a temporary has the axes of the kernels that read it if only axes of size 1
 * tell them apart: a sum over rows drops an axis that the new bias has again.
 * @param nests sources first
 */
export function align(nests: readonly Nest[], buffers: readonly Buffer[]): readonly Buffer[] {
  const shapes = new Map<number, readonly number[]>();
  const readers = new Map<number, (readonly number[])[]>(buffers.map(({ id }) => [id, []]));
  for (const { output, axes, inputs } of [...nests].reverse()) {
    const near = readers.get(output)!.filter((other) => turning(other) === turning(axes));
    const differ = near.length > 0 && near.every((other) => `${other}` !== `${axes}`);
    const shape = differ && buffers[output]!.role === 'temp' ? near.at(-1)! : axes;
    shapes.set(output, shape);
    for (const id of inputs) readers.get(id)!.push(shape);
  }
  return buffers.map((b) => ({ ...b, shape: shapes.get(b.id) ?? b.shape }));
}

/** The loops that take more than one turn. */
const turning = (axes: readonly number[]): string => `${axes.filter((n) => n !== 1)}`;

function start(
  jobs: readonly Job[],
  buffers: readonly Buffer[],
  fits: (nest: Nest) => boolean,
): Joining {
  const readers = new Map(buffers.map(({ id }) => [id, new Set<number>()]));
  jobs.forEach(({ nest }, place) => {
    for (const id of nest.inputs) readers.get(id)!.add(place);
  });
  return {
    places: [...jobs],
    buffers,
    writer: new Map(jobs.map(({ nest }, place) => [nest.output, place])),
    readers,
    names: new Map(jobs.map(({ nest }) => [nest.output, nest.name])),
    fits,
  };
}

/**
 * How many jobs each waits for, one after another. The jobs come sources first.
 * Two of one level never wait for each other.
 */
function levelsOf(jobs: readonly Job[]): Map<Job, number> {
  const written = new Map<number, number>();
  const levels = new Map<Job, number>();
  for (const job of jobs) {
    const level = job.nest.inputs.reduce((most, id) => Math.max(most, written.get(id) ?? 0), 0);
    levels.set(job, level);
    for (const id of outputsOf(job.nest)) written.set(id, level + 1);
  }
  return levels;
}

/** What waits for little comes early, so that others do not wait for it last. */
function byLevel(jobs: readonly Job[]): Job[] {
  const levels = levelsOf(jobs);
  return [...jobs].sort((a, b) => levels.get(a)! - levels.get(b)!);
}

/**
 * Joins a job with the last that it waits for, and both with the last that they wait for. All else
 * that it waits for is before that place, and all that waits for it is behind: nothing in between
 * can need the one and feed the other.
 */
function joinSources(joining: Joining, start: number): void {
  for (let place = start; ; ) {
    const { nest } = joining.places[place]!;
    const last = Math.max(...nest.inputs.map((id) => joining.writer.get(id) ?? -1));
    if (last < 0 || !joinPair(joining, last, place)) return;
    place = last;
  }
}

/** Joins maps of one shape that wait for equally many: none of them waits for another. */
function joinMaps(joining: Joining): void {
  const levels = levelsOf(joining.places.filter((job) => job !== undefined));
  const open = new Map<string, number>();
  joining.places.forEach((job, place) => {
    if (!job || job.nest.fold) return;
    const key = `${levels.get(job)} ${job.nest.axes}`;
    const into = open.get(key);
    if (into === undefined || !joinPair(joining, into, place)) open.set(key, place);
  });
}

/** Puts the job of a later place into that of an earlier one, if one kernel can be both. */
function joinPair(joining: Joining, into: number, from: number): boolean {
  const { places, writer, readers } = joining;
  const [a, b] = [places[into]!, places[from]!];
  if (!alike(joining, a.nest, b.nest)) return false;
  const nest = merge(joining, a.nest, b.nest, (id) =>
    [...readers.get(id)!].some((place) => place !== into && place !== from),
  );
  if (!joining.fits(nest)) return false;
  for (const old of [a.nest, b.nest]) {
    for (const id of outputsOf(old)) writer.delete(id);
    for (const id of old.inputs) {
      readers.get(id)!.delete(into);
      readers.get(id)!.delete(from);
    }
  }
  for (const id of outputsOf(nest)) writer.set(id, into);
  for (const id of nest.inputs) readers.get(id)!.add(into);
  places[into] = { nest, updates: [...a.updates, ...b.updates] };
  places[from] = undefined;
  return true;
}

/**
 * Do two kernels have the same loops? Fusion gives each fold to one kernel, so one of the two has
 * none; and what the later one folds must not be what the earlier one stores.
 */
function alike({ buffers }: Joining, a: Nest, b: Nest): boolean {
  if (`${a.axes}` !== `${b.axes}` || (a.fold && b.fold)) return false;
  if (buffers[a.output]!.order !== buffers[b.output]!.order) return false;
  const stored = outputsOf(a);
  const folded = b.fold ? expressionsIn([b.fold.body]) : [];
  return (
    stored.every((id) => readsInPlace(b, id)) &&
    folded.every((e) => e.op !== 'load' || !stored.includes(b.inputs[e.input]!))
  );
}

/**
 * The kernel of two. What the later one reads of the earlier one is computed, not loaded; a
 * temporary that nobody else reads is not stored. The main result is the one whose buffer comes
 * first: the new values of parameters come as the program lists them, then outputs.
 */
function merge(
  { buffers, names }: Joining,
  a: Nest,
  b: Nest,
  readElsewhere: (id: number) => boolean,
): Nest {
  const { inputs, computed, from } = createCopies();
  const folds = [a, b].flatMap((nest) => {
    const copy = from(nest);
    for (const { result, output } of resultsOf(nest)) computed.set(output, copy(result));
    return nest.fold ? [{ ...nest.fold, body: copy(nest.fold.body) }] : [];
  });
  const [main, ...also] = [...computed]
    .filter(([id]) => buffers[id]!.role !== 'temp' || readElsewhere(id))
    .sort(([x], [y]) => x - y)
    .map(([output, result]) => ({ result, output }));
  const name = names.get(main!.output)!;
  const fold = folds[0] && { fold: folds[0] };
  return { name, axes: a.axes, ...fold, ...main!, ...(also.length > 0 && { also }), inputs };
}
