// Which values a plan has to hold at a time, found kernel by kernel. It shares no code with the
// planner.
import { outputsOf } from '../../src/nest.ts';
import type { Planned } from '../../src/plan.ts';

/** The place in the arena of a value that is needed, in floats; `to` is behind its end. */
export interface Occupant {
  readonly from: number;
  readonly to: number;
}

/** What must be in the arena while a kernel runs: written by then, and read then or later. */
export function occupants(planned: Planned, at: number): Occupant[] {
  const { kernels, buffers } = planned;
  return buffers.flatMap(({ id, role, shape, offset }) => {
    if (role !== 'temp' && role !== 'output') return [];
    const written = kernels.slice(0, at + 1).some((nest) => outputsOf(nest).includes(id));
    const read = kernels
      .slice(at)
      .some((nest) => [...nest.inputs, ...outputsOf(nest)].includes(id));
    if (!written || !(read || role === 'output')) return [];
    const length = shape.reduce((n, size) => n * size, 1);
    return [{ from: offset ?? Number.NaN, to: (offset ?? Number.NaN) + length }];
  });
}

/** The most floats that any kernel needs in the arena, each value from a multiple of 16 bytes on. */
export function most(planned: Planned): number {
  const held = planned.kernels.map((_, at) =>
    occupants(planned, at).reduce((sum, { from, to }) => sum + 4 * Math.ceil((to - from) / 4), 0),
  );
  return held.reduce((a, b) => Math.max(a, b), 0);
}
