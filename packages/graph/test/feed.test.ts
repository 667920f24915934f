// Data for inputs: every form that is taken, and words for what is wrong with the others.
import { describe, expect, test } from 'vitest';
import {
  type Data,
  input,
  interpret,
  interpretAll,
  type Node,
  param,
  type Values,
} from '../src/index.ts';
import { add, matmul, mul, sum } from '../src/ops.ts';

const X = input(2, 'm', { name: 'X' });
const Y = input(1, 'm', { name: 'Y' });
const W = param(3, 2, { name: 'W' });

describe('a matrix may be given as', () => {
  const expected = Float64Array.of(1, 2, 3, 4, 5, 6);
  test.each<[string, Data]>([
    [
      'rows',
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    ['a flat array', [1, 2, 3, 4, 5, 6]],
    ['a Float32Array', Float32Array.of(1, 2, 3, 4, 5, 6)],
    ['a tensor', { shape: [2, 3], data: [1, 2, 3, 4, 5, 6] }],
    ['a tensor of columns', { shape: [2, 3], data: [1, 4, 2, 5, 3, 6], order: 'columns' }],
  ])('%s', (_, data) => {
    expect(interpret(X, { X: data })).toMatchObject({ shape: [2, 3], data: expected });
  });

  test('one example after another, if the input says so', () => {
    const C = input(2, 'm', { name: 'C', order: 'columns' });
    for (const data of [
      [1, 4, 2, 5, 3, 6],
      [
        [1, 4],
        [2, 5],
        [3, 6],
      ],
    ]) {
      expect(interpret(C, { C: data }).data).toEqual(expected);
    }
  });

  test('a number is a scalar or a matrix of one entry, and a list a vector', () => {
    const b = param(1, 1, { name: 'b' });
    expect(interpret(b, { b: 3 })).toMatchObject({ shape: [1, 1], data: Float64Array.of(3) });
    const [s, v] = [input({ name: 's' }), input('k', { name: 'v' })];
    expect(interpret(mul(s, v), { s: 2, v: [1, 2, 3] }).data).toEqual(Float64Array.of(2, 4, 6));
  });
});

describe('sizes', () => {
  test('one input tells them to the others', () => {
    const Z = input('k', 'm', { name: 'Z' });
    const [value] = interpretAll([add(sum(Z, 0), sum(X, 0))], {
      X: [
        [1, 2],
        [3, 4],
      ],
      Z: [1, 2, 3, 4, 5, 6], // 2 columns, as X has, so 3 rows
    });
    expect([...value!.data]).toEqual([1 + 3 + 5 + 4, 2 + 4 + 6 + 6]);
  });

  test('what no data tell is given', () => {
    const ones = sum(mul(param({ name: 's' }), input('q', { name: 'u' })));
    expect(interpret(ones, { s: 2, u: [1, 1] }).data[0]).toBe(4);
  });
});

describe('errors name the input and the way out', () => {
  const failure = (values: Values, node: Node = add(matmul(W, X), Y)): string => {
    try {
      interpret(node, values);
    } catch (error) {
      return String(error);
    }
    return 'nothing was thrown';
  };
  const good = { X: [1, 2, 3, 4], Y: [1, 2], W: [1, 2, 3, 4, 5, 6] };
  const two = mul(X, input(2, 'm', { name: 'X' }));

  test.each<[string, Values]>([
    ['nothing', {}],
    ['one missing', { X: good.X, W: good.W }],
    ['a length that fits no size', { ...good, X: [1, 2, 3] }],
    ['a length that is another', { ...good, W: [1, 2, 3] }],
    ['sizes that contradict', { ...good, Y: [1, 2, 3] }],
    ['rows of several lengths', { ...good, X: [[1, 2], [3]] }],
    [
      'rows that are columns',
      {
        ...good,
        X: [
          [1, 2],
          [3, 4],
          [5, 6],
        ],
      },
    ],
    ['a tensor of another shape', { ...good, Y: { shape: [2, 1], data: [1, 2] } }],
    ['a tensor that lies about its shape', { ...good, Y: { shape: [1, 2], data: [1] } }],
    ['no data', { ...good, X: 'X' as never }],
    ['null', { ...good, X: null as never }],
    ['empty data', { ...good, X: [], Y: [] }],
    [
      'too much for a parameter',
      {
        ...good,
        W: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
    ],
  ])('%s', (_, values) => {
    expect(failure(values)).toMatchSnapshot();
  });

  test('a matrix for a scalar', () => {
    const s = input({ name: 's' });
    expect(failure({ s: [[1, 2]] }, s)).toMatchSnapshot();
    expect(failure({ s: [1, 2] }, s)).toMatchSnapshot();
  });

  test('a square matrix that is none', () => {
    const S = input('n', 'n', { name: 'S' });
    expect(
      failure(
        {
          S: [
            [1, 2, 3],
            [4, 5, 6],
          ],
        },
        S,
      ),
    ).toMatch(/declared \[n, n\]/);
    expect(
      failure(
        {
          S: [
            [1, 2],
            [4, 5],
          ],
        },
        S,
      ),
    ).toBe('nothing was thrown');
  });

  test('two inputs of one name', () => {
    expect(failure({ X: good.X }, two)).toMatchSnapshot();
  });

  test('two sizes that nothing tells apart', () => {
    const Z = input('k', 'q', { name: 'Z' });
    expect(failure({ Z: [1, 2, 3] }, Z)).toMatchSnapshot();
  });

  test('an input without a name', () => {
    expect(failure({ X: good.X }, mul(X, input(2, 'm')))).toMatchSnapshot();
  });

  test.each<readonly [string, unknown, string]>([
    ['a hole in the data', [1, null, 3], 'X has null at 1'],
    ['text', ['1', '2', '3'], 'X has "1" at 0'],
    ['three levels of rows', [[[1, 2, 3]]], 'X: row 0 has a list at 0'],
    ['a row that is none', [[1, 2, 3], null], 'X: row 1 has null'],
    ['whole numbers without end', new BigInt64Array(3), 'X has 0 at 0'],
    ['a shape that is none', { shape: 'x', data: [1, 2, 3] }, 'the shape of X has "x"'],
    ['data that are none', { shape: [3, 1], data: 'abc' }, 'X has "abc"'],
  ])('%s', (_, data, message) => {
    const X = input(3, 'm', { name: 'X' });
    expect(() => interpret(X, { X: data } as never)).toThrow(message);
  });
});
