// One contender alone in a fresh process: the first step of a net ever, then the same again. Run
// by first.ts with the names of contender, work and layout; prints one line of JSON.
import type { Absent, Contender } from './contender.ts';
import { isPresent, type LocalName, loaders } from './contenders.ts';
import type { FirstTimes } from './first.ts';
import { type Layout, laidOut, mnist, planar } from './works.ts';

const [name, workName, layout] = process.argv.slice(2) as [LocalName, string, Layout];
const AGAIN = 10;

const work = [planar(), mnist()].find((each) => each.name === workName)!;
const data = laidOut(work, layout);
const begin = await loaders[name]();
const started = performance.now();
const contender: Contender | Absent = await begin();
const start = performance.now() - started;
if (!isPresent(contender) || !contender.net) throw new Error(`${name} trains no such nets`);
const { net } = contender;

/** Formula, derivative, compilation, one step, a parameter read; and what is then there. */
async function once() {
  const start = performance.now();
  const runner = await net(work, data);
  await runner.turns(1);
  return { ms: performance.now() - start, runner };
}

async function timed(): Promise<number> {
  const { ms, runner } = await once();
  runner.close();
  return ms;
}

const first = start + (await timed());
const again: number[] = [];
for (let i = 0; i < AGAIN; i++) again.push(await timed());
const memory = await (await once()).runner.memory?.();
console.log(JSON.stringify({ start, first, again, ...memory } satisfies FirstTimes));
