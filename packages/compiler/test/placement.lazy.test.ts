// Without a GPU nothing of gpu.js is loaded: a page that has none should not pay for it.
import { expect, test, vi } from 'vitest';
import { loadGpujs } from '../src/backends/gpujs/load.ts';
import { compile } from '../src/index.ts';
import { later } from './support/fakes.ts';
import { net } from './support/programs.ts';

const seen = vi.hoisted(() => ({ loads: 0 }));
vi.mock('gpu.js', () => {
  seen.loads++;
  return { default: { GPU: class {} } };
});

test('auto looks for a GPU, finds none, and loads nothing', async () => {
  const c = net({ layers: [200, 60, 1], m: 64 });
  using run = await compile(c.program, { sizes: c.sizes });
  for (let i = 0; i < 500 && !run.device.why.includes('see refused'); i++) {
    await run.steps(1, c.feeds);
    await later();
  }
  expect(run.device.why).toContain('no GPU can be used, see refused');
  expect(run.device.refused.map(({ kind }) => kind)).toContain('webgpu');
  await expect(compile(c.program, { sizes: c.sizes, device: 'gpu' })).rejects.toThrow(
    'Node has no',
  );
  expect(seen.loads).toBe(0);
  // So it would have been seen.
  await loadGpujs();
  expect(seen.loads).toBe(1);
});
