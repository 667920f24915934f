// The functions that are compiled with their file (tsup.eager.ts) are the ones that a training
// runs: the lists of modules in the packages' tsup.config.ts stay true.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));

const training = `
  import { input } from '@chainrule/graph';
  import { compile } from '@chainrule/compiler';
  import { dense, sgd, softmaxCrossEntropy, train } from '@chainrule/nn';
  const A = dense(input(784, 'm', { name: 'X' }), 128, { activation: 'relu' });
  const Y = input(10, 'm', { name: 'Y', distribution: true });
  const J = softmaxCrossEntropy(dense(A, 10, { activation: 'softmax' }), Y);
  const run = await compile(train(J, sgd(0.1)), { sizes: { m: 128 }, device: 'wasm', threads: 1 });
  const feeds = { X: new Float32Array(784 * 128), Y: new Float32Array(10 * 128).fill(0.1) };
  await run.steps(1, feeds);
  run.dispose();
`;

/** What Node writes about a script; the first range of a function is all of it. */
interface Script {
  readonly url: string;
  readonly functions: readonly {
    readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
  }[];
}

/** Where in each file, by its URL, the functions start that a training with the packages runs. */
function startsOfTraining(): Map<string, ReadonlySet<number>> {
  const folder = mkdtempSync(join(tmpdir(), 'eager-'));
  const env = { ...process.env, NODE_V8_COVERAGE: folder };
  execFileSync(process.execPath, ['--input-type=module', '--eval', training], { cwd: root, env });
  const [file] = readdirSync(folder);
  const { result } = JSON.parse(readFileSync(join(folder, file!), 'utf8'));
  rmSync(folder, { recursive: true });
  return new Map(
    result.map(({ url, functions }: Script) => {
      const run = functions.filter(({ ranges }) => ranges[0]!.count > 0);
      return [url, new Set(run.map(({ ranges }) => ranges[0]!.startOffset))];
    }),
  );
}

const starts = startsOfTraining();

describe.each(['graph', 'compiler'])('of the functions of packages/%s', (name) => {
  const file = `packages/${name}/dist/index.js`;
  const text = readFileSync(`${root}${file}`, 'utf8');
  const started = starts.get(new URL(`../${file}`, import.meta.url).href)!;
  const pattern = /^(var \w+ = \()?(?:async )?function\*? (\w+)[\s\S]*?^\}/gm;
  const functions = [...text.matchAll(pattern)].map(
    ({ 0: all, 1: mark = '', 2: name, index }) => ({
      name: name!,
      length: all.length,
      isEager: mark !== '',
      isRun: started.has(index + mark.length),
    }),
  );

  type Some = typeof functions;
  /** The part, by length, that is in two lists; the message names what is in the first alone. */
  const expectMost = (some: Some, others: Some): void => {
    const sum = (list: Some) => list.reduce((all, { length }) => all + length, 0);
    const alone = some
      .filter((each) => !others.includes(each))
      .sort((a, b) => b.length - a.length);
    const names = alone.slice(0, 10).map((each) => each.name);
    const where = `${names.join(', ')}: see the list in packages/${name}/tsup.config.ts`;
    expect(1 - sum(alone) / sum(some), where).toBeGreaterThan(0.8);
  };
  const run = functions.filter(({ isRun }) => isRun);
  const eager = functions.filter(({ isEager }) => isEager);

  test('most that a training runs are compiled with their file', () => {
    expectMost(run, eager);
  });

  test('most that are compiled with their file are run by a training', () => {
    expectMost(eager, run);
  });
});
