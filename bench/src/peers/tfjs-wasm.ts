// TensorFlow.js on its wasm backend, which has one thread in Node.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { Contender } from './contender.ts';
import { tensorflow } from './tfjs.ts';

export function tensorflowWasm(): Promise<Contender> {
  const { resolve } = createRequire(import.meta.url);
  setWasmPaths(`${dirname(resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  return tensorflow('wasm');
}
