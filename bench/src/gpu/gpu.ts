// The GPU bench as a whole: which work, the result, its table.
import type { Choice } from '../choice.ts';
import { chainrule } from '../peers/chainrule.ts';
import { type Care, measureWork, type PeerRow } from '../peers/measure.ts';
import { laidOut, type NetWork, net } from '../peers/works.ts';
import { type Lab, openSite, type Site } from './browser.ts';
import { CONTENDERS, type GpuName } from './contenders.ts';
import {
  type Attempt,
  countOf,
  type FirstSteps,
  type GpuCounts,
  inPage,
  measureFirst,
} from './measure.ts';

const CARE: Care = { rounds: 5, batchMs: 500, leastTurns: 4, patienceMs: 5000 };
const works: readonly NetWork[] = [
  net([12288, 1], 209, 'relu'),
  net([2, 4, 1], 400, 'tanh'),
  net([784, 256, 128, 10], 128, 'relu'),
  net([784, 256, 128, 10], 128, 'relu', 'adam'),
];

export type GpuRow = PeerRow & {
  readonly counts?: Attempt<GpuCounts>;
  readonly first?: Attempt<FirstSteps>;
};

export interface Gpu {
  readonly browser: string;
  /** What draws and computes, by interface. */
  readonly renderers: Readonly<Record<string, string>>;
  readonly contenders: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly browsers: number;
  readonly notes: readonly string[];
  readonly rows: readonly GpuRow[];
}

const NOTES = [
  'Times are of blocks of steps, each ended by reading the cost. A renderer in software has ' +
    'other costs than a GPU: quote ratios and counts, with its name.',
  'First steps: from a library and data in a fresh page to the cost after one step, with the ' +
    'start of the backend; cold in a browser that has compiled no shader, warm in its next ' +
    'page. Before them the code is loaded, for chainrule with gpu.js, from this machine.',
  'Counts: of a step in the middle of a block, without what the block does once. Live is what ' +
    'the program has made and not freed.',
];

/**
 * Measures what is chosen, piece by piece; all of it takes some ten minutes.
 * @param browsers in which first steps are measured, for each contender and piece of work
 */
export async function measureGpu({ work: wanted, who }: Choice, browsers: number): Promise<Gpu> {
  const names = (Object.keys(CONTENDERS) as GpuName[]).filter((name) => who.test(name));
  const site = await openSite();
  const lab = await site.browser();
  try {
    const page = await lab.open();
    const renderers = await page.evaluate(() => bench.renderers());
    await page.close();
    const rows: GpuRow[] = [];
    for (const work of works.filter(({ name }) => wanted.test(name))) {
      rows.push(...(await withFirst(site, work, await measureOne(lab, work, names), browsers)));
    }
    const contenders = Object.fromEntries(names.map((name) => [name, CONTENDERS[name].version]));
    const { rounds } = CARE;
    return {
      ...{ browser: lab.version, renderers, contenders },
      ...{ rounds, browsers, notes: NOTES, rows },
    };
  } finally {
    await lab.close();
    site.close();
  }
}

/** The first costs, computed without any GPU. */
async function costsOf(work: NetWork): Promise<readonly number[]> {
  const runner = await chainrule('js').net!(work, laidOut(work, 'columns'));
  const costs = await runner.check();
  runner.close();
  return costs;
}

async function measureOne(lab: Lab, work: NetWork, names: readonly GpuName[]): Promise<GpuRow[]> {
  const contenders = names.map((name) => inPage(lab, name));
  const timed = await measureWork(contenders, work, CARE, await costsOf(work));
  const rows: GpuRow[] = [];
  for (const row of timed) {
    if ('reason' in row) rows.push(row);
    else {
      const name = row.contender as GpuName;
      const asked = { name, work, layout: row.layout! };
      rows.push({ ...row, counts: await countOf(lab, asked, row.median) });
    }
  }
  return rows;
}

async function withFirst(
  site: Site,
  work: NetWork,
  rows: readonly GpuRow[],
  browsers: number,
): Promise<readonly GpuRow[]> {
  if (browsers === 0) return rows;
  const present = rows.filter((row) => 'median' in row);
  const asked = present.map(({ contender, layout }) => ({
    ...{ name: contender as GpuName, work, layout: layout! },
  }));
  const found = await measureFirst(site, asked, browsers);
  const first = new Map<GpuRow, Attempt<FirstSteps>>(present.map((row, i) => [row, found[i]!]));
  return rows.map((row) => (first.has(row) ? { ...row, first: first.get(row)! } : row));
}

const digits = (x: number) => Number(x.toPrecision(3));

/** Rows to print: milliseconds, calls and bytes. */
export const gpuTable = ({ rows }: Gpu) =>
  rows.map((row) => {
    const who = { work: row.work, contender: row.contender };
    if ('reason' in row) return { ...who, 'ms a step': row.reason };
    const { layout, median, min, max, ratio, off, counts, first } = row;
    return {
      ...who,
      layout,
      'ms a step': digits(median),
      spread: `${digits(min)}-${digits(max)}`,
      'times the first': digits(ratio),
      'cost off': off.toExponential(1),
      ...(first && firstCells(first)),
      ...(counts && countCells(counts)),
    };
  });

const firstCells = (first: Attempt<FirstSteps>) =>
  'reason' in first
    ? { 'first, cold': first.reason }
    : {
        'first, cold': digits(first.cold.median),
        'first, warm': digits(first.warm.median),
        code: digits(first.code),
      };

function countCells(counts: Attempt<GpuCounts>) {
  if ('reason' in counts) return { dispatches: counts.reason };
  const live = counts.live.map(
    ({ textures, buffers, steps }) => `${textures + buffers} (${steps})`,
  );
  return {
    dispatches: digits(counts.dispatches),
    'bytes up': digits(counts.step.uploaded),
    'bytes back': digits(counts.step.read),
    live: live.join(' -> '),
  };
}
