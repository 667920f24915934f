import { afterEach, expect, test, vi } from 'vitest';
import { createDisplay, plot } from '../src/display.ts';

afterEach(() => vi.restoreAllMocks());

test('a plot fits into a terminal and marks its range', () => {
  const lines = plot(
    'loss',
    Array.from({ length: 1000 }, (_, i) => 2 * Math.exp(-i / 200)),
  ).split('\n');
  expect(lines[0]).toBe('  loss');
  expect(lines).toHaveLength(10);
  for (const line of lines) expect(line.length).toBeLessThan(80);
  expect(lines[1]).toMatch(/^ +1\.9/);
  expect(lines.at(-1)).toMatch(/^ +0\.0/);
});

test('a plot of what diverged says so instead of failing', () => {
  expect(plot('loss', [1, Number.NaN, Number.POSITIVE_INFINITY])).toContain('too few finite');
  expect(plot('loss', [])).toContain('too few finite');
  expect(plot('loss', [1, Number.NaN, 1])).toContain('1.000');
});

test('without a terminal there is a line at each quarter, and none if quiet', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  for (const quiet of [false, true]) {
    const progress = createDisplay(quiet, false).progress(10);
    for (let done = 1; done <= 10; done++) progress.update(done, { loss: 1 / done });
    progress.stop();
  }
  expect(log.mock.calls.map(([text]) => text)).toEqual([
    '   30 %  loss 0.333',
    '   50 %  loss 0.200',
    '   80 %  loss 0.125',
    '  100 %  loss 0.100',
  ]);
});
