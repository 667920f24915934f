// Takes the time of contenders, side by side: rounds in which each has its turn, so that whatever
// else the machine does meets all of them. It must not know who they are.
import type { Contender, Runner } from './contender.ts';
import type { Layout, Work } from './works.ts';

/** A batch of turns takes at least so long. */
const BATCH_MS = 200;
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

async function time({ turns }: Runner, n: number): Promise<number> {
  const start = performance.now();
  await turns(n);
  return performance.now() - start;
}

/** How many turns make a batch, and a turn's time. The engine has its best code by then. */
async function batch(runner: Runner): Promise<{ turns: number; ms: number }> {
  for (let n = 1; ; ) {
    const ms = await time(runner, n);
    if (n === 1 && ms > PATIENCE_MS) {
      throw new Error(`left out: one turn takes ${(ms / 1000).toFixed(1)} s`);
    }
    if (ms >= BATCH_MS) return { turns: n, ms: ms / n };
    // Too few are doubled at least, and no estimate from a cold start decides alone.
    n = Math.ceil(n * Math.min(10, Math.max(2, (1.2 * BATCH_MS) / ms)));
  }
}

const median = (sorted: readonly number[]) => {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};

interface Entry {
  readonly contender: string;
  readonly layout?: Layout;
  readonly runner?: Runner;
  readonly turns: number;
  readonly times: number[];
  readonly reason: string;
}

/** One contender in one layout, checked and warm. */
async function prepare(start: () => Promise<Runner>, wanted: readonly number[] | undefined) {
  const runner = await start();
  try {
    const found = await runner.check();
    agree(found, wanted ?? found);
    return { runner, found, ...(await batch(runner)) };
  } catch (error) {
    runner.close();
    throw error;
  }
}

async function enter(contender: Contender, work: Work, wanted: readonly number[] | undefined) {
  const starts =
    work.kind === 'net'
      ? contender.layouts.map((layout) => ({ layout, start: () => contender.net(work, layout) }))
      : [{ start: () => contender.product(work) }];
  let best: (Awaited<ReturnType<typeof prepare>> & { layout?: Layout }) | undefined;
  let reason = '';
  for (const { start, ...layout } of starts) {
    try {
      const next = { ...(await prepare(start, wanted)), ...layout };
      const [fast, slow] = best && best.ms < next.ms ? [best, next] : [next, best];
      slow?.runner.close();
      best = fast;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
  }
  const { found, ...more } = best ?? { turns: 0 };
  return { found, entry: { contender: contender.name, times: [], reason, ...more } };
}

/**
 * Medians and spread of every contender for one piece of work, in rounds.
 * The first contender is whom the others are compared with, in numbers and in time.
 */
export async function measureWork(
  contenders: readonly Contender[],
  work: Work,
  rounds: number,
): Promise<PeerRow[]> {
  const entries: Entry[] = [];
  let wanted: readonly number[] | undefined;
  for (const contender of contenders) {
    const { found, entry } = await enter(contender, work, wanted);
    wanted ??= found;
    entries.push(entry);
  }
  const [own] = entries;
  if (!own?.runner) throw new Error(`${work.name}: ${own?.contender}: ${own?.reason}`);
  for (let round = 0; round < rounds; round++) {
    // Each begins a round once, so that nobody always follows the same one.
    const order = entries.map((_, i) => entries[(i + round) % entries.length]!);
    for (const { runner, turns, times } of order) {
      if (runner) times.push((await time(runner, turns)) / turns);
    }
  }
  for (const { runner } of entries) runner?.close();
  return rowsOf(work, entries);
}

function rowsOf(work: Work, entries: readonly Entry[]): PeerRow[] {
  const [first] = entries.map(({ times }) => median(times.toSorted((a, b) => a - b)));
  return entries.map(({ contender, layout, turns, times, reason }) => {
    const row = { work: work.name, contender };
    if (times.length === 0) return { ...row, reason };
    const sorted = times.toSorted((a, b) => a - b);
    const middle = median(sorted);
    const spread = { median: middle, min: sorted[0]!, max: sorted.at(-1)! };
    return { ...row, ...(layout && { layout }), ...spread, turns, ratio: middle / first! };
  });
}
