// A nest as loops over memory: every position becomes one offset in floats, and loops that walk
// through memory one after another become one. It knows nests and buffers.
import { axesIn } from '../../affine.ts';
import {
  type Affine,
  type Buffer,
  type Expr,
  expressionsIn,
  type Fold,
  type Nest,
  outputsOf,
  resultsOf,
  type Term,
} from '../../nest.ts';
import { stridesIn } from './lines.ts';

/** The position in a folded value's place: what depends on it is computed after the fold. */
export const ACC = -1;

/** A nest whose loads and whose store have one index each: an offset in floats. */
export interface Form {
  readonly name: string;
  /** Turns of each loop: first those of the output, then those of the fold. */
  readonly extents: readonly number[];
  /** How many of them are the output's. */
  readonly outer: number;
  readonly fold?: { readonly kind: Fold; readonly body: Expr };
  /** What is computed at each position, and the buffers, alike in memory, that it goes to. */
  readonly results: readonly Expr[];
  readonly outputs: readonly number[];
  readonly inputs: readonly number[];
  /** Where in them. */
  readonly target: Affine;
}

/** The expression with every position replaced; equal parts stay one object. */
function mapPositions(change: (load: Expr, index: readonly Affine[]) => Affine) {
  const known = new Map<Expr, Expr>();
  return (root: Expr): Expr => {
    for (const e of expressionsIn([root])) {
      if (known.has(e)) continue;
      const made: Expr =
        e.op === 'load'
          ? { ...e, index: [change(e, e.index)] }
          : e.op === 'position'
            ? { ...e, index: [change(e, e.index)] }
            : 'args' in e
              ? { op: e.op, args: e.args.map((a) => known.get(a)!) }
              : e;
      known.set(e, made);
    }
    return known.get(root)!;
  };
}

/** One sum of terms; those of one loop are added up. */
function linear(index: readonly Affine[], strides: readonly number[]): Affine {
  const steps = new Map<number, number>();
  const parts: Term[] = [];
  let at = 0;
  index.forEach((i, d) => {
    at += i.at * strides[d]!;
    for (const term of i.of) {
      const step = term.step * strides[d]!;
      if ('axis' in term) steps.set(term.axis, (steps.get(term.axis) ?? 0) + step);
      else parts.push({ ...term, step });
    }
  });
  const of: Term[] = [];
  steps.forEach((step, axis) => {
    if (step !== 0) of.push({ axis, step });
  });
  return { at, of: [...of, ...parts] };
}

/** The loops of a nest over memory. */
export function formOf(nest: Nest, buffers: ReadonlyMap<number, Buffer>): Form {
  const offset = (id: number, index: readonly Affine[]): Affine =>
    linear(index, stridesIn(buffers.get(id)!));
  const change = mapPositions((e, index) =>
    e.op === 'load' ? offset(nest.inputs[e.input]!, index) : linear(index, [1]),
  );
  const own = nest.axes.map((n, axis) => ({ at: 0, of: n === 1 ? [] : [{ axis, step: 1 }] }));
  const { fold } = nest;
  const form: Form = {
    name: nest.name,
    extents: [...nest.axes, ...(fold?.axes ?? [])],
    outer: nest.axes.length,
    ...(fold && { fold: { kind: fold.kind, body: change(fold.body) } }),
    results: resultsOf(nest).map(({ result }) => change(result)),
    outputs: outputsOf(nest),
    inputs: nest.inputs,
    target: offset(nest.output, own),
  };
  return merged(form);
}

/** Every load, position and store of a form. */
function positionsOf(form: Form): Affine[] {
  const roots = form.fold ? [form.fold.body, ...form.results] : form.results;
  const indices = expressionsIn(roots).flatMap((e) => ('index' in e ? [...e.index] : []));
  return [...indices, form.target];
}

/** How far a position moves at a turn of a loop; parts do not count. */
export function stepOf({ of }: Affine, axis: number): number {
  let sum = 0;
  // Asked a thousand times on the way to a first step: by index, an iterator is an object.
  for (let i = 0; i < of.length; i++) {
    const term = of[i]!;
    if ('axis' in term && term.axis === axis) sum += term.step;
  }
  return sum;
}

const inParts = (i: Affine, axis: number): boolean =>
  i.of.some((t) => !('axis' in t) && axesIn(t.of).includes(axis));

/** Drops loops of one turn, and joins neighbours that walk on where the inner one ends. */
function merged(form: Form): Form {
  const positions = positionsOf(form);
  const joins = (a: number, b: number): boolean =>
    positions.every(
      (i) => !inParts(i, a) && !inParts(i, b) && stepOf(i, a) === stepOf(i, b) * form.extents[b]!,
    );
  const axes = [...form.extents.keys()].filter((axis) => form.extents[axis] !== 1);
  // Of each kept loop: the loops that it stands for, the last of which gives its steps.
  const kept: number[][] = [];
  for (const axis of axes) {
    const last = kept.at(-1);
    const same = last && last[0]! < form.outer === axis < form.outer;
    if (same && joins(last.at(-1)!, axis)) last.push(axis);
    else kept.push([axis]);
  }
  const to = new Map(kept.map((group, i) => [group.at(-1)!, i]));
  const rename = (i: Affine): Affine => ({
    at: i.at,
    of: i.of.flatMap((t): Term[] => {
      if (!('axis' in t)) return [{ ...t, of: rename(t.of) }];
      const axis = to.get(t.axis);
      return axis === undefined ? [] : [{ axis, step: t.step }];
    }),
  });
  const change = mapPositions((_, [index]) => rename(index!));
  return {
    ...form,
    extents: kept.map((group) => group.reduce((n, axis) => n * form.extents[axis]!, 1)),
    outer: kept.filter(([axis]) => axis! < form.outer).length,
    ...(form.fold && { fold: { ...form.fold, body: change(form.fold.body) } }),
    results: form.results.map(change),
    target: rename(form.target),
  };
}

// What an expression is never changes.
const knownAxes = /* @__PURE__ */ new WeakMap<Expr, readonly number[]>();

/** The loops that an expression depends on, each once, and `ACC` for the folded value. */
export function axesOf(e: Expr): readonly number[] {
  const known = knownAxes.get(e);
  if (known) return known;
  const all =
    e.op === 'acc'
      ? [ACC]
      : 'index' in e
        ? e.index.flatMap(axesIn)
        : 'args' in e
          ? e.args.flatMap(axesOf)
          : [];
  const found = all.filter((axis, i) => all.indexOf(axis) === i);
  knownAxes.set(e, found);
  return found;
}

/** The loads inside an expression. */
export const loadsIn = (root: Expr): Extract<Expr, { op: 'load' }>[] =>
  expressionsIn([root]).filter((e) => e.op === 'load');
