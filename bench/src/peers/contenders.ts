// Who takes part. Each is loaded when asked for, so that a process may have one of them alone.
import { cpus } from 'node:os';
import { type Absent, type Contender, withThreads } from './contender.ts';
import { type NumpyOptions, numpy, numpyName } from './numpy.ts';

/** Threads of those that take several. */
const cores = Math.max(2, cpus().length);

/** The libraries of those made of npm packages alone, imported and not started. */
const libraries = {
  chainrule: () => import('./chainrule.ts'),
  tensorflow: () => import('./tfjs.ts'),
  tensorflowWasm: () => import('./tfjs-wasm.ts'),
  jax: () => import('./jax.ts'),
  brain: () => import('./brain.ts'),
};

/** Those contenders; the first is what others are held against. */
export const loaders = {
  'chainrule wasm': local(libraries.chainrule, async (m) => m.chainrule('wasm', 1)),
  'chainrule js': local(libraries.chainrule, async (m) => m.chainrule('js')),
  'TensorFlow.js cpu': local(libraries.tensorflow, (m) => m.tensorflow('cpu')),
  'TensorFlow.js wasm': local(libraries.tensorflowWasm, (m) => m.tensorflowWasm()),
  'jax-js wasm': local(libraries.jax, (m) => m.jax('wasm')),
  'brain.js': local(libraries.brain, async (m) => m.brain()),
} as const satisfies Record<string, () => Promise<() => Promise<Contender | Absent>>>;

/** Imports a library; what it gives starts its backend. */
function local<M, C>(library: () => Promise<M>, start: (m: M) => Promise<C>) {
  return async () => {
    const m = await library();
    return () => start(m);
  };
}

export type LocalName = keyof typeof loaders;

/** NumPy as it is compared: on one thread like the others, on all cores, and in float64. */
const numpys: readonly NumpyOptions[] = [
  { threads: 1, dtype: 'float32' },
  { threads: cores, dtype: 'float32' },
  { threads: cores, dtype: 'float64' },
];

/** Who takes part in the comparison, by name. */
type Entrants = Readonly<Record<string, () => Promise<Contender | Absent>>>;

const entrants: Entrants = {
  ...Object.fromEntries(
    Object.entries(loaders).map(([name, load]) => [name, async () => (await load())()]),
  ),
  [withThreads('chainrule wasm', cores)]: async () => {
    // Steps of single examples are too short for more than one thread.
    const { pass: _, ...team } = (await libraries.chainrule()).chainrule('wasm', cores);
    return team;
  },
  ...Object.fromEntries(numpys.map((options) => [numpyName(options), () => numpy(options)])),
};

/** Starts those whose names `who` finds, and no others. */
export async function startAll(who: RegExp): Promise<readonly (Contender | Absent)[]> {
  const all: (Contender | Absent)[] = [];
  for (const [name, start] of Object.entries(entrants)) {
    if (who.test(name)) all.push(await start());
  }
  return all;
}

export const isPresent = (each: Contender | Absent): each is Contender => 'version' in each;

/** Versions, or why they are absent. */
export const versionsOf = (all: readonly (Contender | Absent)[]): Record<string, string> =>
  Object.fromEntries(
    all.map((each) => [each.name, isPresent(each) ? each.version : `absent: ${each.reason}`]),
  );
