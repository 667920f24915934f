// Factors that lie alike are packed by one function, wherever they are: programs of some products
// of parts of few matrices, of sizes that are equal or nearly so.
import { input, matmul, type Node, param, slice, transpose } from '@chainrule/graph';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileOn } from '../src/compile.ts';
import { compile } from '../src/index.ts';
import { createPlatform } from '../src/placement/devices.ts';
import { engines } from './support/simd.ts';
import { openTeam } from './support/threads.ts';

/** Rows and columns of all matrices. */
const SIZE = 40;
const MATRICES = 3;

/** The first rows and columns of a matrix, as they are or transposed. */
interface Factor {
  readonly of: number;
  readonly rows: number;
  readonly columns: number;
  readonly turned: boolean;
}

type Product = readonly [left: Factor, right: Factor];

const size = fc.constantFrom(32, 33, SIZE);
const products = fc.array(
  fc
    .record({
      ...{ n: size, m: size, k: size, of: fc.nat(MATRICES - 1), other: fc.nat(MATRICES - 1) },
      ...{ left: fc.boolean(), right: fc.boolean() },
    })
    .map(
      ({ n, m, k, of, other, left, right }): Product => [
        left ? { of, rows: k, columns: n, turned: true } : factor(of, n, k),
        right ? { of: other, rows: m, columns: k, turned: true } : factor(other, k, m),
      ],
    ),
  { minLength: 3, maxLength: 6 },
);

const factor = (of: number, rows = SIZE, columns = SIZE, turned = false): Factor => ({
  ...{ of, rows, columns, turned },
});

const data = (of: number) =>
  Float32Array.from({ length: SIZE * SIZE }, (_, i) => Math.sin(i * (of + 1) + of));

/** The product in float64, by its definition. */
function wanted([left, right]: Product): Float64Array {
  const read = ({ of, turned }: Factor) => {
    const values = data(of);
    return (i: number, j: number) => values[turned ? j * SIZE + i : i * SIZE + j]!;
  };
  const [a, b] = [read(left), read(right)];
  const [n, k] = left.turned ? [left.columns, left.rows] : [left.rows, left.columns];
  const m = right.turned ? right.rows : right.columns;
  return Float64Array.from({ length: n * m }, (_, at) => {
    let sum = 0;
    for (let l = 0; l < k; l++) sum += a(Math.floor(at / m), l) * b(l, at % m);
    return sum;
  });
}

/** Parameters P0, P1, ... that become the products of inputs X0, X1, ... */
function programOf(products: readonly Product[]) {
  const X = Array.from({ length: MATRICES }, (_, of) => input(SIZE, SIZE, { name: `X${of}` }));
  const take = ({ of, rows, columns, turned }: Factor): Node => {
    const part = slice(X[of]!, [{ stop: rows }, { stop: columns }]);
    return turned ? transpose(part) : part;
  };
  const updates = products.map(([left, right], i) => {
    const value = matmul(take(left), take(right));
    return { param: param(...value.shape, { name: `P${i}` }), value };
  });
  const used = [...new Set(products.flat().map(({ of }) => of))];
  return { updates, feeds: Object.fromEntries(used.map((of) => [`X${of}`, data(of)])) };
}

const ways = Object.entries(engines).flatMap(([name, engine]) =>
  [1, 2].map((threads) => [name, threads, engine] as const),
);

test.each(ways)('random products, %s, threads: %d', async (_, threads, engine) => {
  const open = () => openTeam(threads, engine);
  await fc.assert(
    fc.asyncProperty(products, async (products) => {
      const { updates, feeds } = programOf(products);
      const platform = { ...createPlatform(threads), open };
      using run = await compileOn(platform, { updates }, { device: 'wasm' });
      await run.steps(2, feeds);
      for (const [i, product] of products.entries()) {
        const { data } = await run.read(`P${i}`);
        const difference = wanted(product).map((x, at) => Math.abs(x - data[at]!));
        expect(Math.max(...difference)).toBeLessThan(1e-4);
      }
    }),
    { seed: 5, numRuns: 60 },
  );
});

test('products of one shape pack by the functions of the first', async () => {
  const products: Product[] = [
    [factor(0), factor(1)],
    [factor(1), factor(2)],
    [factor(2, SIZE, SIZE, true), factor(0)],
    [factor(0), factor(2, SIZE, 33)],
  ];
  const { updates } = programOf(products);
  using run = await compile({ updates }, { device: 'wasm', threads: 1 });
  const packs = (name: string) =>
    run
      .source(name)
      .match(/(?<=func .)P\d: (left|right)/g)
      ?.sort();
  expect(packs('P0')).toEqual(['P0: left', 'P0: right']);
  expect(packs('P1')).toEqual(['P0: left', 'P0: right']);
  expect(packs('P2')).toEqual(['P0: right', 'P2: left']);
  // 33 columns have a panel that is not full.
  expect(packs('P3')).toEqual(['P0: left', 'P3: right']);
});
