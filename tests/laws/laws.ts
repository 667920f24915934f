// The laws of docs/design.md, section 5, each a pure function from sources to what breaks it.
import { posix } from 'node:path';
import type { Import, Source } from './source.ts';

/** What is wrong, where, and what to do. */
export interface Breach {
  readonly path: string;
  readonly line?: number;
  readonly what: string;
  readonly fix: string;
}

export type Law = (sources: readonly Source[]) => Breach[];

const graph = 'packages/graph/src/';
const compiler = 'packages/compiler/src/';
const nn = 'packages/nn/src/';
const backends = `${compiler}backends/`;
const libraries = [graph, compiler, nn];

const within = (path: string, ...folders: string[]) => folders.some((at) => path.startsWith(at));
const isOrUnder = (name: string, from: string) => from === name || from.startsWith(`${name}/`);
const relative = (from: string) => from.startsWith('.');
const target = (path: string, from: string) => posix.join(posix.dirname(path), from);

type Found = { source: Source; at: Import };
const importsOf = (sources: readonly Source[], ...folders: string[]): Found[] =>
  sources
    .filter(({ path }) => within(path, ...folders))
    .flatMap((source) => source.imports.map((at) => ({ source, at })));

const breach = ({ source, at }: Found, what: string, fix: string): Breach => ({
  path: source.path,
  line: at.line,
  what,
  fix,
});

/** What each package may import besides its own files; nn also what its package.json declares. */
export function packageImports(declaredByNn: readonly string[]): Law {
  const rules: [string, (at: Import) => boolean, string][] = [
    [graph, ({ from }) => isOrUnder('mathjs', from), 'its own files and mathjs'],
    [
      compiler,
      ({ from, kind }) =>
        ['@chainrule/graph', 'gpu.js'].includes(from) ||
        (from.startsWith('node:') && kind !== 'value'),
      'its own files, @chainrule/graph, gpu.js and, dynamically, node:*',
    ],
    [
      nn,
      ({ from, kind }) =>
        ['@chainrule/graph', '@chainrule/compiler'].includes(from) ||
        declaredByNn.some((name) => isOrUnder(name, from)) ||
        (from.startsWith('node:') && kind !== 'value'),
      'its own files, @chainrule/graph, @chainrule/compiler, its dependencies and, dynamically, node:*',
    ],
  ];
  return (sources) =>
    rules.flatMap(([folder, may, list]) =>
      importsOf(sources, folder)
        .filter(({ source, at: { from, kind, ...rest } }) =>
          relative(from)
            ? !within(target(source.path, from), folder)
            : !may({ from, kind, ...rest }),
        )
        .map((found) =>
          breach(found, `imports ${found.at.from}`, `this package may import only ${list}`),
        ),
    );
}

/** The app, the examples and the measurements see the packages as their users do. */
export const publicEntries: Law = (sources) =>
  importsOf(sources, 'apps/', 'examples/', 'bench/')
    .filter(({ source, at }) =>
      relative(at.from)
        ? within(target(source.path, at.from), 'packages/')
        : /^@chainrule\/[^/]+\//.test(at.from),
    )
    .map((found) =>
      breach(found, `imports ${found.at.from}`, 'import @chainrule/graph, compiler or nn itself'),
    );

/** gpu.js is 150 kB and optional: one file loads it, when it is asked for. */
export const gpujsOnce: Law = (sources) => {
  const found = importsOf(sources, ...libraries, 'apps/').filter(({ at }) =>
    isOrUnder('gpu.js', at.from),
  );
  const values = found.filter(({ at }) => at.kind === 'value');
  const loaders = [...new Set(found.filter(({ at }) => at.kind !== 'type').map((f) => f.source))];
  return [
    ...values.map((each) =>
      breach(each, 'imports gpu.js statically', "write await import('gpu.js')"),
    ),
    ...(loaders.length > 1 ? found.filter(({ source }) => source !== loaders[0]) : []).map(
      (each) =>
        breach(each, 'is another file that imports gpu.js', `take it from ${loaders[0]!.path}`),
    ),
  ];
};

/** mathjs is large: three files may know it. */
export const mathjsThrice: Law = (sources) => {
  const found = importsOf(sources, ...libraries, 'apps/').filter(({ at }) =>
    isOrUnder('mathjs', at.from),
  );
  const files = [...new Set(found.map(({ source }) => source.path))].sort();
  return files.slice(3).map((path) => ({
    path,
    what: `is file ${files.length} that imports mathjs, after ${files.slice(0, 3).join(', ')}`,
    fix: 'go through one of those three files',
  }));
};

/** Backends see loops and machine ops: the package of graph nodes gives them errors at most. */
export const backendsSeeNoGraph: Law = (sources) =>
  importsOf(sources, backends)
    .filter(({ at }) => at.from === '@chainrule/graph')
    .filter(({ at }) => at.names.length === 0 || at.names.some((name) => !/Error$/.test(name)))
    .map((found) =>
      breach(
        found,
        `takes ${found.at.names.join(', ') || 'everything'} from @chainrule/graph`,
        'hand the backend what it needs in the Nest or the Plan',
      ),
    );

