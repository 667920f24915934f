// Hand-written nests with positions that are parts of others: reshaped, padded, counted.
import type { Affine, Expr } from '../../src/nest.ts';
import { acc, apply, line, load, nestCase, part, SIZES, value } from './nests.ts';

const position = (of: Affine): Expr => ({ op: 'position', index: [of] });

/** Nests whose positions are parts of others, or numbers. */
export const positionCases = SIZES.flatMap((n) => {
  const flat: Affine = {
    at: 0,
    of: [
      { axis: 0, step: 6 },
      { axis: 1, step: 1 },
    ],
  };
  const inside = apply('less', value(-0.5), position(line(-2, 0, 1)));
  const before = apply('less', position(line(-2, 0, 1)), value(n - 0.5));
  const zero = value(0);
  const clamped = load(0, part('clamp', line(-2, 0, 1), n - 1), 1);
  return [
    nestCase(
      `positions as numbers, ${n} x 6`,
      { axes: [n, 6], result: apply('mul', position(line(1, 1, 2)), load(0, 0, 1)) },
      [{ shape: [n, 6] }],
    ),
    nestCase(
      `positions as numbers, the same in a row, ${n} x 6`,
      { axes: [n, 6], result: apply('mul', load(0, 0), position(line(1, 0, 2))) },
      [{ shape: [n] }],
    ),
    nestCase(
      `reshaped load, ${2 * n} x 3 as ${n} x 6`,
      {
        axes: [n, 6],
        result: load(0, part('quotient', flat, 3), part('remainder', flat, 3)),
      },
      [{ shape: [2 * n, 3] }],
    ),
    nestCase(
      `padded load inside a sum, ${n} rows of ${n + 3}`,
      {
        axes: [n + 3, 6],
        fold: {
          kind: 'sum',
          axes: [3],
          body: apply('mul', position(line(0, 2, 1)), load(1, 2, 1)),
        },
        result: apply(
          'add',
          acc,
          apply('select', inside, apply('select', before, clamped, zero), zero),
        ),
      },
      [{ shape: [n, 6] }, { shape: [3, 6] }],
    ),
  ];
});
