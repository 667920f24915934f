// What is asked of each contender of the GPU bench: times, counts and first steps of one piece of
// work. It must not know how a page is opened, nor how a result is shown.
import type { Page } from 'playwright';
import { type Contender, messageOf, type Runner } from '../peers/contender.ts';
import { median } from '../peers/measure.ts';
import type { Layout, NetWork } from '../peers/works.ts';
import type { Lab, Site } from './browser.ts';
import { CONTENDERS, type GpuName } from './contenders.ts';
import type { Counts } from './count/count.ts';
import type { Api, Live } from './count/hooks.ts';
import type { First, Spec } from './page.ts';

/** Nobody is waited for longer than that, at once. */
const PATIENCE_MS = 120_000;

export const specOf = ({ layers, m, hidden, optimizer }: NetWork): Spec => [
  layers,
  m,
  hidden,
  optimizer,
];

/** Rejects when a page says nothing for long: it may have lost its GPU. */
async function within<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const why = `gave no answer in ${PATIENCE_MS / 1000} s`;
    timer = setTimeout(() => reject(new Error(why)), PATIENCE_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** The first line of what went wrong, as the page said it. */
const whyOf = (error: unknown): Error => {
  return new Error(
    messageOf(error)
      .split('\n')[0]!
      .replace(/^page\.evaluate: (Error: )?/, ''),
  );
};

/** Opens a page with a library and data; closes it again where `use` fails. */
async function withPage<T>(
  page: Page,
  { name, work, layout }: Asked,
  use: (page: Page) => Promise<T>,
): Promise<T> {
  try {
    await within(
      page.evaluate(([name, spec, layout]) => bench.load(name, spec, layout), [
        name,
        specOf(work),
        layout,
      ] as const),
    );
    return await within(use(page));
  } catch (error) {
    await page.close();
    throw whyOf(error);
  }
}

/** What was found, or why nothing was: one page that fails must not end the others. */
export type Attempt<T> = T | { readonly reason: string };

async function attempt<T>(find: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return await find();
  } catch (error) {
    return { reason: whyOf(error).message };
  }
}

export interface Asked {
  readonly name: GpuName;
  readonly work: NetWork;
  readonly layout: Layout;
}

/** A contender that does its work in a page of its own, and takes the time there. */
export const inPage = (lab: Lab, name: GpuName): Contender => ({
  name,
  version: CONTENDERS[name].version,
  layouts: CONTENDERS[name].layouts,
  net: async (work, { layout }) =>
    withPage(await lab.open(), { name, work, layout }, async (page) => {
      await page.evaluate(() => bench.start());
      return runnerOf(page);
    }),
});

function runnerOf(page: Page): Runner {
  const timed = (n: number) => within(page.evaluate((n) => bench.timed(n), n));
  return {
    check: () => within(page.evaluate(() => bench.check())),
    turns: async (n) => void (await timed(n)),
    timed,
    close: () => void page.close(),
  };
}

/** What a contender asks of the GPU. */
export interface GpuCounts {
  /** Draw calls and dispatches. */
  readonly dispatches: number;
  /** Calls and bytes of a step; those of a block of steps, which are not of its steps. */
  readonly step: Flow;
  readonly block: Flow;
  /** Programs and pipelines made, for steps and cost. */
  readonly programs: number;
  /** What there is after so many steps. */
  readonly live: readonly (Live & { readonly steps: number })[];
}

export type Flow = Readonly<
  Record<'dispatches' | 'submits' | 'uploads' | 'uploaded' | 'uniforms' | 'copies', number> &
    Record<'reads' | 'read', number>
>;

/** Steps before the blocks that are counted: those of `check`, and as many as make ten. */
const WARM = 5;
/** Blocks whose counts are compared, for those that are quick and for those that are not. */
const BLOCKS = { quick: [10, 90], slow: [2, 8] } as const;
/** A step of the quick, in milliseconds. */
const QUICK_MS = 80;

/** Counts of two blocks of different lengths, which tell the steps' share from the block's. */
export const countOf = (lab: Lab, asked: Asked, stepMs: number) =>
  attempt(() => counted(lab, asked, stepMs));

