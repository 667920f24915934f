// What a Nest means: plain loops in float64, the reference of every backend. It shares nothing
// with the printers but the meaning of the machine ops.
import { machine } from '../../src/machine.ts';
import type { Affine, Buffer, Expr, Nest, Plan, Result, Term } from '../../src/nest.ts';
import { resultsOf } from '../../src/nest.ts';

/** Row-major numbers of each buffer, whatever its order in a device's memory. */
export type Values = Map<number, ArrayLike<number>>;

/** Runs a plan in float64; parameters keep their old values, `next` buffers have the new ones. */
export function interpretPlan(plan: Plan, given: Values): Map<number, Float64Array> {
  const values: Values = new Map(given);
  const found = new Map<number, Float64Array>();
  const buffers = new Map(plan.buffers.map((buffer) => [buffer.id, buffer]));
  for (const nest of plan.kernels) {
    // All are stored after all are computed: none may read what another one writes.
    const stored = resultsOf(nest).map(
      (one) => [one.output, interpretResult(nest, one, buffers, values)] as const,
    );
    for (const [id, out] of stored) {
      values.set(id, out);
      found.set(id, out);
    }
  }
  return found;
}

function interpretResult(
  nest: Nest,
  { result }: Result,
  buffers: Map<number, Buffer>,
  values: Values,
): Float64Array {
  const out = new Float64Array(count(nest.axes));
  const inputs = nest.inputs.map((id) => ({
    data: values.get(id)!,
    shape: buffers.get(id)!.shape,
  }));
  const load = (input: number, index: readonly Affine[], at: readonly number[]) => {
    const { data, shape } = inputs[input]!;
    const where = index.map((i) => positionOf(i, at));
    const flat = where.reduce((n, position, dim) => {
      if (position < 0 || position >= shape[dim]!) throw new RangeError(`${nest.name}: ${where}`);
      return n * shape[dim]! + position;
    }, 0);
    return data[flat]!;
  };
  const evaluateAt = (at: readonly number[], acc = Number.NaN, across = Number.NaN) =>
    evaluator((input, index) => load(input, index, at), at, { acc, across });
  const { fold, across } = nest;
  const foldAt = (outer: readonly number[]): number => {
    if (!fold) return Number.NaN;
    const inside = positions(fold.axes).map((inner) => [...outer, ...inner]);
    return folded(
      fold.kind,
      inside.map((at) => evaluateAt(at)(fold.body)),
    );
  };
  const foldAcross = (outer: readonly number[]): number => {
    if (!across) return Number.NaN;
    const line = positions([nest.axes[across.axis]!]).map(([at]) => outer.with(across.axis, at!));
    return folded(
      across.kind,
      line.map((at) => evaluateAt(at, foldAt(at))(across.body)),
    );
  };
  positions(nest.axes).forEach((outer, i) => {
    out[i] = evaluateAt(outer, foldAt(outer), foldAcross(outer))(result);
  });
  return out;
}

function evaluator(
  load: (input: number, index: readonly Affine[]) => number,
  at: readonly number[],
  folds: { readonly acc: number; readonly across: number },
): (expr: Expr) => number {
  // Equal subexpressions are one object: a chain of them is long, but a tree without end.
  const known = new Map<Expr, number>();
  const evaluate = (expr: Expr): number => {
    const value = known.get(expr) ?? anew(expr);
    known.set(expr, value);
    return value;
  };
  const anew = (expr: Expr): number => {
    if (expr.op === 'const') return expr.value;
    if (expr.op === 'acc') return expr.across ? folds.across : folds.acc;
    if (expr.op === 'load') return load(expr.input, expr.index);
    if (expr.op === 'position') return positionOf(expr.index[0], at);
    const [a, b, c] = expr.args.map(evaluate);
    return machine[expr.op].meaning(a!, b!, c!);
  };
  return evaluate;
}

function positionOf({ at: start, of }: Affine, at: readonly number[]): number {
  const value = (term: Term): number => {
    if ('axis' in term) return at[term.axis]!;
    const inner = positionOf(term.of, at);
    if (term.part === 'clamp') return Math.min(Math.max(inner, 0), term.by);
    const quotient = Math.floor(inner / term.by);
    return term.part === 'quotient' ? quotient : inner - term.by * quotient;
  };
  return of.reduce((sum, term) => sum + term.step * value(term), start);
}

function folded(kind: NonNullable<Nest['fold']>['kind'], values: readonly number[]): number {
  const largest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (kind === 'max') return largest;
  if (kind === 'sum') return values.reduce((a, b) => a + b, 0);
  if (kind === 'prod') return values.reduce((a, b) => a * b, 1);
  // The hypotenuse of NaN and Infinity is Infinity.
  if (kind === 'norm') return Number.isNaN(largest) ? largest : Math.hypot(...values);
  // The difference of two infinities has no value.
  if (!Number.isFinite(largest)) return largest;
  return largest + Math.log(values.reduce((sum, v) => sum + Math.exp(v - largest), 0));
}

const count = (axes: readonly number[]) => axes.reduce((n, size) => n * size, 1);

/** Every position of a loop nest, the last axis fastest. */
function positions(axes: readonly number[]): number[][] {
  return axes.reduce<number[][]>(
    (all, size) => all.flatMap((at) => Array.from({ length: size }, (_, i) => [...at, i])),
    [[]],
  );
}
