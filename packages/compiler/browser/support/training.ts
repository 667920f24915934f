// A worker that trains. Its own workers are the page's, who can end them while this one computes.
// Its name says whether it may sleep.
import { interruptedBy } from '../../test/support/faults.ts';

/** What it asks of the page, by the number of a worker, and what it says at last. */
export type Request =
  | { readonly start: number; readonly url: string }
  | { readonly to: number; readonly data: unknown }
  | { readonly end: number }
  | { readonly outcome: string };
/** What a worker said. */
export interface Answer {
  readonly from: number;
  readonly data: unknown;
}

/** Milliseconds in which a browser ends a worker that is busy: Chromium gives it two seconds. */
const ENDING = 5000;

const ask = (request: Request): void => postMessage(request);
const workers: Partial<Worker>[] = [];

/** In the place of the browser's. */
function start(url: string): Partial<Worker> {
  const number = workers.length;
  ask({ start: number, url });
  const worker: Partial<Worker> = {
    postMessage: (data: unknown) => ask({ to: number, data }),
    terminate: () => ask({ end: number }),
  };
  workers.push(worker);
  return worker;
}
Object.assign(globalThis, {
  Worker: function Worker(url: string) {
    return start(url);
  },
});
addEventListener('message', ({ data: { from, data } }: MessageEvent<Answer>) =>
  workers[from]!.onmessage?.call(workers[from] as Worker, new MessageEvent('message', { data })),
);

if (self.name === 'may not sleep') {
  // As on the main thread of a page.
  Atomics.wait = () => {
    throw new TypeError('Atomics.wait cannot be called in this context');
  };
}
const endAll = (): void => {
  for (const end of workers.keys()) ask({ end });
};
try {
  await interruptedBy({ call: (run, feeds) => run.step(feeds), end: endAll, ending: ENDING });
  ask({ outcome: 'as it should be' });
} catch (error) {
  ask({ outcome: String((error as Error).stack) });
}
