import { defineConfig } from 'vitest/config';

const timeouts = { testTimeout: 60_000, hookTimeout: 60_000 };

export default defineConfig({
  test: { name: 'bench:page', include: ['e2e/**/*.test.ts'], ...timeouts },
});
