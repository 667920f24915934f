// A small language for writing nests, and their data. It must not know any backend.
import type { MachineOp } from '../../src/machine.ts';
import {
  type Affine,
  type Buffer,
  type Expr,
  type Nest,
  type Plan,
  rewritten,
} from '../../src/nest.ts';

/** What a nest computes. */
export type Body = Pick<Nest, 'axes' | 'result' | 'fold' | 'across'>;

/** One nest with its data; `data[i]` belongs to input i, row-major whatever its order. */
export interface NestCase {
  readonly name: string;
  readonly plan: Plan;
  readonly data: readonly Float32Array[];
}

// Sizes around the widths of SIMD and workgroups; 1500 is beyond gpu.js's default loop limit.
export const SIZES = [1, 3, 4, 5, 64];
export const at = (...axes: readonly (number | Affine)[]): Affine[] =>
  axes.map((axis) => (typeof axis === 'number' ? { at: 0, of: [{ axis, step: 1 }] } : axis));
export const fixed = (position: number): Affine => ({ at: position, of: [] });
export const line = (start: number, axis: number, step: number): Affine => ({
  at: start,
  of: [{ axis, step }],
});
export const part = (
  kind: 'quotient' | 'remainder' | 'clamp',
  of: Affine,
  by: number,
): Affine => ({
  at: 0,
  of: [{ part: kind, of, by, step: 1 }],
});
export const load = (input: number, ...axes: readonly (number | Affine)[]): Expr => ({
  op: 'load',
  input,
  index: at(...axes),
});
export const value = (n: number): Expr => ({ op: 'const', value: n });
export const acc: Expr = { op: 'acc' };
export const across: Expr = { op: 'acc', across: true };
export const apply = (op: MachineOp, ...args: readonly Expr[]): Expr => ({ op, args });

/** An input of a nest: its shape, and how its numbers are made. */
export interface Input {
  readonly shape: readonly number[];
  readonly order?: Buffer['order'];
  readonly numbers?: (random: () => number, i: number) => number;
}

const product = (shape: readonly number[]) => shape.reduce((n, size) => n * size, 1);
export const centred = (random: () => number) => 2 * random() - 1;

/** A plan of one kernel, whose output is read. */
export function nestCase(
  name: string,
  nest: Body,
  inputs: readonly Input[],
  order: Buffer['order'] = 'rows',
): NestCase {
  const random = mulberry(name.length + 7 * inputs.length);
  const buffers: Buffer[] = inputs.map((input, id) => ({
    id,
    name: `x${id}`,
    shape: input.shape,
    order: input.order ?? 'rows',
    role: 'input',
  }));
  const output = inputs.length;
  buffers.push({ id: output, name, shape: nest.axes, order, role: 'output', offset: 0 });
  const kernel: Nest = { ...turning(nest), name, inputs: inputs.map((_, id) => id), output };
  const data = inputs.map(({ shape, numbers = centred }) =>
    Float32Array.from({ length: product(shape) }, (_, i) => numbers(random, i)),
  );
  return {
    name,
    plan: { kernels: [kernel], buffers, arena: product(nest.axes), swaps: [] },
    data,
  };
}

/** Which factors of a product are given transposed, and how the right one lies. */
export interface MatrixKind {
  readonly left?: boolean;
  readonly right?: boolean;
  readonly order?: Buffer['order'];
}

/** A product of two matrices: n x k times k x m. */
export function matrixProduct(n: number, m: number, k: number, kind: MatrixKind = {}): NestCase {
  const { left = false, right = false, order = 'rows' } = kind;
  const a = left ? load(0, 2, 0) : load(0, 0, 2);
  const b = right ? load(1, 1, 2) : load(1, 2, 1);
  const fold = { kind: 'sum', axes: [k], body: apply('mul', a, b) } as const;
  const inputs = [{ shape: left ? [k, n] : [n, k] }, { shape: right ? [m, k] : [k, m], order }];
  const name = `${n} x ${k} times ${k} x ${m}, ${left} ${right} ${order}`;
  return nestCase(name, { axes: [n, m], fold, result: acc }, inputs);
}

/** The same nest as the planner would write it: no index names an axis of one turn. */
function turning(nest: Body): Body {
  const sizes = [...nest.axes, ...(nest.fold?.axes ?? [])];
  const known = new Map<Expr, Expr>();
  const index = ({ at: start, of }: Affine): Affine => ({
    at: start,
    of: of
      .filter((term) => !('axis' in term && sizes[term.axis] === 1))
      .map((term) => ('axis' in term ? term : { ...term, of: index(term.of) })),
  });
  const rewrite = (expr: Expr): Expr => {
    const seen = known.get(expr);
    if (seen) return seen;
    const made: Expr =
      expr.op === 'load'
        ? { ...expr, index: expr.index.map(index) }
        : expr.op === 'position'
          ? { ...expr, index: [index(expr.index[0])] }
          : 'args' in expr
            ? { op: expr.op, args: expr.args.map(rewrite) }
            : expr;
    known.set(expr, made);
    return made;
  };
  return rewritten(nest, rewrite);
}

/** A small random generator with a seed: the same data in every run. */
export function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
