import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** Imports of our packages mean their sources, so that tests need no build. */
export const alias = ['graph', 'compiler', 'nn'].map((name) => ({
  find: new RegExp(`^@chainrule/${name}$`),
  replacement: path(`./packages/${name}/src/index.ts`),
}));

/** Tests in Node, on the sources: a failing line is a line one can edit. */
export const shared = defineConfig({
  resolve: { alias },
  test: {
    include: ['test/**/*.test.ts', 'src/**/*.test.ts'],
    environment: 'node',
    // Random formulas and sweeps on a slow two-core machine that others use, too.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
