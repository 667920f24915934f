// The suites of every device, on WebAssembly.
import { describe } from 'vitest';
import { openWasm } from '../src/backends/wasm/device.ts';
import { sessions } from './support/sessions.ts';
import { training } from './support/training.ts';

describe('wasm', () => {
  sessions('wasm');
  training(openWasm);
});
