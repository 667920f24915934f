#!/usr/bin/env node
// Runs every test: in Node, in a real chromium, and against the built page. The last line on
// stdout is `N passed, N failed[, N skipped]` over all of them.
//   npm test [-- --no-browser] [-- vitest's own arguments, such as a file's name]
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { build, root, say, tool } from './run.mjs';
import { setup } from './setup.mjs';

/** @typedef {import('./count-reporter.mjs').Counts} Counts
 * @typedef {{ name: string, browser: boolean, projects: string[] }} Run */

/** One after another: a software GPU on a small machine needs it for itself.
 * @type {Run[]} */
const runs = [
  { name: 'node', browser: false, projects: ['!*:*'] },
  { name: 'browser', browser: true, projects: ['*:browser'] },
  { name: 'page', browser: true, projects: ['*:page'] },
];

/** Runs vitest once and reads back what its reporter counted.
 * @param {Run} run
 * @param {string[]} args
 * @returns {Counts} */
function vitest({ name, projects }, args) {
  const file = `${root}test-results/${name}.json`;
  rmSync(file, { force: true });
  say(`\n== tests: ${name}`);
  const code = tool(
    'vitest',
    [
      'run',
      ...projects.flatMap((project) => ['--project', project]),
      ...['--reporter', 'default', '--reporter', './scripts/count-reporter.mjs'],
      // A run without any test is a mistake, unless the arguments chose a few.
      ...(args.length > 0 ? ['--passWithNoTests', ...args] : []),
    ],
    { stdout: 'inherit', env: { CHAINRULE_COUNTS: file } },
  );
  /** @type {Counts} */
  const counts = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { passed: 0, failed: [], skipped: [] };
  // A threshold, a crash, a page that never loaded: no test tells, the exit code does.
  if (code !== 0 && counts.failed.length === 0) {
    counts.failed.push({ name: `the ${name} run`, why: `vitest ended with code ${code}` });
  }
  return counts;
}

/** Lines of a message that the list at the end repeats. */
const shownLines = 4;

/** @param {string} title
 * @param {import('./count-reporter.mjs').Named[]} tests */
function list(title, tests) {
  if (tests.length === 0) return;
  console.log(`\n${title}:`);
  for (const { name, why } of tests) {
    const text = (why ?? '').split('\n').filter(Boolean).slice(0, shownLines);
    console.log([`  ${name}`, ...text.map((line) => `    ${line}`)].join('\n'));
  }
}

const args = process.argv.slice(2);
const browser = !args.includes('--no-browser');
const passed = args.filter((arg) => arg !== '--no-browser');

await setup({ browser });
const all = runs.filter((run) => browser || !run.browser);
// .ci/run hands over the names of the checks that failed before.
const checks = (process.env['CHAINRULE_FAILED_CHECKS'] ?? '').split(',').filter(Boolean);
/** @type {Counts[]} */
const counts = [{ passed: 0, failed: checks.map((name) => ({ name })), skipped: [] }];
if (build() !== 0) counts.push({ passed: 0, failed: [{ name: 'npm run build' }], skipped: [] });
counts.push(...all.map((run) => vitest(run, passed)));

const total = counts.reduce((sum, { passed }) => sum + passed, 0);
const failed = counts.flatMap((c) => c.failed);
const skipped = counts.flatMap((c) => c.skipped);
if (total + failed.length === 0) failed.push({ name: 'no test ran' });
list('Skipped', skipped);
list('Failed', failed);
const skips = skipped.length > 0 ? `, ${skipped.length} skipped` : '';
console.log(`\n${total} passed, ${failed.length} failed${skips}`);
process.exitCode = failed.length > 0 ? 1 : 0;
