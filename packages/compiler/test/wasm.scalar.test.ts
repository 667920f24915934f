// WebAssembly without SIMD: the suites of every device, the same bits as with SIMD, modules that
// name no vector, and how a device finds out what its engine knows.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Simd } from '../src/backends/wasm/code.ts';
import { openWasm, whyNoWasm } from '../src/backends/wasm/device.ts';
import type { WasmProgram } from '../src/backends/wasm/emit.ts';
import { compileOn } from '../src/compile.ts';
import { compile } from '../src/index.ts';
import type { Expr } from '../src/nest.ts';
import { createPlatform } from '../src/placement/devices.ts';
import { conformance, runCase } from './support/conformance.ts';
import { nestCases } from './support/nest-cases.ts';
import { acc, apply, load, type NestCase, nestCase, value } from './support/nests.ts';
import { readModule } from './support/opcodes.ts';
import { positionCases } from './support/positions.ts';
import { type Case, net } from './support/programs.ts';
import { rowCases } from './support/rows.ts';
import { sessions } from './support/sessions.ts';
import { countThreads, openTeam, tookPart } from './support/threads.ts';
import { training } from './support/training.ts';

const open = () => openWasm({ simd: 'scalar', threads: 1 });
const V128 = 0x7b;
const VECTORS = 0xfd;

/** An engine that knows no vectors, as far as it is asked. */
function withoutVectors(): void {
  const { validate } = WebAssembly;
  vi.spyOn(WebAssembly, 'validate').mockImplementation((source) => {
    const { types, opcodes } = readModule(new Uint8Array(source as ArrayBuffer));
    return !types.has(V128) && !opcodes.includes(VECTORS) && validate(source);
  });
}

describe('scalar', () => {
  conformance(open);
  training(open);
});

const counts = await countThreads();
describe('scalar, two threads', () => {
  conformance(() => openTeam(2, { simd: 'scalar' }));
  test('took part', () => tookPart(counts, 2));
});

describe('sessions where there is no SIMD', () => {
  beforeAll(withoutVectors);
  afterAll(() => void vi.restoreAllMocks());
  sessions('wasm');
});

describe('the same bits as with SIMD', () => {
  const dot = (k: number, body: Expr) => ({ kind: 'sum', axes: [k], body }) as const;
  const times = apply('mul', load(0, 0, 2), load(1, 2, 1));
  // Panels and their edges, sweeps of a few rows, and tiles of all widths.
  const products = [
    [33, 31, 300],
    [64, 130, 40],
    [70, 70, 70],
    [1, 209, 71],
    [3, 513, 600],
    [7, 11, 13],
    [12, 40, 30],
  ].map(([n, m, k]) =>
    nestCase(
      `product ${n} x ${m}, k = ${k}`,
      {
        axes: [n!, m!],
        fold: dot(k!, times),
        result: apply('exp', apply('mul', acc, value(0.1))),
      },
      [{ shape: [n!, k!] }, { shape: [k!, m!] }],
    ),
  );
  // One float whatever its payload: that of a NaN is the engine's choice.
  const bitsOf = (found: Float32Array): Uint32Array =>
    new Uint32Array(found.map((x) => (Number.isNaN(x) ? Number.NaN : x)).buffer);
  const all: readonly NestCase[] = [...nestCases, ...positionCases, ...rowCases, ...products];

  test.each(all.map((nest) => [nest.name, nest] as const))('%s', async (_, nest) => {
    const wide = await openWasm({ simd: 'simd', threads: 1 });
    const wanted = await runCase(wide, nest);
    const device = await open();
    const { types, opcodes } = readModule((device.emit(nest.plan) as WasmProgram).binary);
    expect(types).not.toContain(V128);
    expect(opcodes).not.toContain(VECTORS);
    expect(bitsOf(await runCase(device, nest))).toEqual(bitsOf(wanted));
  });

  const trained = async (simd: Simd, c: Case, threads: number) => {
    const platform = createPlatform(threads);
    const opened = { ...platform, open: async () => openWasm({ simd, threads }) };
    using run = await compileOn(opened, c.program, { sizes: c.sizes, device: 'wasm', seed: 5 });
    for (let i = 0; i < 5; i++) run.step(c.feeds);
    return run.state();
  };
  test.each([1, 2])('a net in training, %d threads', async (threads) => {
    const c = net({ layers: [97, 131, 37, 10], m: 133, classes: true, alpha: 0.1 });
    expect(await trained('scalar', c, threads)).toEqual(await trained('simd', c, 1));
  });
});

test('what is read as the source is what runs', async () => {
  const sources = (await open()).emit(nestCases.at(-1)!.plan).sources.join();
  expect(sources).toContain('f32.load');
  expect(sources).not.toMatch(/v128|x4\./);
});

describe('what the engine knows is asked', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });
  const labelOf = async () => (await openWasm({ threads: 1 })).label;

  test('SIMD where it is known', async () => {
    expect(await labelOf()).toMatch(/^WebAssembly (relaxed )?SIMD, one thread$/);
  });

  test('scalars where it is not, also by the automatic choice', async () => {
    withoutVectors();
    expect(whyNoWasm()).toBeUndefined();
    expect(await labelOf()).toBe('WebAssembly without SIMD, one thread');
    const c = net({ layers: [3, 1], m: 4 });
    using run = await compile(c.program, { sizes: c.sizes, threads: 1 });
    expect(run.device.kind).toBe('wasm');
    expect(run.device.refused.some(({ kind }) => kind === 'wasm')).toBe(false);
    expect(run.source(run.report().kernels[0]!.name)).toContain('f32.mul');
  });

  test.each([
    ['there is no WebAssembly here', () => vi.stubGlobal('WebAssembly', undefined)],
    [
      'this WebAssembly is too old',
      () => void vi.spyOn(WebAssembly, 'validate').mockReturnValue(false),
    ],
  ])('js where %s', async (why, make) => {
    make();
    const c = net({ layers: [3, 1], m: 4 });
    using run = await compile(c.program, { sizes: c.sizes });
    expect(run.device.kind).toBe('js');
    expect(run.device.refused).toContainEqual({ kind: 'wasm', why });
    await expect(openWasm()).rejects.toThrow(`wasm: ${why}.`);
  });
});
