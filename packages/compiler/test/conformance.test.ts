// The suite of every backend, on those of the CPU.
import { describe, expect, test } from 'vitest';
import { openJs } from '../src/backends/js/device.ts';
import { openWasm } from '../src/backends/wasm/device.ts';
import { conformance } from './support/conformance.ts';
import { engines, whyNoRelaxedSimd } from './support/simd.ts';

describe('js', () => conformance(openJs));
describe.each(Object.entries(engines))('wasm, %s', (_, engine) =>
  conformance(() => openWasm(engine)),
);
const why = whyNoRelaxedSimd();
test.skipIf(why)(`there is relaxed SIMD${why ? `: ${why}` : ''}`, () => {
  expect(engines).toHaveProperty('relaxed SIMD');
});
