import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      'packages/*/vitest.config.ts',
      'packages/*/vitest.browser.config.ts',
      'apps/*/vitest.config.ts',
      'apps/*/vitest.unit.config.ts',
      'examples/vitest.config.ts',
      'bench/vitest.config.ts',
      'bench/vitest.page.config.ts',
      'tests/vitest.config.ts',
    ],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text', 'json-summary', 'lcov'],
    },
  },
});
