// Hand-written nests with a second fold, across an outer loop: GPUs only. It must not know them.
import type { Fold } from '../../src/nest.ts';
import {
  acc,
  across,
  apply,
  type Body,
  fixed,
  load,
  type NestCase,
  nestCase,
  SIZES,
} from './nests.ts';

const KINDS: readonly Fold[] = ['sum', 'prod', 'max', 'norm', 'logsumexp'];

const scores = apply('add', acc, load(2, 0, fixed(0)));

/** A softmax layer with what its loss sends back: the product, its normalizer, the difference. */
const softmax = [3, 10, 16].flatMap((classes) =>
  SIZES.flatMap((k) => {
    const m = classes + 3;
    const inputs = [
      ...[{ shape: [classes, k] }, { shape: [k, m] }],
      ...[{ shape: [classes, 1] }, { shape: [classes, m] }],
    ];
    const nest: Body = {
      axes: [classes, m],
      fold: { kind: 'sum', axes: [k], body: apply('mul', load(0, 0, 2), load(1, 2, 1)) },
      across: { kind: 'logsumexp', axis: 0, body: scores },
      result: apply('sub', apply('exp', apply('sub', scores, across)), load(3, 0, 1)),
    };
    const name = `softmax of ${classes} classes, k = ${k}`;
    return (['rows', 'columns'] as const).map((order) =>
      nestCase(`${name} in ${order}`, nest, inputs, order),
    );
  }),
);

/** The same with one example a row: the fold runs along the texels. */
const rows = [3, 10].map((classes) => {
  const shifted = apply('add', acc, load(2, 1));
  return nestCase(
    `softmax of rows, ${classes} classes`,
    {
      axes: [7, classes],
      fold: { kind: 'sum', axes: [5], body: apply('mul', load(0, 0, 2), load(1, 2, 1)) },
      across: { kind: 'logsumexp', axis: 1, body: shifted },
      result: apply('exp', apply('sub', shifted, across)),
    },
    [{ shape: [7, 5] }, { shape: [5, classes] }, { shape: [classes] }],
  );
});

const folds = KINDS.flatMap((kind) =>
  [0, 1, 2].flatMap((axis) => {
    const shape = [3, 4, 5];
    const position = { op: 'position', index: [{ at: 1, of: [{ axis, step: 2 }] }] } as const;
    const loaded = apply('mul', load(0, 0, 1, 2), position);
    const folded = apply('exp', apply('mul', load(1, 1, 3, 0), load(0, 0, 1, 2)));
    const inner = KINDS[(KINDS.indexOf(kind) + 1 + axis) % KINDS.length]!;
    return [
      nestCase(
        `${kind} across axis ${axis} of what is loaded`,
        {
          axes: shape,
          across: { kind, axis, body: loaded },
          result: apply('sub', load(0, 0, 1, 2), apply('mul', across, across)),
        },
        [{ shape }],
      ),
      nestCase(
        `${kind} across axis ${axis} of a ${inner}`,
        {
          axes: shape,
          fold: { kind: inner, axes: [6], body: folded },
          across: { kind, axis, body: apply('mul', acc, load(0, 0, 1, 2)) },
          result: apply('add', apply('neg', across), acc),
        },
        [{ shape }, { shape: [4, 6, 3] }],
      ),
    ];
  }),
);

export const lineCases: readonly NestCase[] = [...softmax, ...rows, ...folds];
