// The comparison with other libraries as a whole: who takes part, the result, its table, its file.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chainrule } from './chainrule.ts';
import type { Absent, Contender } from './contender.ts';
import { jax } from './jax.ts';
import { measureWork, type PeerRow } from './measure.ts';
import { numpy } from './numpy.ts';
import { tensorflow } from './tfjs.ts';
import { works } from './works.ts';

const file = fileURLToPath(new URL('../../results/peers.json', import.meta.url));
const ROUNDS = 7;

/** Times of every contender on every piece of work, with all one needs to read them. */
export interface Peers {
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  readonly rounds: number;
  /** Version of each contender, or why it is absent. */
  readonly contenders: Readonly<Record<string, string>>;
  readonly rows: readonly PeerRow[];
}

/** The contenders made of npm packages alone; the first is what others are held against. */
export const inProcess = async (): Promise<readonly Contender[]> => [
  chainrule('wasm'),
  chainrule('js'),
  await tensorflow('cpu'),
  await tensorflow('wasm'),
  await jax(),
];

/** Measures all of it, one piece of work after the other; takes minutes. */
export async function measurePeers(): Promise<Peers> {
  const [cpu] = cpus();
  const all: readonly (Contender | Absent)[] = [...(await inProcess()), await numpy()];
  const present = all.filter((each): each is Contender => 'net' in each);
  const rows: PeerRow[] = [];
  try {
    for (const work of works) rows.push(...(await measureWork(present, work(), ROUNDS)));
  } finally {
    for (const { close } of present) close?.();
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: {
      cpu: cpu?.model.trim() ?? 'unknown',
      cores: cpus().length,
      node: process.version,
    },
    rounds: ROUNDS,
    contenders: Object.fromEntries(
      all.map((each) => [each.name, 'version' in each ? each.version : `absent: ${each.reason}`]),
    ),
    rows,
  };
}

/** Writes bench/results/peers.json and gives its path. */
export function savePeers(peers: Peers): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(peers, null, 2)}\n`);
  return file;
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
