// Holds this repository to the laws of docs/design.md, section 5.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import * as laws from './laws.ts';
import { readSource, type Source } from './source.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(root + path, 'utf8');
const left = /^(node_modules|dist|coverage|test-results|vendor|\..*)$/;

const walk = (folder: string): string[] =>
  readdirSync(root + folder, { withFileTypes: true })
    .filter(({ name }) => !left.test(name))
    .flatMap((entry) =>
      entry.isDirectory() ? walk(`${folder}${entry.name}/`) : [`${folder}${entry.name}`],
    );

const sources = walk('')
  .filter((path) => /\.[cm]?[jt]sx?$/.test(path))
  .map((path) => readSource(path, read(path)));
const libraries = sources.filter(({ path }) => /^packages\/[^/]+\/src\//.test(path));
const code = sources.filter(({ path }) =>
  /^(packages\/[^/]+\/src|apps|examples|bench|scripts)\//.test(path),
);
const { dependencies } = JSON.parse(read('packages/nn/package.json'));

const holds = (law: laws.Law, over: readonly Source[]) => () => {
  const breaches = law(over).map(laws.show);
  // The text alone: a comparison with nothing would hide it behind a diff.
  if (breaches.length > 0) throw new Error(breaches.join('\n'));
};

describe('the laws', () => {
  test('there is something to check', () => {
    expect(libraries.length).toBeGreaterThanOrEqual(3);
    expect(code.length).toBeGreaterThan(libraries.length);
  });
  test(
    'packages import what they may',
    holds(laws.packageImports(Object.keys(dependencies)), libraries),
  );
  test('the app, examples and bench use public entry points', holds(laws.publicEntries, sources));
  test('gpu.js is imported in one file, dynamically', holds(laws.gpujsOnce, code));
  test('mathjs is imported in three files at most', holds(laws.mathjsThrice, code));
  test('backends see no graph', holds(laws.backendsSeeNoGraph, libraries));
  test('passes use no clock, chance or log', holds(laws.passesArePure, libraries));
  test('nothing happens on import', holds(laws.nothingOnImport, libraries));
  test('there are no enums', holds(laws.noEnums, libraries));
  test('there are no default exports', holds(laws.noDefaultExports, libraries));
  test('only errors and the session are classes', holds(laws.fewClasses, libraries));
  test('files are short', holds(laws.shortFiles, sources));
  test('lines are short', holds(laws.shortLines, code));
  test('graph and compiler are small', holds(laws.smallCore, libraries));
  test('every test runs', holds(laws.everyTestRuns, sources));
});

test('the types of graph know neither the DOM nor Node', () => {
  const path = `${root}packages/graph/tsconfig.json`;
  const { config } = ts.readConfigFile(path, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, `${root}packages/graph`);
  expect(options.types).toEqual([]);
  expect(options.lib?.filter((lib) => /dom|webworker/i.test(lib))).toEqual([]);
});
