// How long it takes until something is trained once, from nothing but an imported library: what
// compilers pay before they are fast. Each first time is that of a fresh process, which has loaded
// nothing but the contender: a loader of TypeScript would leave it with a larger heap, not yet
// touched, and the first to touch memory pays for it.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { LocalName } from './contenders.ts';
import { median } from './measure.ts';
import { BOTH, type Layout, mnist, planar } from './works.ts';

/** What a child says: milliseconds, and bytes where the contender counts them. */
export interface FirstTimes {
  /** The start of the library's backend, a part of the first time. */
  readonly start: number;
  readonly first: number;
  readonly again: readonly number[];
  readonly held?: number;
  readonly peak?: number;
}

export interface FirstRow {
  readonly work: string;
  readonly contender: string;
  readonly layout: Layout;
  /** Milliseconds in a fresh process: median and spread over the processes. */
  readonly first: number;
  readonly min: number;
  readonly max: number;
  /** How many times as long as the first contender's: the median of what it was in each round. */
  readonly ratio: number;
  /** The same for importing and the first step together. */
  readonly ratioInAll: number;
  /** Milliseconds before it, in which a fresh process imports the library: the median. */
  readonly imported: number;
  /** Milliseconds of it until the library's backend was up. */
  readonly start: number;
  /** The same once more in such a process, all made anew: the median. */
  readonly again: number;
  /** Bytes of parameters and data between steps. */
  readonly held?: number;
  /** Bytes at most at any time in a step. */
  readonly peak?: number;
}

export interface First {
  readonly processes: number;
  readonly notes: readonly string[];
  readonly rows: readonly FirstRow[];
}

const PROCESSES = 15;
const NOTES = [
  'From an imported library and data to a parameter after one step: formula, derivative, ' +
    'compilation, step. The first time begins with the start of the backend, where a library ' +
    'has that as a step of its own. Importing comes before it, in processes that do no more. ' +
    'All run plain JavaScript.',
  'Bytes: of chainrule parameters, data and the plan of intermediate values, from report(); of ' +
    'TensorFlow.js tf.memory() and the peak of tf.profile(); jax-js counts none.',
];

/** A library: its packages, as users import them; of the layouts, the faster one counts. */
interface Library {
  readonly packages: readonly string[];
  readonly layouts: readonly Layout[];
  readonly contenders: readonly LocalName[];
}

const LIBRARIES: readonly Library[] = [
  {
    packages: ['@chainrule/nn', '@chainrule/compiler', '@chainrule/graph'],
    layouts: ['columns'],
    contenders: ['chainrule wasm', 'chainrule js'],
  },
  {
    packages: ['@tensorflow/tfjs'],
    layouts: BOTH,
    contenders: ['TensorFlow.js cpu'],
  },
  {
    packages: ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm'],
    layouts: BOTH,
    contenders: ['TensorFlow.js wasm'],
  },
  { packages: ['@jax-js/jax'], layouts: BOTH, contenders: ['jax-js wasm'] },
];
const root = fileURLToPath(new URL('../../', import.meta.url));

/** Writes what a child runs as plain JavaScript, with packages as they are built; where it is. */
async function writeChild(): Promise<string> {
  const outdir = `${root}.cache/first`;
  await build({
    entryPoints: [fileURLToPath(new URL('first-child.ts', import.meta.url))],
    tsconfig: `${root}tsconfig.run.json`,
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  });
  return `${outdir}/first-child.js`;
}

let child: Promise<string> | undefined;

/** The times of one contender in a process of its own. */
export async function askChild(
  contender: LocalName,
  work: string,
  layout: Layout,
): Promise<FirstTimes> {
  child ??= writeChild();
  const args = [await child, contender, work, layout];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as FirstTimes;
}

/** Milliseconds in which a process of its own imports packages. */
export async function timeOfImport(packages: readonly string[]): Promise<number> {
  const imports = packages.map((name) => `await import('${name}');`).join(' ');
  const code = `const start = performance.now(); ${imports} const end = performance.now();
    console.log('\\n' + (end - start)); process.exit();`;
  const args = ['--input-type=module', '--eval', code];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
  return Number(stdout.trim().split('\n').at(-1));
}

/** A contender with a net, and what it took in each round. */
interface Asked {
  readonly work: string;
  readonly contender: LocalName;
  readonly layout: Layout;
  readonly found: FirstTimes[];
  /** Of its library: milliseconds of importing. */
  readonly imports: readonly number[];
}

/** Every contender on a small and a larger net, its faster layout; takes some five minutes. */
export async function measureFirst(): Promise<First> {
  const works = [planar().name, mnist().name];
  const libraries = LIBRARIES.map((library) => ({ ...library, imports: [] as number[] }));
  const asked = works.flatMap((work) =>
    libraries.flatMap(({ contenders, layouts, imports }) =>
      contenders.flatMap((contender) =>
        layouts.map((layout): Asked => ({ work, contender, layout, found: [], imports })),
      ),
    ),
  );
  // In rounds, so that whatever else the machine does meets all of them.
  for (let i = 0; i < PROCESSES; i++) {
    for (const { packages, imports } of libraries) imports.push(await timeOfImport(packages));
    for (const { work, contender, layout, found } of asked) {
      found.push(await askChild(contender, work, layout));
    }
  }
  const rows = works.flatMap((work) => {
    const here = asked.filter((each) => each.work === work);
    const all = here.map((each) => rowOf(each, here[0]!));
    return all.filter((row) => all.every((other) => !isSlower(row, other)));
  });
  return { processes: PROCESSES, notes: NOTES, rows };
}

const isSlower = (row: FirstRow, other: FirstRow) =>
  row.contender === other.contender && row.first > other.first;

function rowOf(asked: Asked, own: Asked): FirstRow {
  const { work, contender, layout, found, imports } = asked;
  const firsts = found.map(({ first }) => first);
  const { held, peak } = found[0]!;
  const inAll = ({ found, imports }: Asked, i: number) => found[i]!.first + imports[i]!;
  return {
    ...{ work, contender, layout },
    first: median(firsts),
    min: Math.min(...firsts),
    max: Math.max(...firsts),
    ratio: median(firsts.map((first, i) => first / own.found[i]!.first)),
    ratioInAll: median(firsts.map((_, i) => inAll(asked, i) / inAll(own, i))),
    imported: median(imports),
    start: median(found.map(({ start }) => start)),
    again: median(found.flatMap(({ again }) => again)),
    ...(held !== undefined && { held }),
    ...(peak !== undefined && { peak }),
  };
}

/** Rows to print. */
export const firstTable = ({ rows }: First) =>
  rows.map(({ first, min, max, ratio, ratioInAll, imported, start, ...row }) => ({
    ...{ work: row.work, contender: row.contender, layout: row.layout },
    'import, ms': digits(imported),
    'first, ms': digits(first),
    'min, ms': digits(min),
    'max, ms': digits(max),
    times: digits(ratio),
    'times with import': digits(ratioInAll),
    'start in it, ms': digits(start),
    'again, ms': digits(row.again),
    'held, kB': row.held === undefined ? '' : digits(row.held / 1000),
    'peak, kB': row.peak === undefined ? '' : digits(row.peak / 1000),
  }));

const digits = (x: number) => Number(x.toPrecision(3));
