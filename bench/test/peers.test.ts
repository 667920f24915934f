// Contenders may differ in time only: all of them must take the same steps and give the same
// products.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Absent, Contender, Runner } from '../src/peers/contender.ts';
import { isPresent, startAll } from '../src/peers/contenders.ts';
import { agree } from '../src/peers/measure.ts';
import { CHECKED, laidOut, net, pass, planar, product } from '../src/peers/works.ts';

let all: readonly (Contender | Absent)[];
let contenders: readonly Contender[];
beforeAll(async () => {
  all = await startAll(/./);
  contenders = all.filter(isPresent);
});
afterAll(() => {
  for (const { close } of contenders) close?.();
});

test('every contender made of npm packages is here', () => {
  const absent = all.filter((each) => !isPresent(each));
  expect(absent.filter(({ name }) => !name.startsWith('NumPy'))).toEqual([]);
});

test('NumPy is here, on one thread and on more, in float32 and float64', (context) => {
  const [absent] = all.filter((each) => !isPresent(each)) as Absent[];
  if (absent) context.skip(absent.reason);
  const versions = contenders.filter(({ name }) => name.startsWith('NumPy'));
  expect(versions.map(({ version }) => version.replace(/^.*(?=float)/, ''))).toEqual([
    'float32, threads: 1',
    expect.stringMatching(/^float32, threads: [2-9]/),
    expect.stringMatching(/^float64, threads: [2-9]/),
  ]);
});

type Start = readonly [how: string, start: () => Promise<Runner>];

/** What each contender finds, in each layout that it has. */
async function answers(ask: (contender: Contender) => readonly Start[]) {
  const found: Record<string, readonly number[]> = {};
  for (const contender of contenders) {
    for (const [how, start] of ask(contender)) {
      const runner = await start();
      found[`${contender.name}${how}`] = await runner.check();
      runner.close();
    }
  }
  return found;
}

const startsOf = ({ net, layouts }: Contender, work: ReturnType<typeof planar>) =>
  net
    ? layouts.map((layout) => [`, ${layout}`, () => net(work, laidOut(work, layout))] as const)
    : [];

function expectAgreement(found: Record<string, readonly number[]>, wanted: readonly number[]) {
  for (const [name, numbers] of Object.entries(found)) {
    expect(() => agree(numbers, wanted), name).not.toThrow();
  }
}

const numpyCount = () => contenders.filter(({ name }) => name.startsWith('NumPy')).length;

describe('all contenders take the same first steps', () => {
  test.each([
    planar(),
    net([784, 8, 10], 16, 'relu'),
    net([20, 16, 8, 10], 32, 'relu', 'adam'),
    net([5, 4, 1], 32, 'tanh', 'adam'),
  ])('of the $name', async (work) => {
    const found = await answers((contender) => startsOf(contender, work));
    expect(Object.keys(found)).toHaveLength(12 + 2 * numpyCount());
    const wanted = found['chainrule js, columns']!;
    expect(wanted).toHaveLength(CHECKED);
    expect(wanted.at(-1)).toBeLessThan(wanted[0]!);
    expectAgreement(found, wanted);
  });
});

test('passes over examples one by one', async () => {
  const work = pass([3, 4, 1], 50);
  const found = await answers(({ pass }) => (pass ? [['', () => pass(work)] as const] : []));
  expect(Object.keys(found)).toEqual(['chainrule wasm', 'chainrule js', 'brain.js']);
  const wanted = found['chainrule js']!;
  // Further apart than what agrees.
  expect(() => agree([wanted.at(-1)!], [wanted[0]!])).toThrow();
  expectAgreement(found, wanted);
});

test.each([
  product([8, 8, 8]),
  product([8, 8, 8], 'left'),
  product([1, 300, 20]),
  product([40, 1, 40]),
  product([5, 20, 70], 'right'),
])('$name is the product', async (work) => {
  const [rows, inner, columns] = work.sizes;
  const { A, B, transposed, places } = work;
  const wanted = places.map((place) => {
    const [i, j] = [Math.floor(place / columns), place % columns];
    let sum = 0;
    for (let k = 0; k < inner; k++) {
      const a = A.data[transposed === 'left' ? k * rows + i : i * inner + k]!;
      const b = B.data[transposed === 'right' ? j * inner + k : k * columns + j]!;
      sum += a * b;
    }
    return sum;
  });
  const found = await answers(({ product }) =>
    product ? [['', () => product(work)] as const] : [],
  );
  expect(Object.keys(found)).toHaveLength(6 + Math.max(0, numpyCount() - 1));
  expectAgreement(found, wanted);
});

test('other costs are told apart', () => {
  expect(() => agree([0.7, 0.6], [0.7, 0.601])).toThrow('computes 0.7, 0.6 and not 0.7, 0.601');
  expect(() => agree([0.7, Number.NaN], [0.7, 0.6])).toThrow();
  expect(() => agree([0.7], [0.7, 0.6])).toThrow();
});
