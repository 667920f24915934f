// Regions of the memory of WebAssembly: they never touch, and what is given back is used again.
import { expect, test } from 'vitest';
import { SYNC_END } from '../src/backends/wasm/meet.ts';
import { createHeap, type Region } from '../src/backends/wasm/memory.ts';
import { mulberry } from './support/nests.ts';

test('regions start at a multiple of 64, and not at 0', () => {
  const heap = createHeap();
  for (const length of [0, 1, 3, 4, 5]) {
    const { at } = heap.allocate(length);
    expect(at % 64).toBe(0);
    expect(at).toBeGreaterThan(0);
  }
});

test('ten thousand regions, given and taken at random (seed 7), keep their data apart', () => {
  const random = mulberry(7);
  const heap = createHeap();
  const held: { region: Region; mark: number }[] = [];
  let most = 0;
  for (let i = 0; i < 10_000; i++) {
    if (held.length > 0 && random() < 0.5) {
      const [{ region, mark }] = held.splice(Math.floor(random() * held.length), 1) as [
        (typeof held)[number],
      ];
      expect(heap.view(region).every((x) => x === mark)).toBe(true);
      heap.free(region);
    } else {
      const length = Math.floor(random() * 3000);
      const isZero = random() < 0.3;
      const region = isZero ? heap.zeros(length) : heap.allocate(length);
      if (isZero) expect(heap.view(region).every((x) => x === 0)).toBe(true);
      heap.view(region).fill(i);
      held.push({ region, mark: i });
    }
    if (i === 5000) most = heap.memory.buffer.byteLength;
  }
  for (const { region } of held) heap.free(region);
  // All of it is one gap again: it holds what it has held in small pieces.
  const bytes = heap.memory.buffer.byteLength;
  heap.allocate((bytes - SYNC_END) / 4);
  expect(heap.memory.buffer.byteLength).toBe(bytes);
  expect(most).toBeGreaterThan(0);
});

test('zeros are 0 where they lie on what was there and on what was not', () => {
  const heap = createHeap();
  const small = heap.allocate(5);
  heap.view(small).fill(7);
  heap.free(small);
  const zeros = heap.zeros(40);
  expect(zeros.at).toBe(small.at);
  expect(heap.view(zeros)).toEqual(new Float32Array(40));
});

test('growing keeps what is there', () => {
  const heap = createHeap();
  const small = heap.allocate(5);
  heap.view(small).set([1, 2, 3, 4, 5]);
  heap.allocate(1e6);
  expect([...heap.view(small)]).toEqual([1, 2, 3, 4, 5]);
});

test('memory that cannot be had is an error that says how much', () => {
  const heap = createHeap();
  expect(() => heap.allocate(2 ** 31)).toThrow(
    /8192 MB more than 1 MB.*\n.*fix: use smaller batches/,
  );
  expect(heap.allocate(4).length).toBe(4);
});
