// How the compiled kernels of a GPU are shared, on a mode that compiles nothing.
import { expect, test } from 'vitest';
import { createKernels } from '../src/backends/gpujs/kernels.ts';
import type { Compiled, Mode, Request } from '../src/backends/gpujs/mode.ts';

const threads = { tile: [1, 1], columns: 1, rows: 1, grid: [1, 1] } as const;
const request: Request = { source: 'a kernel', threads, inputs: 1, outputs: 1 };

/** Compiles with these outcomes, one after another. */
function kernelsOf(...outcomes: (() => Promise<void>)[]) {
  const destroyed: Compiled[] = [];
  const mode = {
    compile: (): Compiled => ({ ready: outcomes.shift()!() }),
    destroy: (kernels: readonly Compiled[]) => void destroyed.push(...kernels),
  } as unknown as Mode;
  return { kernels: createKernels(mode), destroyed };
}

test('equal requests are one kernel, which goes with its last user', async () => {
  const { kernels, destroyed } = kernelsOf(async () => {});
  const [a, b] = [kernels.lease(request), kernels.lease(request)];
  expect(a.kernel).toBe(b.kernel);
  a.release();
  a.release();
  expect(destroyed).toEqual([]);
  b.release();
  expect(destroyed).toEqual([a.kernel]);
});

test('one that failed is compiled again, even while somebody still holds it', async () => {
  const { kernels, destroyed } = kernelsOf(
    () => Promise.reject(new Error('no memory')),
    async () => {},
  );
  const failed = kernels.lease(request);
  await expect(failed.ready).rejects.toThrow('no memory');
  const again = kernels.lease(request);
  await again.ready;
  failed.release();
  expect(kernels.lease(request).kernel).toBe(again.kernel);
  expect(destroyed).toEqual([failed.kernel]);
});
