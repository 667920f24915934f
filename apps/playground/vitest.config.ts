import { defineConfig } from 'vitest/config';

const timeouts = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    name: 'playground:page',
    include: ['e2e/**/*.test.ts'],
    fileParallelism: false,
    ...timeouts,
  },
});
