// Starts the tools of this repository from plain Node: no shell, no npx.
// Everything a tool says goes to stderr unless asked otherwise: stdout belongs to results.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** @param {string} text */
export const say = (text) => process.stderr.write(`${text}\n`);

/** Prints what went wrong and how to mend it, and ends.
 * @param {string} text
 * @returns {never} */
export function fail(text) {
  say(text);
  process.exit(1);
}

/** @typedef {{
 *   cwd?: string, env?: Record<string, string>, stdout?: 'inherit' | 'stderr'
 * }} Options */

/** Runs a command to its end and gives its exit code, 1 when it cannot start or is killed.
 * @param {string} command
 * @param {string[]} args
 * @param {Options} [options] */
export function run(command, args, { cwd = root, env = {}, stdout = 'stderr' } = {}) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', ...env },
    stdio: ['ignore', stdout === 'inherit' ? 'inherit' : 2, 'inherit'],
    // On Windows npm is a batch file, which only a shell can start.
    shell: process.platform === 'win32' && command === 'npm',
  });
  if (error) say(`${command} did not start: ${error.message}`);
  if (signal) say(`${command} was stopped by ${signal}`);
  return status ?? 1;
}

const entries = {
  turbo: 'node_modules/turbo/bin/turbo',
  vite: 'node_modules/vite/bin/vite.js',
  vitest: 'node_modules/vitest/vitest.mjs',
  tsx: 'node_modules/tsx/dist/cli.mjs',
};

/** Runs one of the installed tools; see run.
 * @param {keyof typeof entries} name
 * @param {string[]} args
 * @param {Options} [options] */
export function tool(name, args, options) {
  return run(
    process.execPath,
    [fileURLToPath(new URL(`../${entries[name]}`, import.meta.url)), ...args],
    options,
  );
}

/** Builds what turbo's filters name, from its cache where nothing changed.
 * @param {...string} filters */
export function build(...filters) {
  const args = ['run', 'build', '--output-logs=errors-only', '--log-order=grouped'];
  return tool('turbo', [...args, ...filters.map((filter) => `--filter=${filter}`)]);
}
