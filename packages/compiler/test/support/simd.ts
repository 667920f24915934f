// Which instructions of WebAssembly this engine can be asked for.
import { setFlagsFromString } from 'node:v8';
import { type WasmOptions, whyNotRelaxed } from '../../src/backends/wasm/device.ts';

/** Why relaxed SIMD cannot be tested here; Node 20 has it behind a flag, which this sets. */
export function whyNoRelaxedSimd(): string | undefined {
  if (whyNotRelaxed()) setFlagsFromString('--experimental-wasm-relaxed-simd');
  return whyNotRelaxed();
}

/** How an engine is made to look older than it is, or younger. */
export type Engine = Partial<Pick<WasmOptions, 'simd' | 'inOrder'>>;

/** How engines of different age differ in vectors, by name: those that can be tested here. */
export const engines: Readonly<Record<string, Engine>> = {
  SIMD: { simd: 'simd' },
  ...(whyNoRelaxedSimd() === undefined && {
    'relaxed SIMD': { simd: 'relaxed', inOrder: false },
    'relaxed SIMD in order': { simd: 'relaxed', inOrder: true },
  }),
};
