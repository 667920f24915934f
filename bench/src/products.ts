// Products of square matrices beside the limit of the core, in turns: what slows the machine for a
// while slows both.
import { compile, type DeviceRequest, type Session } from '@chainrule/compiler';
import { openPeak } from './peak.ts';
import { median } from './peers/measure.ts';
import { product } from './programs.ts';

export interface ProductRow {
  readonly size: number;
  readonly transposed: string;
  readonly device: string;
  readonly gflops: number;
  /** What registers alone reach in the same rounds. */
  readonly peak: number;
  /** The part of it that the product reaches: the median of what it was in each round. */
  readonly ofPeak: number;
}

const SIZES = [64, 128, 256, 512, 1024];
/** Milliseconds of products in a round. */
const BATCH_MS = 60;
/** The fewest rounds. */
const ROUNDS = 5;

/** A product that is ready to be measured. */
interface Entry {
  readonly run: Session;
  readonly size: number;
  readonly transposed: string;
  /** Products of a batch. */
  readonly count: number;
  /** GFLOP/s in each round, and those of registers alone just before. */
  readonly found: { readonly own: number; readonly limit: number }[];
}

/** On one thread, as the limit is that of one core; so many seconds for each in all. */
export async function measureProducts(
  device: DeviceRequest,
  seconds: number,
): Promise<ProductRow[]> {
  const peak = await openPeak();
  const entries: Entry[] = [];
  for (const size of SIZES) {
    for (const transposed of ['none', 'left', 'right'] as const) {
      const run = await compile(product([size, size, size], transposed), { device, threads: 1 });
      const count = await batchOf(run);
      entries.push({ run, size, transposed, count, found: [] });
    }
  }
  const rounds = Math.max(ROUNDS, Math.round((seconds * 1000) / (2 * BATCH_MS)));
  for (let round = 0; round < rounds; round++) {
    for (const { run, size, count, found } of entries) {
      const limit = peak();
      found.push({ limit, own: (2 * size ** 3 * count) / (await time(run, count)) / 1e6 });
    }
  }
  return entries.map(({ run, size, transposed, found }) => {
    const { kind } = run.device;
    run.dispose();
    return {
      ...{ size, transposed, device: kind },
      gflops: median(found.map(({ own }) => own)),
      peak: median(found.map(({ limit }) => limit)),
      ofPeak: median(found.map(({ own, limit }) => own / limit)),
    };
  });
}

/** How many products take long enough; until then the engine has its best code, too. */
async function batchOf(run: Session): Promise<number> {
  let count = 1;
  while ((await time(run, count)) < BATCH_MS) count *= 2;
  return count;
}

/** Milliseconds of so many products. */
async function time(run: Session, count: number): Promise<number> {
  const start = performance.now();
  await run.steps(count, {});
  await run.read('C');
  return performance.now() - start;
}

/** Rows to print. */
export const productsTable = (rows: readonly ProductRow[]) =>
  rows.map(({ gflops, peak, ofPeak, ...row }) => ({
    ...row,
    'GFLOP/s': Number(gflops.toFixed(1)),
    'of registers alone': Number(peak.toFixed(1)),
    part: Number(ofPeak.toFixed(2)),
  }));
