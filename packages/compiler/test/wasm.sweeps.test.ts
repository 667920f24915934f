// Products of a few rows and a large matrix, which is read once: at odd sizes, in blocks of
// columns, with what is computed before and after.
import { expect, test } from 'vitest';
import type { Simd } from '../src/backends/wasm/code.ts';
import { openWasm } from '../src/backends/wasm/device.ts';
import type { Buffer, Expr } from '../src/nest.ts';
import { runCase, worstError } from './support/conformance.ts';
import { interpretPlan } from './support/interpret.ts';
import { acc, apply, fixed, line, load, type NestCase, nestCase, value } from './support/nests.ts';
import { whyNoRelaxedSimd } from './support/simd.ts';

/** Relative to the largest result: float32 sums of up to 1030 products, eight added at a time. */
const TOLERANCE = 1e-5;

const why = whyNoRelaxedSimd();
const modes: readonly Simd[] = ['scalar', 'simd', ...(why ? [] : ['relaxed' as const])];

async function agrees(nest: NestCase): Promise<void> {
  const [wanted] = [...interpretPlan(nest.plan, new Map(nest.data.entries())).values()];
  for (const simd of modes) {
    const device = await openWasm({ simd });
    const [source] = device.emit(nest.plan).sources;
    expect(source).toContain(': columns');
    expect(source!.includes('relaxed')).toBe(simd === 'relaxed');
    expect(worstError(await runCase(device, nest), wanted!)).toBeLessThan(TOLERANCE);
    device.dispose();
  }
}

test('relaxed SIMD is tested too', (context) => {
  context.skip(why !== undefined, why);
  expect(modes).toContain('relaxed');
});

const dot = (k: number, body: Expr) => ({ kind: 'sum', axes: [k], body }) as const;

test.each([
  [1, 32, 64],
  [1, 33, 65],
  [1, 209, 71],
  [1, 4099, 17],
  [1, 47, 1030],
  [2, 513, 513],
  [3, 257, 1027],
  [4, 2051, 130],
  [5, 2050, 129],
  [6, 515, 512],
  [7, 1031, 257],
] as const)('%d rows, %d columns, k = %d', async (n, m, k) => {
  const nest = (left: Expr, shape: readonly number[], order: Buffer['order']) =>
    nestCase(
      `${n} x ${m} x ${k} ${shape} ${order}`,
      { axes: [n, m], fold: dot(k, apply('mul', left, load(1, 2, 1))), result: acc },
      [{ shape }, { shape: [k, m] }],
      order,
    );
  await agrees(nest(load(0, 0, 2), [n, k], 'rows'));
  await agrees(nest(load(0, 2, 0), [k, n], n < 4 ? 'columns' : 'rows'));
});

test.each([1, 3])('work before and after, %d rows', (n) => {
  const [m, k] = [1027, 261];
  const right = apply('max', apply('add', load(1, 2, 1), load(2, 2, fixed(0))), value(0));
  const body = apply('neg', apply('mul', apply('exp', load(0, 0, 2)), right));
  const scaled = apply('add', apply('mul', acc, value(1 / k)), load(3, fixed(0), 1));
  return agrees(
    nestCase(
      `with prologue and epilogue, ${n}`,
      { axes: [n, m], fold: dot(k, body), result: apply('sub', load(4, 0, 1), scaled) },
      [
        { shape: [n, k] },
        { shape: [k, m] },
        { shape: [k, 1] },
        { shape: [1, m] },
        { shape: [n, m] },
      ],
    ),
  );
});

test.each([
  ['of products', load(0, 0, 1, 3), load(1, 0, 3, 2), [3, 2, 300], [3, 300, 901]],
  [
    'that reads every second row',
    load(0, 1, 3),
    load(1, 0, line(1, 3, 2), 2),
    [2, 300],
    [3, 601, 901],
  ],
  ['of one matrix', load(0, 0, 1, 3), load(1, 3, 2), [3, 2, 300], [300, 901]],
] as const)('a batch %s', (name, a, b, left, right) =>
  agrees(
    nestCase(
      `batch ${name}`,
      {
        axes: [3, 2, 901],
        fold: dot(300, apply('mul', a, b)),
        result: apply('mul', acc, value(2)),
      },
      [{ shape: left }, { shape: right }],
    ),
  ),
);

test.each(modes)('a value does not depend on its column: %s', async (simd) => {
  const [m, k] = [4099, 33];
  const device = await openWasm({ simd });
  const body = apply('mul', load(0, 0, 2), load(1, 2, fixed(0)));
  const same = apply('mul', load(2, 2, 1), value(1));
  const nest = nestCase(
    'equal columns',
    { axes: [1, m], fold: dot(k, apply('mul', body, same)), result: acc },
    [
      { shape: [1, k] },
      { shape: [k, 1] },
      { shape: [k, m], numbers: (_, i) => Math.floor(i / m) },
    ],
  );
  const found = await runCase(device, nest);
  expect(new Set(found).size).toBe(1);
  device.dispose();
});