async function counted(lab: Lab, asked: Asked, stepMs: number): Promise<GpuCounts> {
  const [short, long] = stepMs < QUICK_MS ? BLOCKS.quick : BLOCKS.slow;
  return withPage(await lab.open({ counted: true }), asked, async (page) => {
    await page.evaluate(() => bench.start());
    await page.evaluate(() => bench.check());
    const after = async (n: number) => {
      await within(page.evaluate((n) => bench.timed(n), n));
      return page.evaluate(() => bench.counts());
    };
    const warm = await after(WARM);
    const one = await after(short);
    const two = await after(long);
    await page.close();
    assertApi(asked.name, two);
    const flow = flowOf(one, two);
    const before = flowOf(warm, one);
    const step = combine((a, b) => (b - a) / (long - short), before, flow);
    const block = combine((a, s) => a - s * short, before, step);
    const steps = 2 * WARM;
    const live = [
      { steps, ...warm.live },
      { steps: steps + short + long, ...two.live },
    ];
    return { dispatches: step.dispatches, step, block, programs: two.programs, live };
  });
}

const sum = (dispatches: Counts['dispatches']) =>
  Object.values(dispatches).reduce((total, n) => total + n, 0);

/** What came between two counts. */
function flowOf(from: Counts, to: Counts): Flow {
  const flat = ({ live: _, programs: __, dispatches, ...rest }: Counts): Flow => ({
    ...rest,
    dispatches: sum(dispatches),
  });
  return combine((a, b) => b - a, flat(from), flat(to));
}

function combine(f: (a: number, b: number) => number, a: Flow, b: Flow): Flow {
  const names = Object.keys(a) as (keyof Flow)[];
  return Object.fromEntries(names.map((name) => [name, f(a[name], b[name])])) as Flow;
}

/** Throws unless everything went through the interface that the contender is listed with. */
function assertApi(name: GpuName, { dispatches }: Counts): void {
  const { api } = CONTENDERS[name];
  const used = (Object.keys(dispatches) as Api[]).filter((each) => dispatches[each] > 0);
  if (used.length === 1 && used[0] === api) return;
  throw new Error(`ran on ${used.join(' and ') || 'no GPU at all'}, not on ${api}`);
}

/** Milliseconds of a first step: medians and spread over browsers. */
export interface FirstSteps {
  /** In a browser that has compiled no shader. */
  readonly cold: Spread;
  /** In the next fresh page of it. */
  readonly warm: Spread;
  /** Of the cold one, the start of the backend. */
  readonly start: number;
  /** Before the cold one, fetching and evaluating the code. */
  readonly code: number;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Contenders take turns, so that whatever else the machine does meets all of them. */
export async function measureFirst(site: Site, all: readonly Asked[], browsers: number) {
  const found = all.map(() => [] as Attempt<{ cold: First; warm: First }>[]);
  for (let i = 0; i < browsers; i++) {
    for (const [at, asked] of all.entries()) {
      found[at]!.push(await attempt(() => firstOf(site, asked)));
    }
  }
  return found.map((tries): Attempt<FirstSteps> => {
    const failed = tries.find((each) => 'reason' in each);
    if (failed) return failed;
    const runs = tries.filter((each) => 'cold' in each);
    const spread = (times: readonly number[]) => ({
      median: median(times),
      min: Math.min(...times),
      max: Math.max(...times),
    });
    return {
      cold: spread(runs.map(({ cold }) => cold.first)),
      warm: spread(runs.map(({ warm }) => warm.first)),
      start: median(runs.map(({ cold }) => cold.start)),
      code: median(runs.map(({ cold }) => cold.code)),
    };
  });
}

/** The first step in a browser, and in its next page. */
async function firstOf(site: Site, asked: Asked) {
  const lab = await site.browser();
  const first = async () =>
    withPage(await lab.open(), asked, async (page) => {
      const found = await page.evaluate(() => bench.first());
      await page.close();
      return found;
    });
  try {
    // Starts the process that draws for all pages, which belongs to the browser.
    await (await lab.open()).evaluate(() => bench.renderers());
    return { cold: await first(), warm: await first() };
  } finally {
    await lab.close();
  }
}
