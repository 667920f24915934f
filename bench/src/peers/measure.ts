// Takes the time of contenders, side by side: rounds in which each has its turn, so that whatever
// else the machine does meets all of them. It must not know who they are.
import { type Contender, messageOf, type Runner } from './contender.ts';
import { type Layout, laidOut, type Work } from './works.ts';

/** How carefully to measure. */
export interface Care {
  /** For all, at first. */
  readonly rounds: number;
  /** Then there are sittings of so much time for those whose batches are not long. */
  readonly sittingMs?: number;
  /**
   * How many of them; none unless given. In each of them all begin anew: where a system puts
   * memory and threads is luck, which lasts as long as they do.
   */
  readonly sittings?: number;
  /** A batch of turns takes at least so long. */
  readonly batchMs: number;
  /** And has at least so many turns. */
  readonly leastTurns?: number;
  /** Who needs more for one turn is left out; two seconds unless given. */
  readonly patienceMs?: number;
  /** Before a batch that counts: ends what others have left to do, and wakes whom it needs. */
  readonly settle?: (runner: Runner, turns: number) => Promise<void>;
}

/** Relative: float32 sums in another order, some steps long. */
const TOLERANCE = 1e-3;
/** A batch is long if it takes so many times what one takes at least. */
const LONG = 4;

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
      /** Turns in one batch of the last sitting; each round has one batch. */
      readonly turns: number;
      readonly rounds: number;
      /**
       * How many times as long as the first contender that has a time: the median of what it was
       * in each round, so that a machine that is slow for seconds is slow for both.
       */
      readonly ratio: number;
      /** The largest relative difference of its numbers from those that are expected. */
      readonly off: number;
    }
  | { readonly reason: string }
);

/** Throws unless `found` are the numbers `wanted`; gives the largest relative difference. */
export function agree(found: readonly number[], wanted: readonly number[]): number {
  const off = found.map((value, i) => Math.abs(value - wanted[i]!) / Math.abs(wanted[i]!));
  // 0 / 0 is a 0 that was wanted. A comparison with NaN is false.
  const most = Math.max(...off.map((each, i) => (found[i] === wanted[i] ? 0 : each)));
  if (found.length === wanted.length && most <= TOLERANCE) return most;
  throw new Error(`computes ${found.join(', ')} and not ${wanted.join(', ')}`);
}

/** Milliseconds of `n` turns; whoever comes next finds a machine at rest. */
async function time({ turns, timed }: Runner, n: number, rest = 0): Promise<number> {
  const start = performance.now();
  const own = timed ? await timed(n) : await turns(n);
  const ms = own ?? performance.now() - start;
  await new Promise((resolve) => setTimeout(resolve, rest));
  return ms;
}

