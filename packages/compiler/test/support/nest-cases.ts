// Hand-written nests that every backend must run: each kind of loop, index and machine op.
// It must not know any backend.
import { type MachineOp, machine } from '../../src/machine.ts';
import type { Affine, Expr } from '../../src/nest.ts';
import {
  acc,
  apply,
  centred,
  fixed,
  type Input,
  line,
  load,
  type NestCase,
  nestCase,
  part,
  SIZES,
  value,
} from './nests.ts';

/** Two turns of a loop that takes four at a time, and one that is left over. */
const TURNS = 9;
const LONG = 1500;

// ---- maps

/** Where each op is asked: positive for log and sqrt, beside the jumps of floor and less. */
const positive = (random: () => number) => 0.01 + 4 * random();
const halves = (random: () => number) => Math.floor(16 * random()) / 2 - 4;
const numbersOf: Partial<Record<MachineOp, Input['numbers']>> = {
  sin: (random) => 200 * random() - 100,
  cos: (random) => 200 * random() - 100,
  log: positive,
  sqrt: positive,
  div: positive,
  floor: halves,
  less: halves,
  lessEqual: halves,
  exp: (random) => 20 * random() - 10,
  select: (random) => (random() < 0.5 ? 0 : centred(random)),
};

/** Each op alone, and again inside arithmetic, where its type and its brackets matter. */
const opCases = (Object.keys(machine) as MachineOp[]).flatMap((op) => {
  const { arity } = machine[op];
  const shape = [5];
  const input = { shape, ...(numbersOf[op] && { numbers: numbersOf[op] }) };
  const inputs = Array.from({ length: arity }, () => input);
  const alone = apply(op, ...inputs.map((_, i) => load(i, 0)));
  const x = load(0, 0);
  const half = apply('mul', alone, value(0.5));
  const within = apply('sub', apply('sub', x, half), apply('neg', apply('div', alone, value(3))));
  return [
    nestCase(`op ${op}`, { axes: shape, result: alone }, inputs),
    nestCase(`op ${op} within arithmetic`, { axes: shape, result: within }, inputs),
  ];
});

const several = (n: number): Expr =>
  Array.from({ length: n }, (_, i) => load(i, 0, 1)).reduce((a, b) =>
    apply('add', apply('mul', a, value(0.5)), b),
  );

const shared = (() => {
  const x = load(0, 0, 1);
  const e = apply('exp', x);
  const mask = apply('less', x, value(0));
  return apply('add', apply('mul', e, mask), apply('select', mask, e, apply('neg', x)));
})();

const maps = SIZES.flatMap((n) => {
  const m = n + 2;
  return [
    nestCase(
      `map of 7 inputs, ${n} x ${m}`,
      { axes: [n, m], result: several(7) },
      Array.from({ length: 7 }, () => ({ shape: [n, m] })),
    ),
    nestCase(
      `row, column and scalar broadcast, ${n} x ${m}`,
      {
        axes: [n, m],
        result: apply('add', apply('mul', load(0, fixed(0), 1), load(1, 0, fixed(0))), load(2)),
      },
      [{ shape: [1, m] }, { shape: [n, 1] }, { shape: [] }],
    ),
    nestCase(
      `transposed load, ${n} x ${m}`,
      { axes: [n, m], result: apply('sub', load(0, 1, 0), load(1, 0, 1)) },
      [{ shape: [m, n] }, { shape: [n, m] }],
    ),
    nestCase(`shared subexpressions, ${n} x ${m}`, { axes: [n, m], result: shared }, [
      { shape: [n, m] },
    ]),
    nestCase(
      `columns-order input, ${n} x ${m}`,
      { axes: [n, m], result: apply('add', load(0, 0, 1), load(1, 0, 1)) },
      [{ shape: [n, m], order: 'columns' }, { shape: [n, m] }],
    ),
    nestCase(
      `columns-order output, ${n} x ${m}`,
      { axes: [n, m], result: apply('mul', load(0, 0, 1), value(2)) },
      [{ shape: [n, m] }],
      'columns',
    ),
    nestCase(
      `slice with step and reversed, ${n} x ${m}`,
      {
        axes: [n, m],
        result: apply('add', load(0, line(1, 0, 2), line(m - 1, 1, -1)), load(1, 1)),
      },
      [{ shape: [2 * n + 1, m] }, { shape: [m] }],
    ),
  ];
});

