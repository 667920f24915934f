// Parts of kernels: each is taken once, by whoever comes, in whatever order threads come.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createRandom } from '@chainrule/graph';
import { describe, expect, test } from 'vitest';
import { encodeModule } from '../src/backends/wasm/binary.ts';
import { createFrame, get } from '../src/backends/wasm/code.ts';
import { LOOKS, SYNC, SYNC_END } from '../src/backends/wasm/meet.ts';
import { createHeap } from '../src/backends/wasm/memory.ts';
import { partsOfEach, takeFunction } from '../src/backends/wasm/parts.ts';
import { parametersOf, shareOf } from '../src/backends/wasm/share.ts';
import { type Turn, turnsOf } from '../src/backends/wasm/team.ts';
import type { Buffer, Nest } from '../src/nest.ts';
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
    ...{ memory, module },
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

const KERNELS = 20_000;
const THREADS = 2;
const MOST = 16;
/** Takes parts of one kernel after the other, and counts how often each was taken. */
const taker = `
const { workerData, parentPort } = require('node:worker_threads');
const { module, memory, counts, thread, first } = workerData;
const { take } = new WebAssembly.Instance(module, { env: { memory } }).exports;
const words = new Uint8Array(counts);
const come = new Int32Array(memory.buffer, 0, 1);
Atomics.add(come, 0, 1);
while (Atomics.load(come, 0) < ${THREADS});
for (let k = 0; k < ${KERNELS}; k++) {
  const parts = 1 + ((k * 7) % ${MOST});
  for (let i = 0; i < ${THREADS}; i++) {
    const owner = (thread + i) % ${THREADS};
    for (let from; (from = take(owner, (first + 256 * (k + 1)) | 0, parts)) >= 0; ) {
      const to = from + (((parts - from) >> 1) || 1);
      for (let p = from; p < to; p++) Atomics.add(words, (k * ${THREADS} + owner) * ${MOST} + p, 1);
    }
  }
}
parentPort.postMessage('done');
`;

test('threads at once take every part once, where numbers begin anew', async () => {
  const { words, word, memory, module } = start();
  const first = (0x7fffffff - 256 * (KERNELS / 2)) & ~255;
  for (let owner = 0; owner < THREADS; owner++) words[word(owner)] = first;
  const counts = new SharedArrayBuffer(KERNELS * THREADS * MOST);
  const threads = Array.from({ length: THREADS }, (_, thread) => {
    const workerData = { module, memory, counts, thread, first };
    return new Worker(taker, { eval: true, workerData });
  });
  await Promise.all(threads.map((thread) => once(thread, 'message')));
  const wrong = [...new Uint8Array(counts).entries()].filter(([i, count]) => {
    const kernel = Math.floor(i / MOST / THREADS);
    return count !== (i % MOST < 1 + ((kernel * 7) % MOST) ? 1 : 0);
  });
  expect(wrong).toEqual([]);
});

/** From and to of a part, as the code of a kernel computes them. */
function boundsOf(blocks: number, length: number, from: number, to: number, of: number) {
  const { memory } = createHeap();
  return (['from', 'to'] as const).map((which) => {
    const { params, locals } = createFrame(...parametersOf(true));
    const { share, code } = shareOf({ params, locals }, 0, blocks, length);
    const body = [code, get(share[which])];
    const func = { name: which, params, results: ['i32' as const], locals, body };
    const module = new WebAssembly.Module(encodeModule([func], { bound: 0 }));
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    return (exports['bound'] as (...args: number[]) => number)(0, from, to, of, 0);
  });
}

test.each([
  [7, 4, 32],
  [2 ** 29 - 5, 4, 256],
  [2 ** 31 - 1, 1, 255],
])('%d blocks of %d in %d parts', (blocks, length, of) => {
  const ends = [0, 1, of >> 1, of - 1, of];
  const exact = (part: number) => Number((BigInt(part) * BigInt(blocks)) / BigInt(of)) * length;
  for (const [i, from] of ends.slice(0, -1).entries()) {
    const to = ends[i + 1]!;
    expect(boundsOf(blocks, length, from, to, of)).toEqual([exact(from), exact(to)]);
  }
});

test.each([
  [1.25, 2, 1],
  [12.5, 2, 6],
  [625, 2, 16],
  [Infinity, 4, 16],
  [9, 4, 2],
  [3, 4, 1],
] as const)('of at most %d parts each of %d threads has %d', (most, threads, parts) =>
  expect(partsOfEach(most, threads)).toBe(parts),
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

/** What threads do between two meetings: which buffers they read and write. */
interface Doing {
  /** How often all have met before. */
  readonly meetings: number;
  readonly shared: boolean;
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

/** What is done in two steps. */
function doingsOf(kernels: readonly Nest[], turns: readonly Turn[]): Doing[] {
  let meetings = 0;
  return [...turns, ...turns].map(({ shared, meet }, i) => {
    const { inputs, output } = kernels[i % turns.length]!;
    // All meet at the end of a step, too.
    if (meet || i === turns.length) meetings++;
    return { meetings, shared, reads: inputs, writes: [output] };
  });
}

/** Kernels over a few buffers, some of which share places in the arena. */
function randomPlan(random: () => number) {
  const below = (n: number) => Math.floor(n * random());
  const buffers = new Map(
    Array.from({ length: 3 + below(6) }, (_, id) => {
      const buffer = { id, shape: [4 + below(8)], ...(below(2) && { offset: below(30) }) };
      return [id, buffer as unknown as Buffer];
    }),
  );
  const any = () => below(buffers.size);
  const kernels = Array.from({ length: 2 + below(7) }, () => {
    const inputs = Array.from({ length: below(3) }, any);
    return { inputs, output: any() } as unknown as Nest;
  });
  const each = <T>(f: () => T): T[] => kernels.map(f);
  const [nanoseconds, may] = [each(() => 5000 + below(9000)), each(() => below(4) > 0)];
  const worth = { kernel: 8000, step: 0, part: 1 };
  return { buffers, kernels, turns: turnsOf(kernels, buffers, nanoseconds, may, worth) };
}

test.each([1, 2, 3])('all meet between what is in conflict, seed %d', (seed) => {
  const random = createRandom(seed);
  for (let round = 0; round < 500; round++) {
    const { buffers, kernels, turns } = randomPlan(() => random.uniform());
    const place = (id: number): readonly [from: number, to: number] => {
      const { offset, shape } = buffers.get(id) ?? {};
      // What has no place in the arena has one of its own.
      return offset === undefined ? [100 + id, 101 + id] : [offset, offset + shape![0]!];
    };
    const touch = (a: number, b: number) =>
      a === b || (place(a)[0] < place(b)[1] && place(b)[0] < place(a)[1]);
    const hit = (a: readonly number[], b: readonly number[]) =>
      a.some((one) => b.some((other) => touch(one, other)));
    const doings = doingsOf(kernels, turns);
    for (const [i, a] of doings.entries()) {
      for (const b of doings.slice(i + 1)) {
        const conflict = hit(a.writes, [...b.writes, ...b.reads]) || hit(b.writes, a.reads);
        if (conflict && (a.shared || b.shared)) expect(a.meetings).toBeLessThan(b.meetings);
      }
    }
  }
});