/** How many turns make a batch. */
async function batch(runner: Runner, care: Care) {
  const { batchMs, leastTurns = 1, patienceMs = 2000 } = care;
  for (let n = 1; ; ) {
    const ms = await time(runner, n);
    if (n === 1 && ms > patienceMs) {
      throw new Error(`left out: one turn takes ${(ms / 1000).toFixed(1)} s`);
    }
    if (ms >= batchMs && n >= leastTurns) return n;
    // Too few are doubled at least, and no estimate from a cold start decides alone.
    const more = n * Math.min(10, Math.max(2, (1.2 * batchMs) / ms));
    n = Math.ceil(ms >= batchMs ? leastTurns : more);
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
  /** The better way to begin. */
  readonly best: Start | undefined;
  runner: Runner | undefined;
  turns: number;
  /** Milliseconds of a turn, before any that count. */
  ms: number;
  readonly off: number;
  /** Milliseconds of a turn, by round. */
  readonly times: Map<number, number>;
  reason: string;
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

/** Batches of which the shortest decides between layouts: any may meet a slow machine. */
const TRIES = 3;

/** One contender in one layout, checked and warm. */
async function prepare({ start }: Start, wanted: Numbers | undefined, care: Care, tries: number) {
  const runner = await start();
  try {
    const found = await runner.check();
    const off = agree(found, wanted ?? found);
    const turns = await batch(runner, care);
    // Once more at least: the engine has its best code by now.
    let ms = Number.POSITIVE_INFINITY;
    for (let i = 0; i < tries; i++) ms = Math.min(ms, (await time(runner, turns)) / turns);
    return { runner, found, off, turns, ms };
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
  care: Care,
): Promise<{ found?: Numbers; entry: Entry }> {
  let best: (Awaited<ReturnType<typeof prepare>> & { best: Start }) | undefined;
  let reason = '';
  for (const each of starts) {
    try {
      const tries = starts.length > 1 ? TRIES : 1;
      const next = { ...(await prepare(each, wanted, care, tries)), best: each };
      const [fast, slow] = best && best.ms < next.ms ? [best, next] : [next, best];
      slow?.runner.close();
      best = fast;
    } catch (error) {
      reason = messageOf(error);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, rest));
  const entry = { contender: name, rest, times: new Map(), reason: best ? '' : reason };
  if (best) return { found: best.found, entry: { ...entry, ...best } };
  return { entry: { ...entry, best, runner: undefined, turns: 0, ms: 0, off: 0 } };
}

/**
 * Medians and spread of every contender that does such work, in rounds.
 * The first contender is whom the others are compared with in time, and in numbers unless those
 * that are expected are given.
 */
export async function measureWork(
  contenders: readonly Contender[],
  work: Work,
  care: Care,
  expected?: Numbers,
): Promise<PeerRow[]> {
  const entries: Entry[] = [];
  let wanted = expected;
  for (const contender of contenders) {
    const starts = startsOf(contender, work);
    if (starts.length === 0) continue;
    const { found, entry } = await enter(contender, starts, wanted, care);
    wanted ??= found;
    entries.push(entry);
  }
  const [own] = entries;
  if (!own) return [];
  if (!own.runner && !expected) {
    throw new Error(`${work.name}: ${own.contender}: ${own.reason}`);
  }
  const { rounds, sittings = 0, sittingMs = 0, batchMs } = care;
  let round = 0;
  while (round < rounds) await goRound(entries, round++, care);
  const quick = entries.filter(({ ms, turns }) => ms * turns < LONG * batchMs);
  for (let sitting = 0; sitting < sittings && quick.includes(own); sitting++) {
    for (const entry of quick) await begin(entry, wanted, care);
    const end = performance.now() + sittingMs;
    while (performance.now() < end) await goRound(quick, round++, care);
  }
  for (const { runner } of entries) runner?.close();
  return rowsOf(work, entries);
}

/** One batch of each. Each begins a round once, so that nobody always follows the same one. */
async function goRound(entries: readonly Entry[], round: number, care: Care): Promise<void> {
  for (const i of entries.keys()) {
    await takeTurn(entries[(i + round) % entries.length]!, round, care);
  }
}

/** Begins anew, in the better layout. */
async function begin(entry: Entry, wanted: Numbers | undefined, care: Care): Promise<void> {
  if (!entry.best || entry.reason) return;
  entry.runner?.close();
  entry.runner = undefined;
  try {
    const { runner, turns, ms } = await prepare(entry.best, wanted, care, 1);
    Object.assign(entry, { runner, turns, ms });
  } catch (error) {
    giveUp(entry, error);
  }
}

/** One batch. */
async function takeTurn(entry: Entry, round: number, { settle }: Care): Promise<void> {
  const { runner, turns, times, rest, reason } = entry;
  if (!runner || reason) return;
  try {
    await settle?.(runner, turns);
    times.set(round, (await time(runner, turns, rest)) / turns);
  } catch (error) {
    giveUp(entry, error);
  }
}

/** Whoever fails on the way has no time, and is not asked again. */
function giveUp(entry: Entry, error: unknown): void {
  entry.times.clear();
  entry.reason = messageOf(error);
}

function rowsOf(work: Work, entries: readonly Entry[]): PeerRow[] {
  const first = entries.find(({ times }) => times.size > 0)?.times;
  return entries.map(({ contender, best, turns, off, times, reason }) => {
    const row = { work: work.name, contender };
    if (times.size === 0) return { ...row, reason };
    const all = [...times.values()];
    const spread = { median: median(all), min: Math.min(...all), max: Math.max(...all) };
    const ratio = median(
      [...times].flatMap(([round, ms]) => (first?.has(round) ? ms / first.get(round)! : [])),
    );
    const rounds = times.size;
    const layout = best?.layout && { layout: best.layout };
    return { ...row, ...layout, ...spread, turns, rounds, ratio, off };
  });
}
