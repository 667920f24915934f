// Takes the time of contenders, side by side: rounds in which each has its turn, so that whatever
// else the machine does meets all of them. It must not know who they are.
import type { Contender, Runner } from './contender.ts';
import { type Layout, laidOut, type Work } from './works.ts';

/** How carefully to measure. */
export interface Care {
  readonly rounds: number;
  /** A batch of turns takes at least so long. */
  readonly batchMs: number;
}

/** Who needs more for one turn is left out. */
const PATIENCE_MS = 2000;
/** Relative: float32 sums in another order, some steps long. */
const TOLERANCE = 1e-3;

/** What a contender needs for a piece of work, in milliseconds per turn; or why it has no time. */
export type PeerRow = {
  readonly work: string;
  readonly contender: string;
} & (
  | {
      /** Of a net: the faster one of those it can use. */
      readonly layout?: Layout;
      readonly median: number;
      readonly min: number;
      readonly max: number;
      /** Turns in one batch, of which each round has one. */
      readonly turns: number;
      /** How many times as long as the first contender, by medians. */
      readonly ratio: number;
    }
  | { readonly reason: string }
);

/** Throws unless `found` are the numbers `wanted`. */
export function agree(found: readonly number[], wanted: readonly number[]): void {
  const same = (value: number, i: number) =>
    Math.abs(value - wanted[i]!) <= TOLERANCE * Math.abs(wanted[i]!);
  if (found.length === wanted.length && found.every(same)) return;
  throw new Error(`computes ${found.join(', ')} and not ${wanted.join(', ')}`);
}

/** Milliseconds of `n` turns; whoever comes next finds a machine at rest. */
async function time({ turns }: Runner, n: number, rest = 0): Promise<number> {
  const start = performance.now();
  await turns(n);
  const ms = performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, rest));
  return ms;
}

/** How many turns make a batch, and a turn's time. The engine has its best code by then. */
async function batch(runner: Runner, batchMs: number): Promise<{ turns: number; ms: number }> {
  for (let n = 1; ; ) {
    const ms = await time(runner, n);
    if (n === 1 && ms > PATIENCE_MS) {
      throw new Error(`left out: one turn takes ${(ms / 1000).toFixed(1)} s`);
    }
    if (ms >= batchMs) return { turns: n, ms: ms / n };
    // Too few are doubled at least, and no estimate from a cold start decides alone.
    n = Math.ceil(n * Math.min(10, Math.max(2, (1.2 * batchMs) / ms)));
  }
}

export const median = (values: readonly number[]) => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};

interface Entry {
  readonly contender: string;
  readonly rest: number;
  readonly layout?: Layout;
  readonly runner?: Runner;
  readonly turns: number;
  readonly times: number[];
  readonly reason: string;
}

interface Start {
  readonly layout?: Layout;
  readonly start: () => Promise<Runner>;
}

/** The ways in which a contender can do the work; none if it is not for such work. */
function startsOf({ net, pass, product, layouts }: Contender, work: Work): readonly Start[] {
  if (work.kind === 'net') {
    return net
      ? layouts.map((layout) => ({ layout, start: () => net(work, laidOut(work, layout)) }))
      : [];
  }
  if (work.kind === 'pass') return pass ? [{ start: () => pass(work) }] : [];
  return product ? [{ start: () => product(work) }] : [];
}

/** One contender in one layout, checked and warm. */
async function prepare({ start, layout }: Start, wanted: Numbers | undefined, batchMs: number) {
  const runner = await start();
  try {
    const found = await runner.check();
    agree(found, wanted ?? found);
    return { runner, found, ...(await batch(runner, batchMs)), ...(layout && { layout }) };
  } catch (error) {
    runner.close();
    throw error;
  }
}

type Numbers = readonly number[];

async function enter(
  { name, rest = 0 }: Contender,
  starts: readonly Start[],
  wanted: Numbers | undefined,
  batchMs: number,
) {
  let best: Awaited<ReturnType<typeof prepare>> | undefined;
  let reason = '';
  for (const each of starts) {
    try {
      const next = await prepare(each, wanted, batchMs);
      const [fast, slow] = best && best.ms < next.ms ? [best, next] : [next, best];
      slow?.runner.close();
      best = fast;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, rest));
  const { found, ...more } = best ?? { turns: 0 };
  return { found, entry: { contender: name, rest, times: [], reason, ...more } };
}

/**
 * Medians and spread of every contender that does such work, in rounds.
 * The first contender is whom the others are compared with, in numbers and in time.
 */
export async function measureWork(
  contenders: readonly Contender[],
  work: Work,
  { rounds, batchMs }: Care,
): Promise<PeerRow[]> {
  const entries: Entry[] = [];
  let wanted: Numbers | undefined;
  for (const contender of contenders) {
    const starts = startsOf(contender, work);
    if (starts.length === 0) continue;
    const { found, entry } = await enter(contender, starts, wanted, batchMs);
    wanted ??= found;
    entries.push(entry);
  }
  const [own] = entries;
  if (!own?.runner) throw new Error(`${work.name}: ${own?.contender}: ${own?.reason}`);
  for (let round = 0; round < rounds; round++) {
    // Each begins a round once, so that nobody always follows the same one.
    const order = entries.map((_, i) => entries[(i + round) % entries.length]!);
    for (const { runner, turns, times, rest } of order) {
      if (runner) times.push((await time(runner, turns, rest)) / turns);
    }
  }
  for (const { runner } of entries) runner?.close();
  return rowsOf(work, entries);
}

function rowsOf(work: Work, entries: readonly Entry[]): PeerRow[] {
  const first = median(entries[0]!.times);
  return entries.map(({ contender, layout, turns, times, reason }) => {
    const row = { work: work.name, contender };
    if (times.length === 0) return { ...row, reason };
    const middle = median(times);
    const spread = { median: middle, min: Math.min(...times), max: Math.max(...times) };
    return { ...row, ...(layout && { layout }), ...spread, turns, ratio: middle / first };
  });
}
