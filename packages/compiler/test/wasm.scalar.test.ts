import { describe } from 'vitest';
import { openWasm } from '../src/backends/wasm/device.ts';
import { conformance } from './support/conformance.ts';
describe('wasm without SIMD', () => conformance(() => openWasm({ simd: 'scalar' })));
