// Products come to optimized code before anything runs: V8 itself tells what it compiles.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));

// Compiles a product of tiles, sums along both factors, and a sweep. It runs none of them, and
// waits to be ended.
const loading = `
  import { input, matmul, transpose } from '@chainrule/graph';
  import { compile } from '@chainrule/compiler';
  const of = (A, B) => compile(matmul(A, B), { device: 'wasm', threads: 1 });
  const A = (name, ...shape) => input(...shape, { name });
  await of(A('A', 64, 64), A('B', 64, 64));
  await of(A('C', 128, 256), transpose(A('D', 128, 256)));
  await of(A('E', 2, 512), A('F', 512, 4096));
  setTimeout(() => {}, 60_000);
`;

test('V8 optimizes a tile, sums and a sweep as soon as they are loaded', async () => {
  const args = ['--trace-wasm-compilation-times', '--input-type=module', '--eval', loading];
  const child = spawn(process.execPath, args, { cwd: root });
  const optimized = new Set<string>();
  let [out, errors] = ['', ''];
  child.stderr.on('data', (text) => {
    errors += text;
  });
  await new Promise<void>((done) => {
    child.stdout.on('data', (text) => {
      out += text;
      for (const [, which] of out.matchAll(/function (\S+#\d+) using TurboFan/g)) {
        optimized.add(which!);
      }
      if (optimized.size === 3) child.kill();
    });
    child.on('close', () => done());
  });
  expect(errors).toBe('');
  expect(optimized.size, out).toBe(3);
}, 90_000);
