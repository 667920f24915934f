// The suite of every backend, on those of the CPU.
import { describe } from 'vitest';
import { openJs } from '../src/backends/js/device.ts';
import { openWasm } from '../src/backends/wasm/device.ts';
import { conformance } from './support/conformance.ts';
import { whyNoRelaxedSimd } from './support/simd.ts';

describe('js', () => conformance(openJs));
describe('wasm', () => conformance(() => openWasm({ simd: 'simd' })));
const why = whyNoRelaxedSimd();
describe.skipIf(why)(`wasm, relaxed SIMD${why ? `: ${why}` : ''}`, () =>
  conformance(() => openWasm({ simd: 'relaxed' })),
);
