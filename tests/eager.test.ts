// The functions that are compiled with their file (tsup.eager.ts) are the ones that a training
// runs: the lists of modules in the packages' tsup.config.ts stay true.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));

// Prints where in each file the functions start that run after the packages are imported.
const training = `
  import { Session } from 'node:inspector/promises';
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true });
  const { input } = await import('@chainrule/graph');
  const { compile } = await import('@chainrule/compiler');
  const { dense, sgd, softmaxCrossEntropy, train } = await import('@chainrule/nn');
  await session.post('Profiler.takePreciseCoverage'); // and sets the counts to 0
  const A = dense(input(784, 'm', { name: 'X' }), 128, { activation: 'relu' });
  const Y = input(10, 'm', { name: 'Y', distribution: true });
  const J = softmaxCrossEntropy(dense(A, 10, { activation: 'softmax' }), Y);
  const run = await compile(train(J, sgd(0.1)), { sizes: { m: 128 }, device: 'wasm', threads: 1 });
  const feeds = { X: new Float32Array(784 * 128), Y: new Float32Array(10 * 128).fill(0.1) };
  await run.steps(1, feeds);
  run.dispose();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const startsOf = ({ functions }) =>
    functions.flatMap(({ ranges: [all] }) => (all.count > 0 ? [all.startOffset] : []));
  console.log(JSON.stringify(result.map((script) => [script.url, startsOf(script)])));
`;

interface Function {
  readonly name: string;
  /** Characters, but for those of functions inside. */
  readonly length: number;
  readonly isEager: boolean;
  readonly isRun: boolean;
}

/** The functions of a file that can be marked. */
function functionsOf(code: string, started: ReadonlySet<number>): Function[] {
  const found: Function[] = [];
  /** Characters of the functions in a node. */
  const visit = (node: ts.Node): number => {
    let inside = 0;
    ts.forEachChild(node, (child) => {
      inside += visit(child);
    });
    const isFunction =
      ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) || ts.isArrowFunction(node);
    if (!isFunction) return inside;
    const text = node.getText();
    found.push({
      name: text.slice(0, 60).replace(/\s+/g, ' '),
      length: text.length - inside,
      isEager: ts.isParenthesizedExpression(node.parent),
      isRun: started.has(node.getStart()),
    });
    return text.length;
  };
  visit(ts.createSourceFile('index.js', code, ts.ScriptTarget.Latest, true));
  return found;
}

let ran: ReadonlyMap<string, readonly number[]>;

beforeAll(() => {
  expect(existsSync(`${root}packages/nn/dist/index.js`), 'not built: npm run build').toBe(true);
  const args = ['--input-type=module', '--eval', training];
  ran = new Map(JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' })));
});

describe.each(['graph', 'compiler'])('of the functions of packages/%s', (name) => {
  const file = new URL(`../packages/${name}/dist/index.js`, import.meta.url);
  const lists = () => {
    const all = functionsOf(readFileSync(file, 'utf8'), new Set(ran.get(file.href)));
    return { run: all.filter(({ isRun }) => isRun), eager: all.filter(({ isEager }) => isEager) };
  };

  /** The part, by length, that is in two lists; the message names what is in the first alone. */
  const expectMost = (some: readonly Function[], others: readonly Function[]): void => {
    const sum = (list: readonly Function[]) => list.reduce((n, { length }) => n + length, 0);
    const alone = some
      .filter((each) => !others.includes(each))
      .sort((a, b) => b.length - a.length);
    const names = alone.slice(0, 10).map((each) => each.name);
    const where = `see the list in packages/${name}/tsup.config.ts, and\n${names.join('\n')}\n`;
    expect(1 - sum(alone) / sum(some), where).toBeGreaterThan(0.75);
  };

  test('most that a training runs are compiled with their file', () => {
    const { run, eager } = lists();
    expectMost(run, eager);
  });

  test('most that are compiled with their file are run by a training', () => {
    const { run, eager } = lists();
    expectMost(eager, run);
  });
});
