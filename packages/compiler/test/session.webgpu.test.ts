// The suite of every device, on gpu.js's WebGPU mode in Node.
import { describe } from 'vitest';
import { captureFaults, failing } from './support/failing.ts';
import { longRun } from './support/long-run.ts';
import { captureContexts, losing } from './support/losing.ts';
import { sessions } from './support/sessions.ts';
import { installWebGpu } from './support/webgpu.ts';

const missing = await installWebGpu();

describe.skipIf(missing)(`webgpu in Node${missing ? ` (${missing})` : ''}`, () => {
  sessions('webgpu');
  longRun('webgpu');
  describe('when its device is lost', () => losing('webgpu', captureContexts()));
  describe('when it fails', () => failing('webgpu', captureFaults()));
});
