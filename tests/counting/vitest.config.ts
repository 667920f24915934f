import { defineConfig } from 'vitest/config';

/** Not a project of the repository: tests that fail on purpose, for counting.test.ts. */
export default defineConfig({ test: { name: 'counted', include: ['*.counted.ts'] } });
