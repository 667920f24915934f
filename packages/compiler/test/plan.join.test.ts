// Joined kernels: they mean what the formulas say and what the plan without them means, they keep
// to the limits, and nothing is joined that has to wait.
import {
  add,
  interpret,
  mul,
  type Node,
  nameOf,
  param,
  paramsOf,
  sum,
  tanh,
} from '@chainrule/graph';
import { describe, expect, test } from 'vitest';
import { cpu, type Limits } from '../src/device.ts';
import { join } from '../src/fitting/join.ts';
import { type Buffer, type Nest, outputsOf } from '../src/nest.ts';
import { type Goal, type Planned, plan } from '../src/plan.ts';
import { interpretPlan } from './support/interpret.ts';
import { acc, apply, load, mulberry } from './support/nests.ts';
import { randomProgram } from './support/random-programs.ts';

const gpu: Limits = { inputs: 7, outputs: 4, inPlace: false, arena: false, queue: 1 };
const seeds = Array.from({ length: 200 }, (_, i) => i + 1);

type Numbers = Readonly<Record<string, readonly number[]>>;

/** Two steps of a plan in float64: what its outputs are in each, and the parameters after both. */
function twoSteps(planned: Planned, start: Numbers): Numbers[] {
  let params = start;
  return [1, 2].map(() => {
    const given = new Map(planned.params.map((b) => [b.id, params[b.name]!]));
    const found = interpretPlan(planned, given);
    // In place, a parameter is its own new value.
    const next = new Map(planned.swaps.map((swap) => [swap.param, swap.next]));
    const after = planned.params.map(({ id, name }) => {
      return [name, [...(found.get(next.get(id) ?? id) ?? params[name]!)]] as const;
    });
    params = { ...params, ...Object.fromEntries(after) };
    const outputs = [...planned.outputs].map(([name, id]) => [name, [...found.get(id)!]] as const);
    return { ...params, ...Object.fromEntries(outputs) };
  });
}

/** The same from the formulas, without the compiler. */
function meaningOf(goal: Goal, start: Numbers): Numbers[] {
  let params = start;
  return [1, 2].map(() => {
    const valuesOf = (node: Node) => {
      const feeds = paramsOf([node]).map((p) => {
        return [nameOf(p)!, { shape: p.shape as number[], data: params[nameOf(p)!]! }] as const;
      });
      return [...interpret(node, Object.fromEntries(feeds)).data];
    };
    const outputs = [...goal.outputs].map(([name, node]) => [name, valuesOf(node)] as const);
    const after = goal.updates.map((u) => [nameOf(u.param)!, valuesOf(u.value)] as const);
    params = { ...params, ...Object.fromEntries(after) };
    return { ...params, ...Object.fromEntries(outputs) };
  });
}

function startOf(planned: Planned, seed: number): Numbers {
  const random = mulberry(seed);
  const numbers = ({ shape }: Buffer) =>
    Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => 2 * random() - 1);
  return Object.fromEntries(planned.params.map((b) => [b.name, numbers(b)]));
}

/** The largest difference between two runs, in numbers of a few units. */
function distance(found: readonly Numbers[], wanted: readonly Numbers[]): number {
  const off = wanted.flatMap((step, i) =>
    Object.entries(step).flatMap(([name, numbers]) => {
      const others = found[i]![name]!;
      return numbers.map((x, k) => Math.abs(x - (others[k] ?? Number.NaN)));
    }),
  );
  return off.reduce((a, b) => Math.max(a, b), 0);
}

/** Machine ops stand for functions as float32 needs them: a tanh is good to nine digits or so. */
const MEANING = 1e-7;
/** Float64 with a few roundings more or less: an expression is simplified where two meet. */
const ROUNDING = 1e-12;

describe.each<[string, Limits]>([
  ['seven inputs', gpu],
  ['fourteen inputs', { ...gpu, inputs: 14 }],
  ['two outputs', { ...gpu, outputs: 2 }],
  ['parameters in place, and an arena', { ...gpu, inPlace: true, arena: true }],
  ['a CPU', { ...cpu, parts: 16 }],
  ['short lines', { ...gpu, line: 4 }],
  ['lines, parameters in place, and an arena', { ...gpu, line: 9, inPlace: true, arena: true }],
])('random programs with %s', (_, limits) => {
  test('compute what the formulas say, and what they compute apart', () => {
    let joined = 0;
    for (const seed of seeds) {
      const goal = randomProgram(seed);
      const together = plan(goal, limits);
      const apart = plan(goal, { ...limits, outputs: 1, line: 1 });
      const start = startOf(apart, seed);
      const found = twoSteps(together, start);
      const where = `program ${seed}`;
      expect(distance(found, meaningOf(goal, start)), where).toBeLessThan(MEANING);
      expect(distance(found, twoSteps(apart, start)), where).toBeLessThan(ROUNDING);
      joined += apart.kernels.length - together.kernels.length;
    }
    // About one launch a program at the least: else this shows little.
    expect(joined).toBeGreaterThan(seeds.length);
  });

  test('keep to the limits, and to one shape a kernel; each buffer is written once', () => {
    for (const seed of seeds) {
      const { kernels, buffers, params } = plan(randomProgram(seed), limits);
      const shapes = new Map(buffers.map((b) => [b.id, b.shape]));
      const overwritten = new Set(params.map((b) => b.id));
      const there = new Set(overwritten);
      const legal = (nest: Nest): boolean => {
        const { inputs, axes } = nest;
        const outputs = outputsOf(nest);
        const sourcesFirst = inputs.every((id) => there.has(id));
        const alike = outputs.every((id) => `${shapes.get(id)}` === `${axes}`);
        const anew = outputs.every((id) => overwritten.has(id) || !there.has(id));
        for (const id of outputs) there.add(id);
        const few = inputs.length <= limits.inputs && outputs.length <= limits.outputs;
        return sourcesFirst && alike && anew && few;
      };
      const wrong = kernels.filter((nest) => !legal(nest)).map((nest) => nest.name);
      expect(wrong, `program ${seed}`).toEqual([]);
      const read = new Set(kernels.flatMap((nest) => nest.inputs));
      const unread = buffers.filter((b) => b.role === 'temp' && !read.has(b.id));
      expect(unread, `program ${seed}`).toEqual([]);
    }
  });
});

