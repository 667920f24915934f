import { mergeConfig } from 'vitest/config';
import { alias } from '../../vitest.shared.ts';

/** Not one of the root's projects: scripts/headlessgl.sh runs it, where `gl` is compiled. */
export default mergeConfig(
  { resolve: { alias } },
  {
    test: {
      name: 'compiler:headlessgl',
      include: ['headlessgl/**/*.test.ts'],
      testTimeout: 120_000,
      hookTimeout: 120_000,
      fileParallelism: false,
    },
  },
);
