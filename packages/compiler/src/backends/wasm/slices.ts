// Work in slices between which the page lives on, where it cannot go on in the background.

/** Milliseconds of a slice: two in a frame of a screen. */
export const SLICE_MS = 8;

/** Runs `turns(n)` for `times` turns altogether, or until `stopped`; gives how many are left. */
export async function inSlices(
  times: number,
  turns: (n: number) => void,
  stopped: () => boolean,
): Promise<number> {
  let count = 1;
  let left = times;
  while (left > 0 && !stopped()) {
    const n = Math.min(count, left);
    const start = performance.now();
    turns(n);
    left -= n;
    const ms = performance.now() - start;
    // At most doubled: a first turn may be slow, or the clock coarse.
    count = Math.max(1, Math.min(2 * n, Math.floor((n * SLICE_MS) / Math.max(ms, 0.001))));
    if (ms >= SLICE_MS / 2) await othersTurn();
  }
  return left;
}

interface Global {
  /** Node's. Its `MessageChannel` loads all of `fetch` at the first message, for 20 to 50 ms. */
  readonly setImmediate?: (then: () => void) => void;
}

// That of now: tests of users may put a clock of their own in its place, which nobody winds.
const { setImmediate } = globalThis as Global;

/** Events, timers and painting; a timer alone would wait four milliseconds for nothing. */
function othersTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (setImmediate) {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