const shapes = [
  nestCase('scalar map', { axes: [], result: apply('exp', load(0)) }, [{ shape: [] }]),
  nestCase('constant without inputs', { axes: [3, 4], result: value(-1e-8) }, []),
  nestCase(
    'large and small constants',
    {
      axes: [4],
      result: apply(
        'add',
        apply('mul', load(0, 0), value(1e-8)),
        apply('min', load(0, 0), value(-3e37)),
      ),
    },
    [{ shape: [4] }],
  ),
  nestCase(
    'infinite constants',
    { axes: [4], result: apply('max', load(0, 0), value(Number.NEGATIVE_INFINITY)) },
    [{ shape: [4] }],
  ),
  nestCase(
    'rank 4 map with broadcast and transpose',
    {
      axes: [2, 3, 4, 5],
      result: apply('add', load(0, 0, 1, 2, 3), apply('mul', load(1, 3, 1), load(2, 1, 0, 3, 2))),
    },
    [{ shape: [2, 3, 4, 5] }, { shape: [5, 3] }, { shape: [3, 2, 5, 4] }],
  ),
  nestCase('rank 5 map', { axes: [2, 3, 2, 2, 3], result: apply('neg', load(0, 0, 1, 2, 3, 4)) }, [
    { shape: [2, 3, 2, 2, 3] },
  ]),
  nestCase(
    'rank 3 of columns-order',
    { axes: [3, 4, 5], result: apply('add', load(0, 0, 1, 2), load(1, 0, 1, 2)) },
    [{ shape: [3, 4, 5], order: 'columns' }, { shape: [3, 4, 5] }],
  ),
  nestCase(
    'tall matrix, 5000 x 3',
    { axes: [5000, 3], result: apply('mul', load(0, 0, 1), load(1, 1, 0)) },
    [{ shape: [5000, 3] }, { shape: [3, 5000] }],
  ),
  nestCase(
    'wide matrix, 3 x 9000',
    { axes: [3, 9000], result: apply('sub', load(0, 0, 1), load(1, fixed(0), 1)) },
    [{ shape: [3, 9000], order: 'columns' }, { shape: [1, 9000] }],
  ),
];

// ---- folds

const relu = (x: Expr) => apply('max', x, value(0));

/** Contractions of length k, in each transposition, and with the columns-order of a data set. */
const products = [...SIZES, TURNS, LONG].flatMap((k) => {
  const [n, m] = k === LONG ? [3, 5] : [k + 1, 4];
  const sum = (a: Expr, b: Expr) =>
    ({ kind: 'sum', axes: [k], body: apply('mul', a, b) }) as const;
  const axes = [n, m];
  return [
    nestCase(`matmul, k = ${k}`, { axes, fold: sum(load(0, 0, 2), load(1, 2, 1)), result: acc }, [
      { shape: [n, k] },
      { shape: [k, m] },
    ]),
    nestCase(
      `matmul of transposed, k = ${k}`,
      { axes, fold: sum(load(0, 2, 0), load(1, 1, 2)), result: acc },
      [{ shape: [k, n] }, { shape: [m, k] }],
    ),
    nestCase(
      `matmul of columns-order, k = ${k}`,
      { axes, fold: sum(load(0, 0, 2), load(1, 2, 1)), result: acc },
      [{ shape: [n, k] }, { shape: [k, m], order: 'columns' }],
    ),
    nestCase(
      `matmul with prologue and epilogue, k = ${k}`,
      {
        axes,
        fold: sum(load(0, 0, 2), relu(apply('add', load(1, 2, 1), load(2, 2, fixed(0))))),
        result: relu(apply('add', apply('mul', acc, value(1 / k)), load(3, 0, fixed(0)))),
      },
      [{ shape: [n, k] }, { shape: [k, m] }, { shape: [k, 1] }, { shape: [n, 1] }],
    ),
  ];
});

/** So large that a thread takes many numbers of it, in rows and columns that do not come out even. */
const large = [
  { n: 70, k: 9, m: 259 },
  { n: 1102, k: 8, m: 3 },
].flatMap(({ n, k, m }) => {
  const fold = {
    kind: 'sum',
    axes: [k],
    body: apply('mul', load(0, 0, 2), load(1, 2, 1)),
  } as const;
  const result = relu(apply('add', acc, load(2, 0, fixed(0))));
  const shapes = [{ shape: [n, k] }, { shape: [k, m] }, { shape: [n, 1] }];
  return (['rows', 'columns'] as const).map((order) =>
    nestCase(`large matmul in ${order}, m = ${m}`, { axes: [n, m], fold, result }, shapes, order),
  );
});

const batched = [3, 64].map((k) =>
  nestCase(
    `batched matmul, k = ${k}`,
    {
      axes: [3, 4, 5],
      fold: { kind: 'sum', axes: [k], body: apply('mul', load(0, 0, 1, 3), load(1, 0, 3, 2)) },
      result: acc,
    },
    [{ shape: [3, 4, k] }, { shape: [3, k, 5] }],
  ),
);

const negative = (random: () => number) => -5 - random();
const extreme = (random: () => number) => (random() < 0.5 ? -1000 : 1000) + random();

