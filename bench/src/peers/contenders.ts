// Who takes part. Each is loaded when asked for, so that a process may have one of them alone.
import { cpus } from 'node:os';
import type { Absent, Contender } from './contender.ts';
import { numpy } from './numpy.ts';

/** Threads of those that take several. */
const cores = Math.max(2, cpus().length);

/** Those made of npm packages alone; the first is what others are held against. */
export const loaders = {
  'chainrule wasm': async () => (await import('./chainrule.ts')).chainrule('wasm', 1),
  'chainrule js': async () => (await import('./chainrule.ts')).chainrule('js'),
  'TensorFlow.js cpu': async () => (await import('./tfjs.ts')).tensorflow('cpu'),
  'TensorFlow.js wasm': async () => (await import('./tfjs.ts')).tensorflow('wasm'),
  'jax-js wasm': async () => (await import('./jax.ts')).jax(),
  'brain.js': async () => (await import('./brain.ts')).brain(),
} as const satisfies Record<string, () => Promise<Contender | Absent>>;

export type LocalName = keyof typeof loaders;

export async function inProcess(): Promise<readonly (Contender | Absent)[]> {
  const all: (Contender | Absent)[] = [];
  for (const load of Object.values(loaders)) all.push(await load());
  // Steps of single examples are too short for more than one thread.
  const { pass: _, ...team } = (await import('./chainrule.ts')).chainrule('wasm', cores);
  all.push(team);
  return all;
}

/** NumPy as it is compared: on one thread like the others, on all cores, and in float64. */
export async function numpys(): Promise<readonly (Contender | Absent)[]> {
  return [
    await numpy({ threads: 1, dtype: 'float32' }),
    await numpy({ threads: cores, dtype: 'float32' }),
    await numpy({ threads: cores, dtype: 'float64' }),
  ];
}

export const isPresent = (each: Contender | Absent): each is Contender => 'version' in each;

/** Versions, or why they are absent. */
export const versionsOf = (all: readonly (Contender | Absent)[]): Record<string, string> =>
  Object.fromEntries(
    all.map((each) => [each.name, isPresent(each) ? each.version : `absent: ${each.reason}`]),
  );
