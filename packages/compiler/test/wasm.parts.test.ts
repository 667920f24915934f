// Parts of kernels: each is taken once, by whoever comes, in whatever order threads come.
import { createRandom } from '@chainrule/graph';
import { describe, expect, test } from 'vitest';
import { encodeModule } from '../src/backends/wasm/binary.ts';
import { LOOKS, SYNC, SYNC_END } from '../src/backends/wasm/meet.ts';
import { createHeap } from '../src/backends/wasm/memory.ts';
import { partsFor, takeFunction } from '../src/backends/wasm/parts.ts';
import { runCase } from './support/conformance.ts';
import { apply, load, nestCase } from './support/nests.ts';
import { openTeam, pool } from './support/threads.ts';

type Take = (owner: number, kernel: number, parts: number) => number;

function start() {
  const { memory } = createHeap(true);
  const module = new WebAssembly.Module(encodeModule([takeFunction()], { take: 0 }, 65_536));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const words = new Int32Array(memory.buffer, SYNC.taken);
  return {
    take: exports['take'] as Take,
    word: (owner: number) => (owner * SYNC.line) / 4,
    words,
  };
}

test('half of what is left is taken, and at last a single part', () => {
  const { take, words, word } = start();
  const firsts = Array.from({ length: 6 }, () => take(1, 256, 16));
  expect(firsts).toEqual([0, 8, 12, 14, 15, -1]);
  expect(words[word(0)]).toBe(0);
  expect([take(0, 256, 3), take(0, 256, 3), take(0, 256, 3), take(0, 256, 3)]).toEqual([
    0, 1, 2, -1,
  ]);
  // Who is still at an older kernel finds nothing left of it.
  expect(take(0, 512, 2)).toBe(0);
  expect(take(0, 256, 3)).toBe(-1);
});

// The second begins just before numbers begin anew.
describe.each([0, 0x7fffff00 - 256 * 5])('from kernel %d on', (first) => {
  test.each([1, 2, 3, 4, 5])('threads in any order take every part once, seed %d', (seed) => {
    const random = createRandom(seed);
    const below = (n: number) => Math.floor(n * random.uniform());
    const { take, words, word } = start();
    const threads = 2 + below(4);
    const kernels = Array.from({ length: 12 }, () => 1 + below(16));
    const numberOf = (kernel: number) => (first + 256 * (kernel + 1)) | 0;
    for (let owner = 0; owner < threads; owner++) words[word(owner)] = first;
    const done = kernels.map(() => [] as string[]);
    // Each at a kernel, and with the parts of how many owners gone.
    const places = Array.from({ length: threads }, () => ({ kernel: 0, tried: 0 }));
    const busy = () => places.flatMap(({ kernel }, i) => (kernel < kernels.length ? [i] : []));
    for (let left = busy(); left.length > 0; left = busy()) {
      const thread = left[below(left.length)]!;
      const place = places[thread]!;
      const { kernel } = place;
      const owner = (thread + place.tried) % threads;
      const from = take(owner, numberOf(kernel), kernels[kernel]!);
      const to = (words[word(owner)]! - numberOf(kernel)) | 0;
      if (from >= 0) for (let k = from; k < to; k++) done[kernel]!.push(`${owner}: ${k}`);
      else if (++place.tried === threads) Object.assign(place, { kernel: kernel + 1, tried: 0 });
    }
    for (const [i, parts] of kernels.entries()) {
      const all = Array.from({ length: threads }, (_, owner) =>
        Array.from({ length: parts }, (_, k) => `${owner}: ${k}`),
      ).flat();
      expect(done[i]!.toSorted()).toEqual(all.toSorted());
    }
  });
});

test.each([
  ['a short kernel', 10_000, Infinity, 2, 1],
  ['a longer one', 100_000, Infinity, 2, 6],
  ['a long one', 5_000_000, Infinity, 2, 16],
  ['few rows', 5_000_000, 9, 4, 2],
  ['fewer rows than threads', 5_000_000, 3, 4, 1],
] as const)('parts of %s', (_, nanoseconds, most, threads, parts) =>
  expect(partsFor(nanoseconds, most, threads)).toBe(parts),
);

test('what a thread does not begin, others compute', async () => {
  const square = apply('mul', load(0, 0), load(0, 0));
  const nest = nestCase('square', { axes: [1000], result: square }, [{ shape: [1000] }]);
  const device = await openTeam(2);
  const wanted = await runCase(device, nest);
  const workers = pool();
  const { run } = workers;
  let calls = 0;
  workers.run = ({ memory }, own) => {
    const sync = new Int32Array(memory.buffer, 0, SYNC_END / 4).fill(0);
    sync[SYNC.looks / 4] = LOOKS.few;
    sync[SYNC.naps / 4] = 2;
    calls++;
    // Thread 1 does not come: thread 0 is done with all parts, and waits in vain for it to meet.
    expect(() => own(2)).toThrow(WebAssembly.RuntimeError);
  };
  try {
    expect(await runCase(device, nest)).toEqual(wanted);
    expect(calls).toBe(1);
  } finally {
    workers.run = run;
  }
});
