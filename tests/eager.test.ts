// The functions that are compiled with their file (tsup.eager.ts) are the ones that a training
// runs: the lists in the packages' tsup.config.ts stay true.
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
  await run.steps(1, { X: new Float32Array(784 * 128), Y: new Float32Array(10 * 128).fill(0.1) });
  run.dispose();
`;

interface Functions {
  readonly functionName: string;
  readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
}

/** Where the functions start that a training with the built packages runs, by the file's URL. */
function coverage(): Map<string, ReadonlySet<number>> {
  const folder = mkdtempSync(join(tmpdir(), 'eager-'));
  const env = { ...process.env, NODE_V8_COVERAGE: folder };
  execFileSync(process.execPath, ['--input-type=module', '-e', training], { cwd: root, env });
  const [file] = readdirSync(folder);
  const { result } = JSON.parse(readFileSync(join(folder, file!), 'utf8'));
  rmSync(folder, { recursive: true });
  const startsOf = ({ functions }: { functions: readonly Functions[] }) =>
    functions.flatMap(({ ranges: [all] }) => (all && all.count > 0 ? [all.startOffset] : []));
  return new Map(result.map((script: never) => [script['url'], new Set(startsOf(script))]));
}

const ran = coverage();

describe.each(['graph', 'compiler'])('the functions of packages/%s', (name) => {
  const file = `packages/${name}/dist/index.js`;
  const text = readFileSync(`${root}${file}`, 'utf8');
  const starts = ran.get(new URL(`../${file}`, import.meta.url).href)!;
  const functions = [...text.matchAll(/^(var \w+ = \()?(?:async )?function[\s\S]*?^\}/gm)].map(
    ({ 0: all, 1: before = '', index }) => ({
      size: all.length,
      isEager: before !== '',
      isRun: starts.has(index + before.length),
    }),
  );
  const sizeOf = (some: typeof functions) => some.reduce((sum, { size }) => sum + size, 0);
  const run = functions.filter(({ isRun }) => isRun);
  const eager = functions.filter(({ isEager }) => isEager);
  const both = run.filter(({ isEager }) => isEager);

  test('that a training runs are compiled with their file', () => {
    expect(sizeOf(both) / sizeOf(run)).toBeGreaterThan(0.8);
  });

  test('that are compiled with their file are run by a training', () => {
    expect(sizeOf(both) / sizeOf(eager)).toBeGreaterThan(0.8);
  });
});
