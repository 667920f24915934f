// The loops that a session says a step has are those that plans have.
import { add, mul } from '@chainrule/graph';
import { expect, test } from 'vitest';
import { limits as wasm } from '../src/backends/wasm/loaded.ts';
import { compileOn } from '../src/compile.ts';
import { createTask, planTask } from '../src/executable.ts';
import type { Program } from '../src/index.ts';
import { fakePlatform } from './support/fakes.ts';
import { type Case, net } from './support/programs.ts';

const gpu = { ...wasm, inputs: 8, outputs: 4, inPlace: false, arena: false, threads: 8192 };

/** More kernels, and no more loops. */
const withMore = ({ program, ...rest }: Case): Case => {
  const updates = program.updates.map(({ param, value }) => {
    return { param, value: add(mul(param, 0.1), mul(value, value)) };
  });
  return { ...rest, program: { ...program, updates } };
};

const small = net({ layers: [3, 6, 4, 1], m: 17 });
const cases = { 'a net': small, 'the same with longer updates': withMore(small) };

test.each(Object.entries(cases))('%s', async (_, { program, sizes }) => {
  const { updates, loss }: Program = program;
  const task = createTask('main', new Map(), updates, new Map(), [loss!]);
  using run = await compileOn(fakePlatform().platform, program, { sizes });
  const said = Number(/MFLOP in (\d+) loops: /.exec(run.device.why)?.[1]);
  for (const limits of [wasm, gpu]) {
    const { kernels } = planTask(task, sizes, limits);
    expect(kernels.filter(({ fold }) => fold)).toHaveLength(said);
  }
});
