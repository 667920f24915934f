// Runs generated JavaScript over typed arrays: the CPU without WebAssembly.
import { ChainruleError } from '@chainrule/graph';
import { cpu, type Device, type Handle, type Loaded, type Program } from '../../device.ts';
import { type Plan, sizeOf } from '../../nest.ts';
import { rowMajor } from '../../reordered.ts';
import { emitJs } from './emit.ts';

/** Opens the JavaScript engine as a device. */
export const openJs = async (): Promise<Device> => ({
  kind: 'js',
  label: 'JavaScript, one thread',
  limits: cpu,
  emit: (plan) => ({ plan, sources: emitJs(plan) }),
  load,
  upload: (data) => data,
  read: async (handle, shape, order) => rowMajor(handle as Float32Array, shape, order),
  free: () => {},
  dispose: () => {},
});

type Kernel = (env: readonly Handle[]) => void;

function load({ plan, sources }: Program): Loaded {
  const kernels = sources.map((source) => compileSource(source));
  const arena = new Float32Array(plan.arena);
  const slots = plan.buffers.filter((b) => b.offset !== undefined);
  const views = slots.map((b) => arena.subarray(b.offset!, b.offset! + sizeOf(b.shape)));
  const turns = nextBuffers(plan);
  let turn = 0;
  return {
    run: (env) => {
      slots.forEach((b, i) => {
        env[b.id] = views[i];
      });
      for (const [id, pair] of turns) env[id] = pair[turn];
      turn = 1 - turn;
      for (const kernel of kernels) kernel(env);
    },
    dispose: () => {},
  };
}

/** Two arrays for each new value that takes turns with the old one. */
function nextBuffers(plan: Plan): [number, [Float32Array, Float32Array]][] {
  return plan.buffers
    .filter((b) => b.role === 'next')
    .map((b) => [b.id, [new Float32Array(sizeOf(b.shape)), new Float32Array(sizeOf(b.shape))]]);
}

function compileSource(source: string): Kernel {
  try {
    return new Function('env', `'use strict';\n${source}`) as Kernel;
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    throw new ChainruleError(
      "the js device compiles text, which this page's Content-Security-Policy forbids.",
      "allow script-src 'unsafe-eval', or choose another device.",
    );
  }
}
