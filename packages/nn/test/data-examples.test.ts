import { createRandom } from '@chainrule/graph';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DataError,
  examples,
  gather,
  oneHot,
  permutation,
  shuffle,
  sliceExamples,
  toExamples,
} from '../src/data/index.ts';

describe('examples', () => {
  test('wraps a Float32Array without copying it', () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    const set = examples(2, data);
    expect(set.shape).toEqual([2, 3]);
    expect(set.data).toBe(data);
    expect(examples(3, [1, 2, 3]).data).toEqual(Float32Array.of(1, 2, 3));
  });

  test('refuses what is no whole number of examples', () => {
    expect(() => examples(4, [1, 2, 3])).toThrow('3 numbers are no whole number of examples of 4');
    expect(() => examples(0, [])).toThrow(DataError);
    expect(() => examples(1.5, [])).toThrow(DataError);
  });

  test('toExamples flattens all axes but the first', () => {
    const images = { shape: [2, 2, 2], data: Uint8Array.of(0, 51, 102, 153, 204, 255, 0, 0) };
    const set = toExamples(images, { scale: 1 / 255 });
    expect(set.shape).toEqual([4, 2]);
    expect(set.data[1]).toBeCloseTo(0.2, 7);
    expect(toExamples({ shape: [3], data: [7, 8, 9] }).shape).toEqual([1, 3]);
  });

  test('sliceExamples is a view', () => {
    const set = examples(2, Float32Array.of(1, 2, 3, 4, 5, 6));
    const part = sliceExamples(set, 1, 3);
    expect(part.shape).toEqual([2, 2]);
    expect(part.data.buffer).toBe(set.data.buffer);
    expect([...part.data]).toEqual([3, 4, 5, 6]);
    expect(sliceExamples(set, 2).shape).toEqual([2, 1]);
    expect(() => sliceExamples(set, 2, 4)).toThrow('there are 3 examples; 2 to 4 is no range');
    expect(() => sliceExamples(set, 2, 1)).toThrow(DataError);
  });
});

describe('gather', () => {
  // Both the loop for narrow examples and the copy of wide ones.
  test.each([1, 3, 32, 33, 784])('copies examples of %i values', (size) => {
    const set = examples(
      size,
      Float32Array.from({ length: size * 5 }, (_, i) => i),
    );
    const got = gather(set, [4, 0, 4]);
    expect(got.shape).toEqual([size, 3]);
    const expected = [4, 0, 4].flatMap((i) => [...set.data.subarray(i * size, (i + 1) * size)]);
    expect([...got.data]).toEqual(expected);
  });

  test('writes to the start of a given array and views it', () => {
    const out = new Float32Array(10).fill(-1);
    const got = gather(examples(2, [1, 2, 3, 4]), [1], out);
    expect([...got.data]).toEqual([3, 4]);
    expect(got.data.buffer).toBe(out.buffer);
    expect(out[2]).toBe(-1);
  });

  test('refuses a wrong index or too small an array', () => {
    const set = examples(2, [1, 2, 3, 4]);
    expect(() => gather(set, [0, 2])).toThrow('indices[1] is 2, but there are 2 examples');
    expect(() => gather(set, [-1])).toThrow(DataError);
    expect(() => gather(set, [0.5])).toThrow(DataError);
    expect(() => gather(set, [0, 1], new Float32Array(3))).toThrow('need 4 numbers; out has 3');
  });
});

describe('permutation', () => {
  test('holds every number once and follows the seed', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(), (n, seed) => {
        const order = permutation(n, createRandom(seed));
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
        expect(permutation(n, createRandom(seed))).toEqual(order);
      }),
    );
    expect(permutation(50, createRandom(1))).not.toEqual(permutation(50, createRandom(2)));
  });

  test('gives all orders of three alike', () => {
    const random = createRandom(7);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const key = permutation(3, random).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    // 1000 each with a standard deviation of 29; 5 of those.
    expect([...counts.keys()]).toHaveLength(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(145);
  });

  test('shuffles in place', () => {
    const items = ['a', 'b', 'c'];
    expect(shuffle(items, createRandom(3))).toBe(items);
    expect([...items].sort()).toEqual(['a', 'b', 'c']);
  });
});

describe('oneHot', () => {
  test('puts a 1 in the row of the class', () => {
    expect(oneHot([2, 0], 3)).toEqual(examples(3, [0, 0, 1, 1, 0, 0]));
    expect(oneHot(Uint8Array.of(1), 2)).toEqual(examples(2, [0, 1]));
    expect(oneHot(['dog', 'cat'], ['cat', 'dog'])).toEqual(examples(2, [0, 1, 1, 0]));
  });

  test.each([3, -1, 0.5, Number.NaN])(
    'refuses %d of three classes by index and value',
    (label) => {
      const shown = JSON.stringify(label);
      expect(() => oneHot([0, label], 3)).toThrow(
        `labels[1] is ${shown}, none of the classes 0 to 2`,
      );
    },
  );

  test('refuses unknown names and numbers of classes', () => {
    expect(() => oneHot(['cow'], ['cat', 'dog'])).toThrow('labels[0] is "cow"');
    expect(() => oneHot(['cat'], 2)).toThrow("oneHot(labels, ['cat', 'dog'])");
    expect(() => oneHot([0], 0)).toThrow('there cannot be 0 classes');
    expect(() => oneHot([0], 1.5)).toThrow(DataError);
  });
});

test.each([
  [
    'rows',
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ['text', ['1', 'a']],
])('%s are no numbers, and that is said', (_, data) => {
  expect(() => examples(2, data as unknown as number[])).toThrow(/not a number[\s\S]*fix: /);
});
