// Who takes part in the GPU bench: what the page and the process that drives it must both know.
import packages from '../../package.json' with { type: 'json' };
import { BOTH, type Layout } from '../peers/works.ts';
import type { Api } from './count/hooks.ts';

interface Described {
  /** What it must really use. */
  readonly api: Api;
  readonly version: string;
  readonly layouts: readonly Layout[];
}

const { devDependencies } = packages;

const own = (api: Api): Described => ({ api, version: 'as built here', layouts: ['columns'] });
const peer = (api: Api, name: keyof typeof devDependencies): Described => ({
  api,
  version: devDependencies[name],
  layouts: BOTH,
});

/** The first is whom the others are compared with in time. */
export const CONTENDERS = {
  'chainrule webgl2': own('webgl2'),
  'chainrule webgl': own('webgl'),
  'chainrule webgpu': own('webgpu'),
  'TensorFlow.js webgl': peer('webgl2', '@tensorflow/tfjs'),
  'TensorFlow.js webgpu': peer('webgpu', '@tensorflow/tfjs-backend-webgpu'),
  'jax-js webgl': peer('webgl2', '@jax-js/jax'),
  'jax-js webgpu': peer('webgpu', '@jax-js/jax'),
} as const satisfies Record<string, Described>;

export type GpuName = keyof typeof CONTENDERS;
