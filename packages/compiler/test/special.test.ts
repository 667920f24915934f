// NaN and infinities on the devices of the CPU: without an exception, and wherever they lie.
import { describe, expect, test } from 'vitest';
import { openJs } from '../src/backends/js/device.ts';
import type { Simd } from '../src/backends/wasm/code.ts';
import { openWasm } from '../src/backends/wasm/device.ts';
import type { Device } from '../src/device.ts';
import { runCase } from './support/conformance.ts';
import { interpretPlan } from './support/interpret.ts';
import { nestCases } from './support/nest-cases.ts';
import { mulberry, type NestCase } from './support/nests.ts';
import { whyNoRelaxedSimd } from './support/simd.ts';
import { special } from './support/special.ts';
import { countThreads, openTeam, tookPart } from './support/threads.ts';

const wasm = (simd: Simd) => () => openWasm({ simd, threads: 1 });
const relaxed = whyNoRelaxedSimd();
const devices: Readonly<Record<string, () => Device | Promise<Device>>> = {
  js: openJs,
  'wasm, scalar': wasm('scalar'),
  'wasm, SIMD': wasm('simd'),
  ...(relaxed === undefined && { 'wasm, relaxed SIMD': wasm('relaxed') }),
  'wasm, two threads': () => openTeam(2),
};

const counts = await countThreads();
const SPECIAL = [Number.NaN, Infinity, -Infinity, 0, -0];
/** Of so many numbers one is special: few enough for sums that stay finite, too. */
const RARITY = 40;

/** The case with some of its numbers special; one of the first input is always NaN or infinite. */
function sprinkled(nest: NestCase): NestCase {
  const random = mulberry(nest.name.length);
  const pick = (n: number): number => Math.floor(random() * n);
  const data = nest.data.map((input) =>
    input.map((x) => (pick(RARITY) === 0 ? SPECIAL[pick(SPECIAL.length)]! : x)),
  );
  const [first] = data;
  if (first) first[pick(first.length)] = SPECIAL[pick(3)]!;
  return { ...nest, data };
}

/** Which of the numbers have no value, or an infinite one. */
const kinds = (found: ArrayLike<number>): number[] =>
  Array.from(found, (x) => (Number.isFinite(Math.fround(x)) ? 0 : Math.fround(x)));

describe.each(Object.entries(devices))('%s', (_, open) => {
  special(open, true);

  const all = nestCases.map((nest) => [nest.name, sprinkled(nest)] as const);
  test.each(all)('in %s', async (_, nest) => {
    const wanted = interpretPlan(nest.plan, new Map(nest.data.entries())).get(
      nest.plan.buffers.find(({ role }) => role === 'output')!.id,
    )!;
    const device = await open();
    expect(kinds(await runCase(device, nest))).toEqual(kinds(wanted));
    device.dispose();
  });
});

test('two threads took part', () => tookPart(counts, 2));
