// The suite of every backend, on those of the CPU.
import { describe } from 'vitest';
import { openJs } from '../src/backends/js/device.ts';
import { openWasm } from '../src/backends/wasm/device.ts';
import { conformance } from './support/conformance.ts';

describe('js', () => conformance(openJs));
describe('wasm', () => conformance(openWasm));
