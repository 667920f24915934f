// Each law must be able to fail: small sources that break it, beside small ones that keep it.
import { describe, expect, test } from 'vitest';
import * as laws from './laws.ts';
import { readSource } from './source.ts';

const imports = laws.packageImports(['papaparse']);

/** The law's answers for files given as path and text, each `path:line`. */
const places = (law: laws.Law, files: Record<string, string>) =>
  law(Object.entries(files).map(([path, text]) => readSource(path, text))).map(
    ({ path, line }) => `${path}${line ? `:${line}` : ''}`,
  );

const g = 'packages/graph/src/a.ts';
const c = 'packages/compiler/src/a.ts';
const n = 'packages/nn/src/a.ts';
const b = 'packages/compiler/src/backends/gpujs/a.ts';
const lines = (count: number) => 'const x = 1;\n'.repeat(count);

const broken: [string, laws.Law, string, string][] = [
  ['graph imports the compiler', imports, g, "import { compile } from '@chainrule/compiler';"],
  ['graph imports a type of nn', imports, g, "import type { A } from '@chainrule/nn';"],
  ['graph imports gpu.js', imports, g, "const load = () => import('gpu.js');"],
  ['graph imports Node', imports, g, "import { readFileSync } from 'node:fs';"],
  ['graph re-exports the compiler', imports, g, "export * from '@chainrule/compiler';"],
  ['graph leaves its folder', imports, g, "import { a } from '../../compiler/src/index.ts';"],
  ['graph names a type by import()', imports, g, "type A = import('@chainrule/nn').A;"],
  ['the compiler imports nn', imports, c, "import { sgd } from '@chainrule/nn';"],
  ['the compiler imports its tests', imports, c, "import { a } from '../test/a.ts';"],
  ['the compiler imports mathjs', imports, c, "import { parse } from 'mathjs';"],
  ['the compiler imports Node statically', imports, c, "import os from 'node:os';"],
  ['nn imports what it does not declare', imports, n, "import { chunk } from 'lodash';"],
  [
    'the app reaches into a package',
    laws.publicEntries,
    'apps/p/src/a.ts',
    "import '@chainrule/nn/src/fit.ts';",
  ],
  [
    'the app goes around the entry',
    laws.publicEntries,
    'apps/p/src/a.ts',
    "import '../../../packages/nn/src/index.ts';",
  ],
  ['gpu.js is imported statically', laws.gpujsOnce, c, "import { GPU } from 'gpu.js';"],
  [
    'a backend takes a node',
    laws.backendsSeeNoGraph,
    b,
    "import type { Node } from '@chainrule/graph';",
  ],
  [
    'a backend takes everything',
    laws.backendsSeeNoGraph,
    b,
    "import * as graph from '@chainrule/graph';",
  ],
  ['a pass draws a number', laws.passesArePure, c, 'export const f = () => Math.random();'],
  ['graph reads a clock', laws.passesArePure, g, 'export const f = () => performance.now();'],
  ['a pass logs', laws.passesArePure, n, 'export const f = () => console.log(1);'],
  ['a call on import', laws.nothingOnImport, g, "register('sigmoid');"],
  ['a loop on import', laws.nothingOnImport, g, 'for (const op of []) globalThis[op] = op;'],
  ['an enum', laws.noEnums, g, 'enum Op { Add }'],
  ['a const enum', laws.noEnums, g, 'export const enum Op { Add }'],
  ['a default export', laws.noDefaultExports, g, 'export default 1;'],
  ['a default function', laws.noDefaultExports, g, 'export default function f() {}'],
  ['a default class', laws.noDefaultExports, g, 'export default class AError extends Error {}'],
  ['a renamed default', laws.noDefaultExports, g, 'const a = 1; export { a as default };'],
  ['a class', laws.fewClasses, g, 'export class Tensor {}'],
  ['a class expression', laws.fewClasses, g, 'export const make = () => class {};'],
  ['a long file', laws.shortFiles, g, lines(400)],
  ['a long line', laws.shortLines, g, `// ${'x'.repeat(97)}`],
  ['a large core', laws.smallCore, g, lines(8000)],
  ['a large op table', laws.smallCore, 'packages/graph/src/rows/a.ts', lines(26_100)],
  ['a test nobody collects', laws.everyTestRuns, 'packages/graph/extra/a.test.ts', ''],
  ['a test in JavaScript', laws.everyTestRuns, 'packages/graph/test/a.test.js', ''],
];

describe('a law sees', () => {
  test.each(broken)('%s', (_, law, path, text) => {
    const found = places(law, { [path]: text });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(path);
  });
  test('two files with gpu.js', () => {
    const text = "const load = () => import('gpu.js');";
    expect(places(laws.gpujsOnce, { [c]: text, [b]: text })).toEqual([`${b}:1`]);
  });
  test('a fourth file with mathjs', () => {
    const files = [1, 2, 3, 4].map((i) => [
      `packages/graph/src/${i}.ts`,
      "import 'mathjs/number';",
    ]);
    expect(places(laws.mathjsThrice, Object.fromEntries(files))).toEqual([
      'packages/graph/src/4.ts',
    ]);
  });
  test('the line, and says what to do', () => {
    const source = readSource(g, "\nimport fs from 'node:fs';\n");
    expect(imports([source]).map(laws.show)).toEqual([
      `${g}:2 imports node:fs\n  fix: this package may import only its own files and mathjs`,
    ]);
  });
});

const kept: [string, laws.Law, string, string][] = [
  ['graph with mathjs', imports, g, "import { create } from 'mathjs/number'; import './b.ts';"],
  ['the compiler with graph', imports, c, "import { grad } from '@chainrule/graph';"],
  ['the compiler with threads', imports, c, "const w = () => import('node:worker_threads');"],
  ['nn with what it declares', imports, n, "import Papa from 'papaparse';"],
  ['words in strings', imports, g, "export const text = `import 'node:fs'; enum A { }`;"],
  [
    'the app',
    laws.publicEntries,
    'apps/p/src/a.ts',
    "import { math } from '@chainrule/graph'; import './b.ts';",
  ],
  [
    'gpu.js on demand',
    laws.gpujsOnce,
    b,
    "import type { GPU } from 'gpu.js'; const l = () => import('gpu.js');",
  ],
  [
    'a backend with an error',
    laws.backendsSeeNoGraph,
    b,
    "import { ChainruleError } from '@chainrule/graph';",
  ],
  ['a session with a clock', laws.passesArePure, c, 'export const f = () => performance.now();'],
  ['declarations', laws.nothingOnImport, g, 'export const a = f(); function f() {} type A = 1;'],
  ['an error', laws.fewClasses, g, 'export class ShapeError extends Error {}'],
  ['the session', laws.fewClasses, c, 'class GpuSession {}'],
  ['399 lines', laws.shortFiles, g, lines(399)],
  ['99 columns', laws.shortLines, g, 'x'.repeat(99)],
  ['7999 lines', laws.smallCore, g, lines(7999)],
  ['a test in its place', laws.everyTestRuns, 'packages/graph/test/sweeps/a.test.ts', ''],
];

test.each(kept)('a law lets pass: %s', (_, law, path, text) => {
  expect(places(law, { [path]: text })).toEqual([]);
});
