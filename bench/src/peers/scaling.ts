// How the time of a step grows with the batch, the width and the depth of a net.
import { loaders } from './contenders.ts';
import { type Care, measureWork, type PeerRow } from './measure.ts';
import { type NetWork, net } from './works.ts';

export type ScalingRow = PeerRow & {
  /** What grows, and what it is here. */
  readonly curve: string;
  readonly size: number;
  /** p, where the time grows as size^p from the row of the size before to this one. */
  readonly growth?: number;
};

const CARE: Care = { rounds: 5, batchMs: 20 };

const powers = (from: number, to: number): number[] => {
  const all: number[] = [];
  for (let n = from; n <= to; n *= 2) all.push(n);
  return all;
};

interface Curve {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly work: (size: number) => NetWork;
}

const curves: readonly Curve[] = [
  {
    name: 'batch m of 128-64-10',
    sizes: powers(64, 4096),
    work: (m) => net([128, 64, 10], m, 'relu'),
  },
  {
    name: 'width n of n-n-n-10, batch 64',
    sizes: powers(16, 1024),
    work: (n) => net([n, n, n, 10], 64, 'relu'),
  },
  {
    name: 'hidden layers of 32, batch 64',
    sizes: powers(1, 32),
    work: (layers) => net([...new Array(layers + 1).fill(32), 10], 64, 'tanh'),
  },
];

/** The curves of chainrule and of its peers on WebAssembly; takes under a minute. */
export async function measureScaling(): Promise<ScalingRow[]> {
  const contenders = [
    await (await loaders['chainrule wasm']())(),
    await (await loaders['TensorFlow.js wasm']())(),
    await (await loaders['jax-js wasm']())(),
  ];
  const rows: ScalingRow[] = [];
  for (const { name: curve, sizes, work } of curves) {
    for (const size of sizes) {
      for (const row of await measureWork(contenders, work(size), CARE)) {
        const before = rows.findLast((r) => r.curve === curve && r.contender === row.contender);
        rows.push({ ...row, curve, size, ...growthOf(row, size, before) });
      }
    }
  }
  return rows;
}

function growthOf(row: PeerRow, size: number, before: ScalingRow | undefined) {
  if (!before || !('median' in row) || !('median' in before)) return {};
  return { growth: Math.log(row.median / before.median) / Math.log(size / before.size) };
}

/** Rows to print: one for each size of a curve, times in microseconds, `(growth)` behind. */
export function scalingTable(rows: readonly ScalingRow[]) {
  const table: Record<string, string | number>[] = [];
  for (const row of rows) {
    const last = table.at(-1);
    const isNew = last?.['curve'] !== row.curve || last['size'] !== row.size;
    if (isNew) table.push({ curve: row.curve, size: row.size });
    table.at(-1)![`${row.contender}, us`] = cell(row);
  }
  return table;
}

function cell(row: ScalingRow): string {
  if ('reason' in row) return row.reason;
  const us = Number((row.median * 1000).toPrecision(3));
  return row.growth === undefined ? `${us}` : `${us} (${row.growth.toFixed(2)})`;
}
