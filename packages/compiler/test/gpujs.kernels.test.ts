// Compiled kernels are shared for as long as somebody has them. No GPU is needed.
import { expect, test } from 'vitest';
import { createKernels } from '../src/backends/gpujs/kernels.ts';
import type { Compiled, Request } from '../src/backends/gpujs/mode.ts';

const threads = { tile: [1, 1], columns: 1, rows: 1, grid: [1, 1] } as const;
const request: Request = { source: 'text', threads, inputs: 1, outputs: 1 };

/** A compiler whose first kernels come to this, one after another. */
function compiler(...outcomes: readonly Promise<void>[]) {
  const compiled: Compiled[] = [];
  const destroyed: Compiled[] = [];
  const kernels = createKernels({
    compile: () => {
      const kernel = { ready: outcomes[compiled.length]! };
      compiled.push(kernel);
      return kernel;
    },
    destroy: (gone) => void destroyed.push(...gone),
  });
  return { kernels, compiled, destroyed };
}

test('equal requests have one kernel, until the last of them is released', () => {
  const { kernels, compiled, destroyed } = compiler(Promise.resolve(), Promise.resolve());
  const [a, b] = [kernels.lease(request), kernels.lease(request)];
  expect(a.kernel).toBe(b.kernel);
  a.release();
  a.release();
  expect(destroyed).toEqual([]);
  b.release();
  expect(destroyed).toEqual([compiled[0]]);
  expect(kernels.lease(request).kernel).toBe(compiled[1]);
});

test('a kernel that did not compile is compiled anew for who asks at once', async () => {
  const failure = Promise.reject(new Error('no memory'));
  const { kernels, compiled, destroyed } = compiler(failure, Promise.resolve());
  const failed = kernels.lease(request);
  const again = await failed.ready!.catch(() => kernels.lease(request));
  expect(again!.kernel).toBe(compiled[1]);
  // Giving the first back leaves the second known.
  failed.release();
  expect(destroyed).toEqual([compiled[0]]);
  expect(kernels.lease(request).kernel).toBe(compiled[1]);
});
