// The memory of plans, checked without the code that lays it out: what lives at the same time
// never overlaps, every value is right, and no more is taken than the order of kernels needs.
import { interpret, type Node, nameOf, paramsOf, relu } from '@chainrule/graph';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { openJs } from '../src/backends/js/device.ts';
import { openWasm } from '../src/backends/wasm/device.ts';
import type { Device, Handle, Limits } from '../src/device.ts';
import { createTask, planTask } from '../src/executable.ts';
import { compile } from '../src/index.ts';
import { type Goal, type Planned, plan } from '../src/plan.ts';
import { most, occupants } from './support/lives.ts';
import { mulberry } from './support/nests.ts';
import { net } from './support/programs.ts';
import { randomProgram } from './support/random-programs.ts';

const cpu: Limits = {
  inputs: 64,
  outputs: 1,
  inPlace: true,
  arena: true,
  queue: Number.POSITIVE_INFINITY,
};
const seeds = Array.from({ length: 300 }, (_, i) => i + 1);

describe('random programs', () => {
  test('what lives at the same time never overlaps', () => {
    for (const seed of seeds) {
      const planned = plan(randomProgram(seed), cpu);
      planned.kernels.forEach((kernel, i) => {
        // Its inputs, its output, and what later kernels or the caller read: all at their places.
        const there = occupants(planned, i).sort((a, b) => a.from - b.from);
        there.forEach(({ from, to }, k) => {
          const where = `program ${seed}, kernel ${kernel.name}`;
          expect(from % 4, where).toBe(0);
          expect(to, where).toBeLessThanOrEqual(there[k + 1]?.from ?? planned.arena);
        });
      });
    }
  });

  test('the arena is rarely larger than what lives at once', () => {
    const arenas = seeds.map((seed) => plan(randomProgram(seed), cpu));
    const larger = arenas.filter((planned) => planned.arena > most(planned));
    expect(larger.length).toBeLessThan(seeds.length / 25);
    for (const planned of larger) expect(planned.arena).toBeLessThan(1.25 * most(planned));
  });

  test.each([
    ['js', openJs],
    ['wasm', openWasm],
  ] as const)('%s computes what the formulas say, twice', async (_, open) => {
    const device = await open();
    for (const seed of seeds) await compare(device, randomProgram(seed), seed);
    device.dispose();
  });

  test('without an arena every kernel has its own place, and all parameters trade theirs', () => {
    for (const seed of seeds) {
      const goal = randomProgram(seed);
      const planned = plan(goal, { ...cpu, inPlace: false, arena: false });
      expect(planned.arena).toBe(0);
      expect(planned.buffers.every((b) => b.offset === undefined)).toBe(true);
      expect(planned.swaps).toHaveLength(goal.updates.length);
    }
  });
});

/** Two steps on a device, and the same formulas in float64. */
async function compare(device: Device, goal: Goal, seed: number): Promise<void> {
  const planned = plan(goal, device.limits);
  const loaded = await device.load(device.emit(planned));
  const random = mulberry(seed);
  let values: Record<string, number[]> = {};
  const env: Handle[] = [];
  for (const { id, name, shape } of planned.params) {
    const data = Float32Array.from({ length: shape[0]! * shape[1]! }, () => 2 * random() - 1);
    values[name] = [...data];
    env[id] = device.upload(data, shape, 'rows');
  }
  const shapes = new Map(planned.buffers.map((b) => [b.id, b.shape]));
  const check = async (id: number, wanted: readonly number[]): Promise<void> => {
    const found = await device.read(env[id], shapes.get(id)!, 'rows');
    // Sums of up to 81 terms of size 1, each off by 6e-8, through a few products.
    found.forEach((x, i) => void expect(Math.abs(x - wanted[i]!), `${seed}`).toBeLessThan(1e-4));
  };
  for (let step = 0; step < 2; step++) {
    const meaningOf = (node: Node) => interpret(node, feedsOf(node, values)).data;
    const outputs = [...goal.outputs].map(([name, node]) => [name, [...meaningOf(node)]] as const);
    const next = goal.updates.map(({ param, value }) => [nameOf(param)!, [...meaningOf(value)]]);
    loaded.run(env);
    for (const [name, wanted] of outputs) await check(planned.outputs.get(name)!, wanted);
    for (const { param, next } of planned.swaps) env[param] = env[next];
    values = { ...values, ...Object.fromEntries(next) };
    for (const { id, name } of planned.params) await check(id, values[name]!);
  }
  loaded.dispose();
}

const feedsOf = (node: Node, values: Readonly<Record<string, number[]>>) =>
  Object.fromEntries(
    paramsOf([node]).map((p) => [
      nameOf(p)!,
      { shape: p.shape as number[], data: values[nameOf(p)!]! },
    ]),
  );

/** The plan of a net's training step. */
function planOf(options: Parameters<typeof net>[0]): Planned {
  const { program, sizes } = net(options);
  const task = createTask('main', new Map(), [...program.updates], program.names);
  return planTask(task, sizes, cpu);
}

describe('nets', () => {
  test.each([
    ['the digits of MNIST', { layers: [784, 128, 64, 10], m: 128, classes: true, hidden: relu }],
    ['cats and dogs', { layers: [12288, 20, 7, 5, 1], m: 209, hidden: relu }],
    ['layers of one size', { layers: [32, 32, 32, 32, 32, 1], m: 16 }],
  ])('%s: what lives at once, and not a float more', (_, options) => {
    const planned = planOf(options);
    expect(planned.arena).toBe(most(planned));
    expect(planned.swaps).toEqual([]);
  });

  test('layers that taper leave gaps, and little of them', () => {
    const planned = planOf({ layers: [9, 8, 7, 6, 5, 1], m: 30 });
    expect(planned.arena).toBeLessThan(1.06 * most(planned));
  });

  test('fifty layers take their activations and two gradients, half of what they would', () => {
    const planned = planOf({ layers: [16, ...Array.from({ length: 49 }, () => 16), 1], m: 8 });
    // A1 to A49, dZ49, and dZ50 with one float an example.
    expect(planned.arena).toBe((49 + 1) * 16 * 8 + 8);
  });

  test('a thousand layers', () => {
    const planned = planOf({ layers: [4, ...Array.from({ length: 999 }, () => 4), 1], m: 4 });
    expect(planned.kernels).toHaveLength(4 * 1000 - 1);
    expect(planned.swaps).toEqual([]);
    expect(planned.arena).toBe((999 + 1) * 4 * 4 + 4);
  });
});

afterEach(() => void vi.restoreAllMocks());

test('programs of one session keep apart, and memory does not grow while they run', async () => {
  const [small, large] = [net({ layers: [5, 7, 1], m: 6 }), net({ layers: [5, 7, 1], m: 31 })];
  const start = () => compile(small.program, { sizes: small.sizes, device: 'wasm', seed: 5 });
  using both = await start();
  using alone = await start();
  // Only `both` computes other things between its steps.
  const between = async (): Promise<void> => {
    await both.value(small.J, large.feeds);
    await both.value(small.A, small.feeds);
  };
  const round = async (): Promise<void> => {
    both.step(small.feeds);
    await between();
    both.step(large.feeds);
    await between();
    for (const { feeds } of [small, large]) alone.step(feeds);
    expect(await both.state()).toEqual(await alone.state());
  };
  await round();
  const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow');
  for (let i = 0; i < 20; i++) await round();
  expect(grow).not.toHaveBeenCalled();
});
