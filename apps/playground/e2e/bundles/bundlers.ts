// The bundlers that pages are made with, each as it comes: one entry in, chunks out.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import { build, type Rolldown } from 'vite';
import webpack from 'webpack';

/** A file of the page, and the modules in it. */
export interface Chunk {
  /** Its address: `/page.js` is the entry. */
  readonly path: string;
  readonly code: string;
  readonly modules: readonly string[];
  /** Chunks that are loaded with it. */
  readonly imports: readonly string[];
}

const folder = fileURLToPath(new URL('.', import.meta.url));

async function withVite(): Promise<Chunk[]> {
  const { output } = (await build({
    configFile: false,
    root: folder,
    logLevel: 'error',
    build: {
      target: 'es2022',
      write: false,
      // gpu.js is as large as it is.
      chunkSizeWarningLimit: 1000,
      rolldownOptions: { input: 'page.js', output: { entryFileNames: 'page.js' } },
    },
  })) as Rolldown.RolldownOutput;
  return output
    .filter((file) => file.type === 'chunk')
    .map(({ fileName, code, modules, imports }) => ({
      path: `/${fileName}`,
      code,
      modules: Object.keys(modules),
      imports: imports.map((name) => `/${name}`),
    }));
}

async function withEsbuild(): Promise<Chunk[]> {
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: folder,
    entryPoints: ['page.js'],
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    outdir: folder,
    write: false,
    metafile: true,
    logLevel: 'error',
  });
  return Object.entries(metafile.outputs).map(([name, { inputs, imports }]) => ({
    path: `/${name}`,
    code: outputFiles.find(({ path }) => path === `${folder}${name}`)!.text,
    modules: Object.keys(inputs),
    imports: imports.filter((i) => i.kind === 'import-statement').map((i) => `/${i.path}`),
  }));
}

async function withWebpack(): Promise<Chunk[]> {
  const out = await mkdtemp(join(tmpdir(), 'bundle-'));
  try {
    const { chunks = [] } = await packed({
      mode: 'production',
      context: folder,
      entry: './page.js',
      output: { path: out, filename: 'page.js', publicPath: '/' },
      performance: false,
      // Smaller names change nothing of what is where, and take seconds.
      optimization: { minimize: false },
    });
    return await Promise.all(
      chunks.map(async ({ files = [], modules = [], initial }) => ({
        path: `/${files[0]}`,
        code: await readFile(join(out, files[0]!), 'utf8'),
        modules: modules.flatMap(namesIn),
        imports: initial ? chunks.filter((c) => c.initial).map((c) => `/${c.files![0]}`) : [],
      })),
    );
  } finally {
    await rm(out, { recursive: true });
  }
}

/** A module, and those that are merged into it. */
const namesIn = ({ nameForCondition, modules = [] }: webpack.StatsModule): string[] => [
  ...(nameForCondition ? [nameForCondition] : []),
  ...modules.flatMap(namesIn),
];

const packed = (options: webpack.Configuration): Promise<webpack.StatsCompilation> =>
  new Promise((done, fail) => {
    webpack(options, (error, stats) => {
      if (error || !stats || stats.hasErrors()) return fail(error ?? new Error(String(stats)));
      const space = Number.POSITIVE_INFINITY;
      const wanted = { chunks: true, chunkModules: true, nestedModules: true };
      done(stats.toJson({ ...wanted, chunkModulesSpace: space, nestedModulesSpace: space }));
    });
  });

export const bundlers = { vite: withVite, esbuild: withEsbuild, webpack: withWebpack } as const;
