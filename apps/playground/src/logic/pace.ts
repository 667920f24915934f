// How much to do in one frame. It is told times and never looks at a clock. Pure.

/** Training time per frame on a CPU: half of the 16 ms that a frame has. */
export const SLICE_MS = 8;
/** A frame on a GPU, whose steps are queued, should be done within this. */
const GPU_FRAME_MS = 24;
const MAX_QUOTA = 1024;

/** Steps to queue in the next frame on a GPU, from how long the last frame took in all. */
export function nextQuota(quota: number, tookMs: number): number {
  if (tookMs > 2 * GPU_FRAME_MS) return Math.max(1, Math.floor(quota / 2));
  return tookMs < GPU_FRAME_MS ? Math.min(MAX_QUOTA, quota * 2) : quota;
}

/** May the page measure and draw now? Looking takes at most about half of the time. */
export const mayObserve = (sinceLastMs: number, lastCostMs: number): boolean =>
  sinceLastMs >= 2 * lastCostMs;
