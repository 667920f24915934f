// Files of results: what was measured, with all that one needs to read it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../results/', import.meta.url));

/** When and where something was measured. */
export interface Circumstances {
  readonly date: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  /**
   * Processes that ran on average in the minute before, and in the last one, when one to three of
   * them were what is measured: other work makes all times longer.
   */
  readonly load: { readonly before: number; readonly after: number };
}

/** Processes that ran on average in the last minute. */
export const currentLoad = (): number => loadavg()[0]!;

/** Asked when all is measured. @param before the load before that */
export const circumstances = (before: number): Circumstances => ({
  date: new Date().toISOString().slice(0, 10),
  machine: {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    node: process.version,
  },
  load: { before, after: currentLoad() },
});

/** Writes bench/results/`part`.json. */
export function save(part: string, result: object): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${part}.json`, `${JSON.stringify(result, null, 2)}\n`);
}
