// Which instructions of WebAssembly this engine can be asked for.
import { setFlagsFromString } from 'node:v8';
import { whyNotRelaxed } from '../../src/backends/wasm/device.ts';

/** Why relaxed SIMD cannot be tested here; Node 20 has it behind a flag, which this sets. */
export function whyNoRelaxedSimd(): string | undefined {
  if (whyNotRelaxed()) setFlagsFromString('--experimental-wasm-relaxed-simd');
  return whyNotRelaxed();
}
