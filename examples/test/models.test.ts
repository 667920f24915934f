import { describe, expect, test } from 'vitest';
import { readDigits } from '../src/digits.ts';
import type { Display } from '../src/display.ts';
import { trainLogistic } from '../src/logistic.ts';
import { summary } from '../src/outcome.ts';

/** Keeps what would be shown. */
function recorder(): { display: Display; text: () => string; updates: number[] } {
  const lines: string[] = [];
  const updates: number[] = [];
  const progress = () => ({ update: (done: number) => updates.push(done), stop() {} });
  return {
    display: { say: (line) => lines.push(line), progress } as Display,
    text: () => lines.join('\n'),
    updates,
  };
}

test('logistic regression shows its formulas, its progress and where it ran', async () => {
  const { display, text, updates } = recorder();
  const settings = { device: 'js', epochs: 1, seed: 1, json: false, help: false } as const;
  const outcome = await trainLogistic(settings, display);
  expect(text()).toContain("dJ/dw = 1/m * X * (A - Y)'");
  expect(text()).toContain('\\frac{1}{m} X (A - Y)^{T}');
  // It starts at log 2: all weights are zero.
  expect(text()).toMatch(/^ +0\.693 [┼┤]/m);
  expect(updates.at(-1)).toBe(300);
  expect(summary(outcome)).toMatch(/test accuracy \d+\.\d\d %, test loss 0\.\d{4}/);
  expect(summary(outcome)).toMatch(/300 steps of 3 kernels in \d+\.\d\d s/);
  expect(summary(outcome)).toContain('device js: it was asked for');
});

test('a summary names every refused device with its reason', () => {
  const device = {
    kind: 'js',
    why: 'no GPU',
    refused: [{ kind: 'webgl', why: 'no canvas' }],
    lost: [],
  } as const;
  const outcome = { accuracy: 0.5, loss: 1, seconds: 2, steps: 100, kernelsPerStep: 3, device };
  expect(summary(outcome)).toContain('device js: no GPU\n    not webgl: no canvas');
  expect(summary(outcome)).toContain('(20.00 ms a step)');
});

describe('the digits', () => {
  test('are those of MNIST: published numbers of each, grey values from 0 to 1', async () => {
    const { train, test: held } = await readDigits();
    expect([train.X.shape, train.Y.shape]).toEqual([
      [784, 60000],
      [10, 60000],
    ]);
    expect([held.X.shape, held.Y.shape]).toEqual([
      [784, 10000],
      [10, 10000],
    ]);
    const counts = new Array<number>(10).fill(0);
    held.Y.data.forEach((value, i) => {
      counts[i % 10]! += value;
    });
    expect(counts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    const [low, high] = [Math.min, Math.max].map((pick) =>
      held.X.data.reduce((a, b) => pick(a, b)),
    );
    expect([low, high]).toEqual([0, 1]);
  });
});