const folds = [...SIZES, TURNS, LONG].flatMap((k) =>
  (['sum', 'max', 'logsumexp', 'norm'] as const).flatMap((kind) => {
    const row = { kind, axes: [k], body: load(0, 0, 1) } as const;
    const column = { kind, axes: [k], body: load(0, 2, 0) } as const;
    return [
      nestCase(`${kind} of rows, k = ${k}`, { axes: [4], fold: row, result: acc }, [
        { shape: [4, k], numbers: negative },
      ]),
      nestCase(`${kind} of columns, kept, k = ${k}`, { axes: [5, 1], fold: column, result: acc }, [
        { shape: [k, 5] },
      ]),
      nestCase(
        `${kind} of all, k = ${k}`,
        {
          axes: [],
          fold: { kind, axes: [k, 3], body: apply('mul', load(0, 0, 1), load(1, 1)) },
          result: apply('mul', acc, value(0.25)),
        },
        [{ shape: [k, 3] }, { shape: [3] }],
      ),
      nestCase(`${kind} at 1000, k = ${k}`, { axes: [4], fold: row, result: acc }, [
        { shape: [4, k], numbers: extreme },
      ]),
    ];
  }),
);

const unlikely = (random: () => number, i: number) =>
  i % 4 === 1 ? centred(random) : Number.NEGATIVE_INFINITY;

/** Products of many of these neither overflow nor vanish. */
const nearOne = (random: () => number) => 1 + 0.02 * centred(random);

const multiplied = [...SIZES, LONG].map((k) =>
  nestCase(
    `prod of rows, k = ${k}`,
    { axes: [4], fold: { kind: 'prod', axes: [k], body: load(0, 0, 1) }, result: acc },
    [{ shape: [4, k], numbers: nearOne }],
  ),
);

const rare = [
  nestCase(
    'logsumexp that meets -Infinity',
    { axes: [3], fold: { kind: 'logsumexp', axes: [4], body: load(0, 0, 1) }, result: acc },
    [{ shape: [3, 4], numbers: unlikely }],
  ),
  nestCase(
    'softmax of columns by its logsumexp',
    {
      axes: [5],
      fold: { kind: 'logsumexp', axes: [4], body: load(0, 1, 0) },
      result: apply('exp', apply('sub', load(0, fixed(2), 0), acc)),
    },
    [{ shape: [4, 5] }],
  ),
  nestCase(
    'sum over two axes of what changes outside, in one and in both',
    {
      axes: [3],
      fold: {
        kind: 'sum',
        axes: [4, 5],
        body: apply(
          'mul',
          apply('mul', apply('exp', load(0, 0)), apply('exp', load(1, 0, 1))),
          apply('exp', load(2, 1, 2)),
        ),
      },
      result: apply('div', acc, apply('exp', load(0, 0))),
    },
    [{ shape: [3] }, { shape: [3, 4] }, { shape: [4, 5] }],
  ),
  ...[3, TURNS].map((k) =>
    nestCase(
      `sum against the diagonal, k = ${k}`,
      {
        axes: [4, 5],
        fold: {
          kind: 'sum',
          axes: [k],
          body: apply('mul', load(0, 2, line(k - 1, 2, -1)), load(1, 0, 2, 1)),
        },
        result: acc,
      },
      [{ shape: [k, k] }, { shape: [4, k, 5] }],
    ),
  ),
];

/** The column that moves with the row: no four of its numbers are a texel. */
const both: Affine = { at: 0, of: [0, 1].map((axis) => ({ axis, step: 1 })) };

/** Software GPUs compile them for minutes where numbers are picked in every turn, or by branches. */
const moving = [
  nestCase(
    'large sum of what moves with row and column',
    {
      axes: [130, 66],
      fold: {
        kind: 'sum',
        axes: [3, 10],
        body: apply('mul', load(0, both), apply('max', load(1, 2, 3), load(2, 3, 0))),
      },
      result: apply('add', acc, load(3, 0, 1)),
    },
    [
      { shape: [195] },
      { shape: [3, 10] },
      { shape: [10, 130] },
      { shape: [130, 66], order: 'columns' },
    ],
  ),
  nestCase(
    'large sum of clamped positions',
    {
      axes: [17, 1025],
      fold: {
        kind: 'sum',
        axes: [17],
        body: apply('mul', load(0, 0, 1, part('clamp', line(-1, 2, 1), 15)), load(1, 2)),
      },
      result: apply('mul', acc, load(2, 1, part('clamp', line(-1, 0, 1), 14))),
    },
    [{ shape: [17, 1025, 16] }, { shape: [17] }, { shape: [1025, 15] }],
  ),
];

/** All of them. */
export const nestCases: readonly NestCase[] = [
  ...opCases,
  ...maps,
  ...shapes,
  ...products,
  ...batched,
  ...large,
  ...folds,
  ...multiplied,
  ...rare,
  ...moving,
];
