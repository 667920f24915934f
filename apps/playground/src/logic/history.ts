// The loss curve: a bounded number of points, thinned evenly as training goes on. Pure.

export interface Sample {
  readonly step: number;
  readonly train: number;
  readonly test: number;
}

/** More points than pixels of the chart tell nothing. */
const MAX_SAMPLES = 600;

/** With a new sample; when there are too many, every other old one goes. */
export function withSample(history: readonly Sample[], sample: Sample): readonly Sample[] {
  if (history.at(-1)?.step === sample.step) return [...history.slice(0, -1), sample];
  const kept = history.length < MAX_SAMPLES ? history : history.filter((_, i) => i % 2 === 0);
  return [...kept, sample];
}