const impure = new Map([
  ['Math.random', 'take createRandom(seed)'],
  ['Date.now', 'take the time outside and hand it in'],
  ['Date', 'take the time outside and hand it in'],
  ['performance.now', 'take the time outside and hand it in'],
  ['console.log', 'return the text'],
  ['console.warn', 'throw, or return a reason'],
  ['console.error', 'throw an error'],
]);

/** Passes give the same text for the same input. What touches a device may look at a clock. */
export const passesArePure: Law = (sources) =>
  sources
    .filter(({ path }) => within(path, ...libraries))
    .flatMap(({ path, uses }) => {
      const clock = /\.now$|^Date$/;
      const timed = !within(path, graph);
      return uses
        .filter(({ name }) => impure.has(name) && !(timed && clock.test(name)))
        .map(({ name, line }) => ({ path, line, what: `uses ${name}`, fix: impure.get(name)! }));
    });

const marks = (
  sources: readonly Source[],
  wrong: (mark: Source['marks'][number]) => string | undefined,
  fix: string,
): Breach[] =>
  sources
    .filter(({ path }) => within(path, ...libraries))
    .flatMap(({ path, marks }) =>
      marks.flatMap((mark) => {
        const what = wrong(mark);
        return what ? [{ path, line: mark.line, what, fix }] : [];
      }),
    );

/** Nothing happens on import: a file holds declarations. */
export const nothingOnImport: Law = (sources) =>
  marks(
    sources,
    ({ kind, name }) => (kind === 'statement' ? `runs \`${name}\` when imported` : undefined),
    'move it into a function, or make it the initial value of a const',
  );

export const noEnums: Law = (sources) =>
  marks(
    sources,
    ({ kind, name }) => (kind === 'enum' ? `declares enum ${name}` : undefined),
    'write a union of string literals, or a table that satisfies Record<...>',
  );

export const noDefaultExports: Law = (sources) =>
  marks(
    sources,
    ({ kind }) => (kind === 'default export' ? 'has a default export' : undefined),
    'export it by its name',
  );

/** No classes but errors and the session. */
export const fewClasses: Law = (sources) =>
  marks(
    sources,
    ({ kind, name }) =>
      kind === 'class' && !/(Error|Session)$/.test(name) ? `declares class ${name}` : undefined,
    'write plain data and functions; only errors and the session are classes',
  );

export const fileLines = 400;
export const lineColumns = 100;
export const coreLines = 8000;
export const allLines = 26_100;

export const shortFiles: Law = (sources) =>
  sources
    .filter(({ lines }) => lines.length >= fileLines)
    .map(({ path, lines }) => ({
      path,
      what: `has ${lines.length} lines`,
      fix: `split it: a file stays under ${fileLines} lines`,
    }));

export const shortLines: Law = (sources) =>
  sources.flatMap(({ path, lines }) =>
    lines.flatMap((text, i) =>
      [...text].length < lineColumns
        ? []
        : [
            {
              path,
              line: i + 1,
              what: `has ${[...text].length} columns`,
              fix: `break it: a line stays under ${lineColumns} columns`,
            },
          ],
    ),
  );

/**
 * What one looks things up in, or reads for its own sake: tables of ops and rules, languages,
 * devices, how a plan is made to fit some of them, and how a session comes to a device and leaves it.
 */
const reference = [
  ...['rows', 'ops', 'rewrite/rules', 'text', 'print', 'reading', 'json'].map(
    (folder) => `${graph}${folder}/`,
  ),
  backends,
  `${compiler}fitting/`,
  `${compiler}placement/`,
];

const smallTogether = (sources: readonly Source[], limit: number, what: string): Breach[] => {
  const total = sources.reduce((sum, { lines }) => sum + lines.length, 0);
  if (total < limit) return [];
  const [longest] = [...sources].sort((a, b) => b.lines.length - a.lines.length);
  return [
    {
      path: longest!.path,
      what: `is the longest of ${what}, which has ${total} lines`,
      fix: `make it smaller: it stays under ${limit} lines`,
    },
  ];
};

/** A newcomer reads the core in an evening: nodes, calculus, rewriting, the compiler's passes. */
export const smallCore: Law = (sources) => {
  const all = sources.filter(({ path }) => within(path, graph, compiler));
  const core = all.filter(({ path }) => !within(path, ...reference));
  return [
    ...smallTogether(core, coreLines, 'the core of graph and compiler'),
    ...smallTogether(all, allLines, 'all of graph and compiler'),
  ];
};

/** Where vitest looks for tests; one that lies elsewhere would never run. */
const collected =
  /^(packages\/[^/]+\/(test|browser|headlessgl|src)\/|apps\/[^/]+\/(e2e|test|src)\/|examples\/(test|src)\/|bench\/(e2e|test|src)\/|tests\/)/;

export const everyTestRuns: Law = (sources) =>
  sources
    .filter(({ path }) => /\.(test|spec)\.[cm]?[jt]sx?$/.test(path))
    .filter(({ path }) => !collected.test(path) || !/\.test\.tsx?$/.test(path))
    .map(({ path }) => ({
      path,
      what: 'is a test that no vitest project collects',
      fix: 'name it *.test.ts and put it into test/ (Node), browser/ (chromium) or e2e/ (the page)',
    }));

export const show = ({ path, line, what, fix }: Breach): string =>
  `${path}${line ? `:${line}` : ''} ${what}\n  fix: ${fix}`;
