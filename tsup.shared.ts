import type { Options } from 'tsup';

/** ESM only, one bundle per entry, types next to it; dependencies and peers stay imports. */
export const library = {
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'es2022',
  platform: 'neutral',
  dts: {
    compilerOptions: {
      // tsup 8.5.1 sets baseUrl for its types build, which TypeScript 6 refuses unless told.
      ignoreDeprecations: '6.0',
      // Here the other packages are what they are to a user: their built types.
      paths: {},
    },
  },
  external: [/^@chainrule\//, 'gpu.js'],
  sourcemap: true,
  clean: true,
  splitting: true,
  treeshake: true,
} satisfies Options;
