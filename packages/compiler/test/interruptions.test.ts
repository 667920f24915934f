// Sessions whose calls are interrupted in any order: each is undone to the bit, and what is kept
// for it is given back.
import { add, input, mean, mul, param, tanh } from '@chainrule/graph';
import { expect, test } from 'vitest';
import { compileOn } from '../src/compile.ts';
import type { Feeds, Program, Session } from '../src/index.ts';
import { sizeOf } from '../src/nest.ts';
import { isSameState } from './support/faults.ts';
import { type Fault, faultless, faultyPlatform } from './support/faulty.ts';
import { mulberry } from './support/nests.ts';
import { randomProgram } from './support/random-programs.ts';

const X = input(9, 'm', { name: 'X' });
const large = param(97, { name: 'L', init: { kind: 'normal', std: 1 } });

/** A random program whose updates depend on data, too, and next to which these are small. */
function fedProgram(seed: number) {
  const updates = randomProgram(seed).updates.map(({ param, value }, i) => ({
    param,
    value: add(value, mul(0.01 * (i + 1), tanh(mean(X)))),
  }));
  return { updates: [...updates, { param: large, value: mul(0.99, large) }] };
}

const open = (program: Program, fault: Fault, checkpoint: number): Promise<Session> =>
  compileOn(faultyPlatform(fault), program, { device: 'wasm', checkpoint });

const SEEDS = 10;
const CALLS = 60;

test.each([1, 3, 100])(
  'in any order, with batches of any size and parameters that are set, every %d steps',
  async (every) => {
    for (let seed = 1; seed <= SEEDS; seed++) await compare(every, seed);
  },
);

/** A random order of calls, next to a session that does not meet those that are interrupted. */
async function compare(every: number, seed: number): Promise<void> {
  const random = mulberry(1000 * every + seed);
  const below = (n: number): number => Math.floor(random() * n);
  const program = fedProgram(seed);
  const changed = program.updates.reduce((sum, u) => sum + sizeOf(u.param.shape as number[]), 0);
  const fault = faultless();
  using run = await open(program, fault, every);
  using other = await open(program, faultless(), 0);
  const start = fault.live;
  let state = await run.state();
  const numbers = (m: number) => ({
    X: Float32Array.from({ length: 9 * m }, () => random() - 0.5),
  });
  const held = [2, 4].map((m) => run.hold(numbers(m)));
  const most = changed + 9 * (2 + 4);
  const batch = (): Feeds =>
    random() < 0.3 ? held[below(2)]! : numbers(random() < 0.7 ? 2 : 1 + below(5));
  const step = async (times: number | undefined): Promise<void> => {
    const feeds = batch();
    const call = async (session: Session): Promise<void> =>
      times === undefined ? session.step(feeds) : session.steps(times, feeds);
    const undone = /^steps? was interrupted, parameters are what they were before it: a worker/;
    if (fault.fails) await expect(call(run)).rejects.toThrow(undone);
    else await Promise.all([call(run), call(other)]);
  };
  const set = (name: string): void => {
    const values = state[name]!.data.map((x) => x / 2);
    for (const session of [run, other]) session.write(name, values);
  };
  for (let i = 0; i < CALLS; i++) {
    fault.isAtRisk = random() < 0.8;
    fault.fails = fault.isAtRisk && random() < 0.3;
    fault.isAway = random() < 0.3;
    fault.isLong = random() < 0.5;
    const which = below(20);
    if (which < 10) await step(undefined);
    else if (which < 15) await step(random() < 0.5 ? 1 : 1 + below(6));
    else if (which === 15) set(Object.keys(state)[below(Object.keys(state).length)]!);
    else if (which === 16) for (const session of [run, other]) session.restore(state);
    else if (which === 17) state = await run.state();
    else {
      fault.fails = false;
      await run.value(mean(X), batch());
    }
    await isSameState(run, other);
    expect([seed, i, fault.live - start <= most]).toEqual([seed, i, true]);
  }
  run.restore(state);
  expect(fault.live).toBeLessThanOrEqual(start + most - changed);
}

test('what is kept makes room for what is needed', async () => {
  const fault = faultless();
  const updates = [{ param: large, value: add(mul(0.9, large), mean(X)) }];
  using run = await open({ updates }, fault, 100);
  fault.isAtRisk = true;
  const feeds = (x: number) => ({ X: new Float32Array(9).fill(x) });
  run.step(feeds(1));
  fault.most = fault.live + 9;
  for (let i = 0; i < 5; i++) run.step(feeds(i));
  const before = await run.state();
  fault.fails = true;
  expect(() => run.step(feeds(2))).toThrow('parameters are what they were before it: ');
  expect(await run.state()).toEqual(before);
});
