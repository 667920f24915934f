// The text that the gpu.js backend prints for one nest.
import { emit } from '../../src/backends/gpujs/emit.ts';
import type { GpuKind } from '../../src/backends/gpujs/layout.ts';
import type { Plan } from '../../src/nest.ts';
import { type Body, nestCase } from './nests.ts';

const spaceOf = (kind: GpuKind) => ({
  ...{ kind, side: kind === 'webgpu' ? 2 ** 31 : 2048 },
  ...(kind === 'webgl2' && { targets: 6 }),
});

export const printed = (plan: Plan, kind: GpuKind) => emit(plan, spaceOf(kind)).sources[0]!;

export const source = (
  nest: Body,
  shapes: readonly (readonly number[])[],
  kind: GpuKind = 'webgl2',
) => {
  const inputs = shapes.map((shape) => ({ shape }));
  return printed(nestCase('Z', nest, inputs).plan, kind);
};
