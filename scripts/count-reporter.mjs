// A vitest reporter that writes what scripts/test.mjs adds up: a JSON file at CHAINRULE_COUNTS.
// vitest's own JSON reporter leaves out why a test was skipped.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';

/** @typedef {{ name: string, why?: string }} Named
 * @typedef {{ passed: number, failed: Named[], skipped: Named[] }} Counts */

/** @param {import('vitest/node').TestModule} module */
const place = (module) => {
  const project = module.project.name ? `[${module.project.name}] ` : '';
  return `${project}${relative(process.cwd(), module.moduleId)}`;
};

/** A file or a describe block that broke outside its tests.
 * @param {import('vitest/node').TestModule} module
 * @returns {Named[]} */
function broken(module) {
  const suites = [...module.children.allSuites()].filter((suite) => suite.errors().length > 0);
  return [
    ...module.errors().map((error) => ({ name: place(module), why: error.message })),
    ...suites.map((suite) => ({
      name: `${place(module)} > ${suite.fullName}`,
      why: suite.errors()[0]?.message ?? '',
    })),
  ];
}

/** @param {readonly import('vitest/node').TestModule[]} modules
 * @param {readonly { message?: string }[]} unhandled errors outside every test
 * @returns {Counts} */
function count(modules, unhandled) {
  /** @type {Counts} */
  const counts = { passed: 0, failed: [], skipped: [] };
  for (const error of unhandled) {
    counts.failed.push({ name: 'an error outside every test', why: error.message ?? '' });
  }
  for (const module of modules) {
    counts.failed.push(...broken(module));
    for (const test of module.children.allTests()) {
      const name = `${place(module)} > ${test.fullName}`;
      const result = test.result();
      if (result.state === 'passed') counts.passed++;
      else if (result.state === 'skipped') {
        counts.skipped.push({ name, ...(result.note && { why: result.note }) });
      } else {
        counts.failed.push({ name, why: result.errors?.[0]?.message ?? 'it never ended' });
      }
    }
  }
  return counts;
}

/** What vitest loads by this file's name: a class in the shape of its Reporter. */
// biome-ignore lint/style/noDefaultExport: vitest asks for one
export default class CountReporter {
  /** @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly { message?: string }[]} unhandled */
  onTestRunEnd(modules, unhandled) {
    const file = process.env['CHAINRULE_COUNTS'];
    if (!file) return;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(count(modules, unhandled)));
  }
}
