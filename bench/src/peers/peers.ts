// The comparison with other libraries as a whole: who takes part, the result, its table.
import type { Choice } from '../choice.ts';
import type { Runner } from './contender.ts';
import { isPresent, startAll, versionsOf } from './contenders.ts';
import { type Care, measureWork, type PeerRow } from './measure.ts';
import { works } from './works.ts';

/**
 * Collects the garbage of whoever came before, or the engine's threads would do it meanwhile. Then
 * come turns that do not count: they wake threads, to each of which a system gives a core only
 * after some milliseconds, and the engine compiles again what it has forgotten with the garbage.
 */
async function settle({ turns }: Runner, count: number): Promise<void> {
  globalThis.gc?.();
  await turns(Math.ceil(count / 4));
}

/** Data are handed over once in a batch, in which they should not count. */
const CARE: Care = { rounds: 3, sittings: 3, sittingMs: 6000, batchMs: 120, settle };

/** Times of every contender on every piece of work. */
export interface Peers {
  /** Version of each contender, or why it is absent. */
  readonly contenders: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
  readonly rows: readonly PeerRow[];
}

const NOTES = [
  'One thread each, but for NumPy where it says more; float32, but for NumPy where it says so.',
  'Examples one by one: sigmoid in all layers, half the squared error, an update after each ' +
    'example, as brain.js trains and nothing else does; a turn is a pass over all of them.',
];

/** Measures what is chosen, one piece of work after the other; all takes some twenty minutes. */
export async function measurePeers({ work: wanted, who }: Choice): Promise<Peers> {
  const all = await startAll(who);
  const present = all.filter(isPresent);
  const rows: PeerRow[] = [];
  try {
    for (const make of works) {
      const work = make();
      if (wanted.test(work.name)) rows.push(...(await measureWork(present, work, CARE)));
    }
  } finally {
    for (const { close } of present) close?.();
  }
  return { contenders: versionsOf(all), notes: NOTES, rows };
}

/** Rows to print: times in microseconds. */
export function peersTable({ contenders, rows }: Peers) {
  const us = (ms: number) => Number((ms * 1000).toPrecision(3));
  const absent = Object.entries(contenders).filter(([, version]) => version.startsWith('absent'));
  const missing = absent.map(([contender, reason]) => ({ work: 'all', contender, reason }));
  return [...rows, ...missing].map((row) => ({
    work: row.work,
    contender: row.contender,
    ...('layout' in row && { layout: row.layout }),
    ...('reason' in row
      ? { 'median, us': row.reason }
      : {
          'median, us': us(row.median),
          'min, us': us(row.min),
          'max, us': us(row.max),
          'times chainrule wasm': Number(row.ratio.toPrecision(3)),
        }),
  }));
}
