// Fresh processes and curves are asked for figures that must be there; which ones, nobody knows.
import { describe, expect, test } from 'vitest';
import { chainrule } from '../src/peers/chainrule.ts';
import { askChild, firstTable, timeOfImport } from '../src/peers/first.ts';
import { type ScalingRow, scalingTable } from '../src/peers/scaling.ts';
import { laidOut, mnist, planar } from '../src/peers/works.ts';

describe('a fresh process', () => {
  test.each(['chainrule wasm', 'TensorFlow.js cpu'] as const)(
    'takes the first step with %s',
    async (name) => {
      const { first, again, held, peak } = await askChild(name, planar().name, 'columns');
      expect(first).toBeGreaterThan(0);
      for (const ms of again) expect(ms).toBeGreaterThan(0);
      // W1 [4, 2], b1 [4, 1], W2 [1, 4], b2 [1, 1], X [2, 400] and Y [1, 400] at least.
      expect(held).toBeGreaterThanOrEqual(4 * (17 + 1200));
      expect(peak).toBeGreaterThan(held!);
    },
  );
  test('imports a library', async () => {
    expect(await timeOfImport(['@chainrule/nn'])).toBeGreaterThan(0);
    await expect(timeOfImport(['@chainrule/none'])).rejects.toThrow('@chainrule/none');
  });
  test('says what it cannot do', async () => {
    await expect(askChild('brain.js', planar().name, 'rows')).rejects.toThrow(
      'brain.js trains no such nets',
    );
  });
});

test('chainrule holds its parameters and the data', async () => {
  const work = mnist();
  const runner = await chainrule('wasm').net!(work, laidOut(work, 'columns'));
  const { held, peak } = (await runner.memory?.())!;
  runner.close();
  const units = [784, 256, 128, 10];
  const parameters = units.slice(1).reduce((sum, n, i) => sum + n * (units[i]! + 1), 0);
  // Some are kept twice, and so on; the data once.
  expect(held).toBeGreaterThanOrEqual(4 * (parameters + (784 + 10) * 128));
  expect(peak).toBeGreaterThan(held);
});

test('tables', () => {
  const row = {
    work: 'net',
    contender: 'a',
    layout: 'rows',
    first: 12.345,
    ratio: 1.5,
    ratioInAll: 1.25,
    imported: 30,
    start: 3,
    min: 1,
    max: 20,
  } as const;
  const first = { processes: 1, notes: [], rows: [{ ...row, again: 2, held: 1500 }] };
  expect(firstTable(first)).toEqual([
    {
      work: 'net',
      contender: 'a',
      layout: 'rows',
      'import, ms': 30,
      'first, ms': 12.3,
      'min, ms': 1,
      'max, ms': 20,
      times: 1.5,
      'times with import': 1.25,
      'start in it, ms': 3,
      'again, ms': 2,
      'held, kB': 1.5,
      'peak, kB': '',
    },
  ]);
  const time = { work: 'net', min: 1, max: 1, turns: 1, rounds: 5, ratio: 1, off: 0 };
  const rows: ScalingRow[] = [
    { ...time, curve: 'm', size: 1, contender: 'a', median: 0.1 },
    { ...time, curve: 'm', size: 1, contender: 'b', median: 1 },
    { ...time, curve: 'm', size: 2, contender: 'a', median: 0.4, growth: 2 },
    { work: 'net', curve: 'm', size: 2, contender: 'b', reason: 'left out' },
  ];
  expect(scalingTable(rows)).toEqual([
    { curve: 'm', size: 1, 'a, us': '100', 'b, us': '1000' },
    { curve: 'm', size: 2, 'a, us': '400 (2.00)', 'b, us': 'left out' },
  ]);
});
