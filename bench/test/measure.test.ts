// Times that are made up: what is measured of them is known.
import { expect, test } from 'vitest';
import type { Contender } from '../src/peers/contender.ts';
import { type Care, measureWork } from '../src/peers/measure.ts';
import { product } from '../src/peers/works.ts';

const work = product([2, 2, 2]);

/** A contender that says what its batches take: that of `batch` turns of so many milliseconds. */
const saying = (name: string, msOf: (batch: number) => number): Contender => {
  let batches = 0;
  return {
    ...{ name, version: '1', layouts: [] },
    product: async () => ({
      check: async () => [1, 2],
      turns: async () => {},
      timed: async (n) => n * msOf(batches++),
      close: () => {},
    }),
  };
};

/** A batch is one turn of 10 ms: one to find that out, one to begin with; then one a round. */
const care: Care = { rounds: 5, batchMs: 10 };

test('ratios are those of a round: who is slow is compared with what is slow then', async () => {
  // For three rounds the machine is three times as slow; a median of all would be one of those.
  const machine = (batch: number) => ([3, 4, 5].includes(batch) ? 30 : 10);
  const rows = await measureWork(
    [
      saying('own', machine),
      saying('other', (batch) => 2 * machine(batch) + (batch === 3 ? 100 : 0)),
    ],
    work,
    care,
  );
  expect(rows).toMatchObject([
    { contender: 'own', median: 30, min: 10, max: 30, rounds: 5, turns: 1, ratio: 1 },
    { contender: 'other', median: 60, min: 20, max: 160, ratio: 2 },
  ]);
});

test('more rounds follow in sittings, without those who take long', async () => {
  const rows = await measureWork(
    [saying('own', () => 10), saying('slow', () => 40), saying('quick', () => 39)],
    work,
    { ...care, sittings: 1, sittingMs: 100 },
  );
  const rounds = rows.map((row) => ('rounds' in row ? row.rounds : 0));
  expect(rounds[1]).toBe(5);
  expect(rounds[0]).toBeGreaterThan(5);
  expect(rounds[2]).toBe(rounds[0]);
});

test('all begin anew in each sitting, and are closed', async () => {
  let [started, closed] = [0, 0];
  const own = saying('own', () => 10);
  const counted: Contender = {
    ...own,
    product: async (work) => {
      started++;
      return { ...(await own.product!(work)), close: () => void closed++ };
    },
  };
  const sittings = { sittings: 2, sittingMs: 20 };
  const [row] = await measureWork([counted], work, { ...care, ...sittings });
  expect(row).toMatchObject({ median: 10 });
  expect([started, closed]).toEqual([3, 3]);
});

test('who fails on the way has no time, and others are compared with who has', async () => {
  const fails = saying('own', (batch) => {
    if (batch === 4) throw new Error('out of breath');
    return 10;
  });
  const rows = await measureWork(
    [fails, saying('a', () => 20), saying('b', () => 30)],
    work,
    care,
  );
  expect(rows).toMatchObject([
    { contender: 'own', reason: 'out of breath' },
    { contender: 'a', ratio: 1 },
    { contender: 'b', ratio: 1.5 },
  ]);
});
