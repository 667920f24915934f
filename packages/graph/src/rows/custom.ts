// Functions that users give with their derivatives: what the op means stands in its attributes,
// as small programs of other elementwise ops. It knows no text; text/elementwise.ts makes them.
import { costOf, rowOf } from '../elementwise.ts';
import { foldConstant } from '../fold.ts';
import { constant, isConst } from '../leaves.ts';
import { type AttrOf, make, type Node, type OpName, type Shape, type Tape } from '../node.ts';
import * as op from '../ops.ts';
import { call, LINE, one, type Rows } from './row.ts';

/** The most steps of a tape: what a formula of people has, with room for its derivative. */
export const MAX_STEPS = 1000;

/** How the values of a tape are made: numbers, expressions of a machine, or nodes. */
interface Maker<T> {
  readonly constant: (value: number) => T;
  readonly apply: (op: OpName, attr: AttrOf[OpName], src: readonly T[]) => T;
}

/** The result of a tape on arguments. */
export function run<T>(tape: Tape, args: readonly T[], { constant, apply }: Maker<T>): T {
  const values = [...args];
  for (const { op, attr, src } of tape.steps) {
    const isNumber = op === 'const';
    const from = src.map((i) => values[i]!);
    values.push(isNumber ? constant((attr as AttrOf['const']).value) : apply(op, attr, from));
  }
  return values[tape.result]!;
}

const numbers: Maker<number> = {
  constant: (value) => value,
  apply: (op, attr, src) => rowOf(op)!.meaning(attr, ...src),
};

/** Nodes of one shape; what is known already is a number. */
export const nodesOf = (shape: Shape): Maker<Node> => ({
  constant: (value) => constant(value, shape),
  apply: (op, attr, src) => {
    const node = make(op, src, attr as never, shape);
    return foldConstant(node) ?? node;
  },
});

const CUBE: AttrOf['custom'] = {
  name: 'cube',
  body: { steps: [{ op: 'pow', attr: { exponent: 3 }, src: [0] }], result: 1 },
  slopes: [
    {
      steps: [
        { op: 'const', attr: { value: 3 }, src: [] },
        { op: 'pow', attr: { exponent: 2 }, src: [0] },
        { op: 'mul', attr: {}, src: [1, 2] },
      ],
      result: 3,
    },
  ],
};

/** x |x|, with the slope 2 |x|. */
const SIGNED_SQUARE: AttrOf['custom'] = {
  name: 'signed_square',
  body: {
    steps: [
      { op: 'abs', attr: {}, src: [0] },
      { op: 'mul', attr: {}, src: [0, 1] },
    ],
    result: 2,
  },
  slopes: [
    {
      steps: [
        { op: 'const', attr: { value: 2 }, src: [] },
        { op: 'abs', attr: {}, src: [0] },
        { op: 'mul', attr: {}, src: [1, 2] },
      ],
      result: 3,
    },
  ],
};

export const custom = {
  custom: {
    arity: ({ slopes }) => slopes.length,
    meaning: ({ body }, ...x) => run(body, x, numbers),
    lower: (m, { body }, ...x) =>
      run(body, x, {
        constant: m.constant,
        apply: (op, attr, src) => rowOf(op)!.lower(m, attr, ...src),
      }),
    grad: (y, g) =>
      y.attr.slopes.map((tape) => {
        const slope = run(tape, y.src, nodesOf(y.shape));
        return isConst(slope, 0) ? undefined : op.mul(g, slope);
      }),
    tex: (args, { name }) => call(`\\operatorname{${name.replaceAll('_', '\\_')}}`)(args),
    text: (args, { name }) => `${name}(${args.join(', ')})`,
    cost: ({ body }) => body.steps.reduce((sum, step) => sum + costOf(step), 0),
    attributes: [CUBE, SIGNED_SQUARE],
    points: LINE.map(one),
  },
} as const satisfies Rows;
