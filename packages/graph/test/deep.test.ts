// Large graphs: a thousand layers, long chains; and that what nobody holds is let go.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { type Node, param, reachable } from '../src/index.ts';
import { classifier } from './support/nets.ts';

const LAYERS = 1000;

test.each(['tanh', 'relu', 'leakyRelu', 'sigmoid', 'softplus'])(
  'a thousand layers of %s build, simplify, differentiate and print',
  (hidden) => {
    const sizes = [2, ...Array.from({ length: LAYERS - 1 }, () => 2), 1];
    const { J, W1 } = classifier({ sizes, hidden });
    expect(reachable([g.simplify(J!)]).length).toBeGreaterThan(4 * LAYERS);
    const gradients = g.grad(J!, g.paramsOf([J!]));
    expect(gradients).toHaveLength(2 * LAYERS);
    // Linear: about ten nodes a layer, not one for each pair of layers.
    expect(reachable(gradients).length).toBeLessThan(20 * LAYERS);
    const { forward, backward } = g.equations(J!);
    expect(forward).toHaveLength(2 * LAYERS + 1);
    expect(backward).toHaveLength(4 * LAYERS - 1);
    const whole = g.grad(J!, W1!);
    for (const text of [g.print(whole), g.tex(whole)]) expect(text).toContain('...');
  },
);

test('300 layers are derived step by step, and set as one block', () => {
  const depth = 300;
  const sizes = [2, ...Array.from({ length: depth - 1 }, () => 2), 1];
  const { J, W1 } = classifier({ sizes, hidden: 'tanh' });
  const steps = g.derivation(J!, W1!);
  expect(steps.length).toBeGreaterThan(2 * depth);
  expect(steps.at(-1)!.after).toBe(g.grad(J!, W1!));
  // Two lines forward, four backward, two updates.
  expect(g.texProgram(J!).split('\n').length).toBeGreaterThanOrEqual(8 * depth);
});

const repeat = (times: number, x: Node, f: (y: Node, i: number) => Node): Node => {
  let y = x;
  for (let i = 0; i < times; i++) y = f(y, i);
  return y;
};

test.each<[string, (y: Node, x: Node, i: number) => Node]>([
  ['tanh(y)', (y) => g.tanh(y)],
  ['y + tanh(y)', (y) => g.add(y, g.tanh(y))],
  ['y .* sigmoid(y)', (y) => g.mul(y, g.sigmoid(y))],
  ['y + sin(i x)', (y, x, i) => g.add(y, g.sin(g.mul(x, i)))],
  ['y .* sin(i x)', (y, x, i) => g.mul(y, g.sin(g.mul(x, i + 0.5)))],
  ['x .* y + i', (y, x, i) => g.add(g.mul(x, y), i)],
  ['0.9 y + i', (y, _, i) => g.add(g.mul(0.9, y), i)],
  ['(y - 0.3)^2', (y) => g.square(g.sub(y, 0.3))],
  ['y .* y', (y) => g.mul(y, y)],
  ["(y')'", (y) => g.transpose(g.transpose(y))],
  ['W * y', (y) => g.matmul(param(3, 3), y)],
  ["(y' * W)'", (y) => g.transpose(g.matmul(g.transpose(y), param(3, 3)))],
])('a chain of 1500 times y = %s', (_, f) => {
  const x = param(3, 1, { name: 'x' });
  const J = g.sum(repeat(1500, x, (y, i) => f(y, x, i)));
  const d = g.grad(J, x);
  expect(d.shape).toEqual([3, 1]);
  expect(g.simplify(d)).toBe(d);
  for (const text of [g.print(J), g.tex(d)]) expect(text.length).toBeLessThan(1e6);
});

test('the table of nodes keeps none alive', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const x = param({ name: 'x' });
  const build = (): WeakRef<Node> => new WeakRef(repeat(20_000, x, (y, i) => g.add(y, i + 0.5)));
  const settle = async (): Promise<number> => {
    for (let i = 0; i < 4; i++) {
      collect();
      await new Promise((done) => setTimeout(done, 10));
    }
    return process.memoryUsage().heapUsed;
  };
  const before = await settle();
  const gone = build();
  const after = await settle();
  expect(gone.deref()).toBeUndefined();
  // Twenty thousand nodes and their keys are above 10 MB.
  expect(after - before).toBeLessThan(2e6);
  // What is let go may be built again, once.
  expect(g.add(x, 0.5)).toBe(g.add(x, 0.5));
});
