// What an update moves along with a parameter is one kernel with it on a CPU, too: averages of a
// gradient, which change in place beside it. Against float64, for gradients of every kind of kernel.
import {
  add,
  div,
  input,
  inputsOf,
  interpret,
  matmul,
  mul,
  type Node,
  nameOf,
  param,
  sqrt,
  square,
  sub,
  sum,
  transpose,
} from '@chainrule/graph';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openJs } from '../src/backends/js/device.ts';
import { compileOn } from '../src/compile.ts';
import type { Device } from '../src/device.ts';
import { createPlatform } from '../src/placement/devices.ts';
import { engines } from './support/simd.ts';
import { openTeam } from './support/threads.ts';

const BETA = 0.9;
const RATE = 0.1;
const SMALL = 0.01;
const STEPS = 3;

/** Sizes of tiles, of lanes along the fold, of sweeps and of plain loops, and odd ones. */
const size = fc.constantFrom(1, 3, 8, 17, 40, 66, 130);
const sizes = fc.record({ n: size, m: size, k: size });
type Sizes = Readonly<Record<'n' | 'm' | 'k', number>>;

const X = (...shape: number[]): Node => input(...shape, { name: 'X' });
const Y = (...shape: number[]): Node => input(...shape, { name: 'Y' });
const gradients: Readonly<Record<string, (sizes: Sizes) => Node>> = {
  'a product': ({ n, m, k }) => matmul(X(n, k), Y(k, m)),
  'a product with the left one transposed': ({ n, m, k }) => matmul(transpose(X(k, n)), Y(k, m)),
  'a product with the right one transposed': ({ n, m, k }) => matmul(X(n, k), transpose(Y(m, k))),
  'a sum of rows': ({ n, m, k }) => sum(mul(X(k, n, m), Y(k, n, m)), 0),
  'a map': ({ n, m }) => mul(X(n, m), Y(n, m)),
};

const numbers = (length: number, seed: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(seed + 1.7 * i));

const product = (shape: readonly number[]): number => shape.reduce((p, d) => p * d, 1);

/** M and V follow the gradient and its square, and P goes against M by the root of V. */
function updatesOf(G: Node, n: number, m: number) {
  const [P, M, V] = ['P', 'M', 'V'].map((name) => param(n, m, { name }));
  const follow = (old: Node, value: Node): Node => add(mul(BETA, old), mul(1 - BETA, value));
  const [newM, newV] = [follow(M!, G), follow(V!, square(G))];
  const step = div(mul(RATE, newM), add(sqrt(newV), SMALL));
  return [
    { param: P!, value: sub(P!, step) },
    { param: M!, value: newM },
    { param: V!, value: newV },
  ];
}

/** The same, step by step. */
function wantedOf(G: ArrayLike<number>) {
  const [P, M, V] = [1, 2, 3].map((seed) => [...numbers(G.length, seed)].map(Math.abs));
  for (let step = 0; step < STEPS; step++) {
    for (let i = 0; i < G.length; i++) {
      M![i] = BETA * M![i]! + (1 - BETA) * G[i]!;
      V![i] = BETA * V![i]! + (1 - BETA) * G[i]! ** 2;
      P![i]! -= (RATE * M![i]!) / (Math.sqrt(V![i]!) + SMALL);
    }
  }
  return { P: P!, M: M!, V: V! };
}

type Open = () => Promise<Device>;
const ways: [name: string, threads: number, open: Open][] = [
  ['JavaScript', 1, openJs],
  ...Object.entries(engines).flatMap(([name, engine]) =>
    [1, 2].map((threads): [string, number, Open] => {
      return [name, threads, () => openTeam(threads, engine)];
    }),
  ),
];
const all = ways.flatMap((way) => Object.keys(gradients).map((kind) => [kind, ...way] as const));

test.each(all)('averages of %s, on %s, threads: %d', async (kind, _, threads, open) => {
  await fc.assert(
    fc.asyncProperty(sizes, async (sizes) => {
      const { n, m } = sizes;
      const G = gradients[kind]!(sizes);
      const platform = { ...createPlatform(threads), open };
      const request = { device: 'wasm' } as const;
      using run = await compileOn(platform, { updates: updatesOf(G, n, m) }, request);
      const feeds = Object.fromEntries(
        inputsOf([G]).map((x, i) => [nameOf(x)!, numbers(product(x.shape as number[]), i)]),
      );
      for (const [i, name] of ['P', 'M', 'V'].entries()) {
        run.write(name, numbers(n * m, i + 1).map(Math.abs));
      }
      await run.steps(STEPS, feeds);
      expect(run.report().kernels).toHaveLength(1);
      const wanted = wantedOf(interpret(G, feeds).data);
      for (const name of ['P', 'M', 'V'] as const) {
        const { data } = await run.read(name);
        const scale = Math.max(1, ...wanted[name].map(Math.abs));
        const off = wanted[name].map((x, at) => Math.abs(x - data[at]!) / scale);
        expect(Math.max(...off), name).toBeLessThan(1e-5);
      }
    }),
    { seed: 7, numRuns: 25 },
  );
});

test.each(ways)(
  'each result reads what was before, on %s, threads: %d',
  async (_, threads, open) => {
    const [n, m] = [7, 9];
    const [A, B] = ['A', 'B'].map((name) => param(n, m, { name })) as [Node, Node];
    const updates = [
      { param: A, value: mul(X(n, m), Y(n, m)) },
      { param: B, value: add(A, B) },
    ];
    const platform = { ...createPlatform(threads), open };
    using run = await compileOn(platform, { updates }, { device: 'wasm' });
    const [a, b, x, y] = [1, 2, 3, 4].map((seed) => numbers(n * m, seed)) as Float32Array[];
    run.write('A', a!);
    run.write('B', b!);
    run.step({ X: x!, Y: y! });
    expect(run.report().kernels).toHaveLength(1);
    expect((await run.read('B')).data).toEqual(a!.map((value, i) => value + b![i]!));
    expect((await run.read('A')).data).toEqual(x!.map((value, i) => value * y![i]!));
  },
);

test('the report counts the copies of all that a step changes', async () => {
  const platform = { ...createPlatform(2), open: () => openTeam(2) };
  const updates = updatesOf(mul(X(40, 50), Y(40, 50)), 40, 50);
  using run = await compileOn(platform, { updates }, { device: 'wasm' });
  const [x, y] = [numbers(2000, 1), numbers(2000, 2)];
  await run.steps(1, { X: x, Y: y });
  // P, M and V: without M and V two copies and the data of one step would be less.
  expect(run.report().memory.backup).toBeGreaterThanOrEqual(3 * x.byteLength);
});