/** Kernels, each by the names of what it writes. */
const written = ({ kernels, buffers }: Planned): string[][] =>
  kernels.map((nest) => outputsOf(nest).map((id) => buffers.find((b) => b.id === id)!.name));

describe('what has to wait', () => {
  const P = param(3, 4, { name: 'P' });
  const Q = param(3, 4, { name: 'Q' });
  const A = tanh(P);

  test('a map joins the map that it reads, and its value is not loaded', () => {
    const outputs = new Map([
      ['A', A],
      ['B', tanh(mul(A, Q))],
    ]);
    const planned = plan({ outputs, updates: [] }, gpu);
    expect(written(planned)).toEqual([['A', 'B']]);
    expect(planned.kernels[0]!.inputs).toHaveLength(2);
    expect(planned.stops).toEqual({ A: 'it is a result' });
  });

  test('a sum over all lies between two maps of one shape', () => {
    const outputs = new Map([
      ['A', A],
      ['B', mul(A, sum(A))],
    ]);
    const planned = plan({ outputs, updates: [] }, gpu);
    expect(written(planned)).toEqual([['A'], ['sum'], ['B']]);
  });

  test('maps that know nothing of each other are one kernel', () => {
    const outputs = new Map<string, Node>([
      ['A', A],
      ['B', tanh(Q)],
      ['C', tanh(param(4, 3, { name: 'R' }))],
    ]);
    expect(written(plan({ outputs, updates: [] }, gpu))).toEqual([['A', 'B'], ['C']]);
  });

  test('the new value of a parameter that others read is a buffer of its own', () => {
    // Q reads the old P elsewhere than at its own position, and P the old Q.
    const updates = [
      { param: P, value: add(tanh(P), Q) },
      { param: Q, value: add(tanh(Q), sum(P)) },
    ];
    const planned = plan({ outputs: new Map(), updates }, gpu);
    expect(planned.swaps).toHaveLength(2);
    const start = startOf(planned, 1);
    const wanted = meaningOf({ outputs: new Map(), updates }, start);
    expect(distance(twoSteps(planned, start), wanted)).toBeLessThan(MEANING);
  });
});

describe('kernels by hand', () => {
  const shape = [3, 4];
  const buffersOf = (...order: Buffer['order'][]): Buffer[] =>
    order.map((o, id) => ({
      id,
      name: `x${id}`,
      shape,
      order: o,
      role: id < 2 ? 'input' : 'output',
    }));
  const nest = (output: number, input: number, rest: Pick<Nest, 'result' | 'fold'>): Nest => {
    return { name: `k${output}`, axes: shape, inputs: [input], output, ...rest };
  };
  const joined = (buffers: Buffer[], ...nests: Nest[]) =>
    join(
      nests.map((n) => ({ nest: n, updates: [] })),
      buffers,
      () => true,
    ).map((job) => outputsOf(job.nest));
  const map = { result: apply('exp', load(0, 0, 1)) };
  const rows = buffersOf('rows', 'rows', 'rows', 'rows');

  test('results of one order in memory', () => {
    expect(joined(rows, nest(2, 0, map), nest(3, 1, map))).toEqual([[2, 3]]);
    const mixed = buffersOf('rows', 'rows', 'rows', 'columns');
    expect(joined(mixed, nest(2, 0, map), nest(3, 1, map))).toEqual([[2], [3]]);
    expect(joined(mixed, nest(2, 0, map), nest(3, 2, map))).toEqual([[2], [3]]);
  });

  test('what is read at another position, or folded, is stored first', () => {
    const reversed = { result: load(0, { at: 2, of: [{ axis: 0, step: -1 }] }, 1) };
    expect(joined(rows, nest(2, 0, map), nest(3, 2, reversed))).toEqual([[2], [3]]);
    const turns = { kind: 'sum', axes: [5] } as const;
    const folding = { fold: { ...turns, body: load(0, 0, 1) }, result: acc };
    expect(joined(rows, nest(2, 0, map), nest(3, 2, folding))).toEqual([[2], [3]]);
    // A map joins the fold that it reads; two folds stay two.
    expect(joined(rows, nest(2, 0, folding), nest(3, 2, map))).toEqual([[2, 3]]);
    expect(joined(rows, nest(2, 0, folding), nest(3, 1, folding))).toEqual([[2], [3]]);
  });
});
