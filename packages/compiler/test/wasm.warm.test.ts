// What is called before a first run, for the engine to compile it: it does nothing.
import { expect, test } from 'vitest';
import { openWasm } from '../src/backends/wasm/device.ts';
import type { WasmProgram } from '../src/backends/wasm/emit.ts';
import type { Expr } from '../src/nest.ts';
import { acc, apply, load, type NestCase, nestCase } from './support/nests.ts';
import { engines } from './support/simd.ts';

/** A product of a matrix with another, or with its transpose. */
function product(n: number, m: number, k: number, transposed = false): NestCase {
  const right: Expr = transposed ? load(1, 1, 2) : load(1, 2, 1);
  const fold = { kind: 'sum', axes: [k], body: apply('mul', load(0, 0, 2), right) } as const;
  const inputs = [{ shape: [n, k] }, { shape: transposed ? [m, k] : [k, m] }];
  return nestCase('product', { axes: [n, m], fold, result: acc }, inputs);
}

/** Kernels that are warmed up, by what computes them. */
const cases: Readonly<Record<string, readonly NestCase[]>> = {
  tiles: [product(8, 64, 64), product(20, 64, 64), product(64, 64, 64)],
  'a sweep': [product(2, 4_096, 512)],
  'sums along both factors': [product(128, 256, 128, true)],
};

/** What a program exports, and its memory full of numbers. */
function exportsOf({ binary }: WasmProgram, shared: boolean) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536, shared });
  const bytes = Uint8Array.from({ length: memory.buffer.byteLength }, (_, i) => i % 251);
  new Uint8Array(memory.buffer).set(bytes);
  const module = new WebAssembly.Module(binary);
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { exports, memory, bytes };
}

for (const [engineName, engine] of Object.entries({ ...engines, scalar: { simd: 'scalar' } })) {
  for (const threads of [1, 2]) {
    test(`what is warmed up changes no memory: ${engineName}, threads: ${threads}`, async () => {
      const device = await openWasm({ ...engine, threads } as Parameters<typeof openWasm>[0]);
      const emit = ({ plan }: NestCase) => device.emit(plan) as WasmProgram;
      for (const [what, made] of Object.entries(cases)) {
        for (const each of made) {
          const { exports, memory, bytes } = exportsOf(emit(each), threads > 1);
          (exports['warm'] as () => void)();
          expect(Buffer.compare(new Uint8Array(memory.buffer), bytes), what).toBe(0);
        }
      }
      device.dispose();
    });
  }
}
