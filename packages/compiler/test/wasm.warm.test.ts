// What is called before a first run, for the engine to compile it: it does nothing.
import { expect, test } from 'vitest';
import { openWasm } from '../src/backends/wasm/device.ts';
import type { WasmProgram } from '../src/backends/wasm/emit.ts';
import { matrixProduct, type NestCase } from './support/nests.ts';
import { engines } from './support/simd.ts';

/** Kernels that are warmed up, by what computes them. */
const cases: Readonly<Record<string, readonly NestCase[]>> = {
  tiles: [matrixProduct(8, 64, 64), matrixProduct(20, 64, 64), matrixProduct(64, 64, 64)],
  'a sweep': [matrixProduct(2, 4_096, 512)],
  'sums along both factors': [matrixProduct(128, 256, 128, { right: true })],
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
