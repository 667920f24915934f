// What a training run came to, and how that is told. Knows nothing of a particular model.
import type { Session } from '@chainrule/compiler';
import { percent } from './display.ts';

export interface Outcome {
  /** Of the test examples, which training never saw. */
  readonly accuracy: number;
  readonly loss: number;
  readonly seconds: number;
  readonly steps: number;
  readonly kernelsPerStep: number;
  readonly device: Session['device'];
}

export function summary(outcome: Outcome): string {
  const { accuracy, loss, seconds, steps, kernelsPerStep, device } = outcome;
  const time = `${seconds.toFixed(2)} s (${((1000 * seconds) / steps).toFixed(2)} ms a step)`;
  return [
    `  test accuracy ${percent(accuracy)}, test loss ${loss.toFixed(4)}`,
    `  ${steps} steps of ${kernelsPerStep} kernels in ${time}`,
    `  device ${device.kind}: ${device.why}`,
    ...device.refused.map(({ kind, why }) => `    not ${kind}: ${why}`),
    '',
  ].join('\n');
}
