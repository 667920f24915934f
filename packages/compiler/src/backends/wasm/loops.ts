// Writes the loops of a kernel: maps, and folds of a tile of outputs at a time.
import { type Code, createFrame, type Func, floats, get, type Local, local, set } from './code.ts';
import { type FoldRow, folds, swapped } from './folds.ts';
import { ACC, type Form } from './form.ts';
import { isDot, type Schedule, WIDTH } from './schedule.ts';
import {
  addLoop,
  addPart,
  codeOf,
  createScope,
  type Range,
  remember,
  type Scope,
  type Shift,
} from './scope.ts';
import { baseOf, createValues, evaluate, type Lanes, store, type Values } from './values.ts';

/** The function of a kernel: loops over its outputs. */
export function loopsOf(form: Form, schedule: Schedule): Func {
  const frame = createFrame('i32');
  const root = createScope(frame, form.extents);
  const bases = form.inputs.map((id) => baseOf(root, id));
  const out = baseOf(root, form.output);
  const axes = [...Array(form.outer).keys()].filter((axis) => axis !== schedule.vector);
  // The loop of the lanes is the innermost one.
  if (schedule.vector !== undefined && schedule.vector < form.outer) axes.push(schedule.vector);
  const kernel = { form, schedule, out, values: createValues(bases, () => []) };
  tiles(root, axes, form, schedule, [new Map()], (scope, shifts, wide) => {
    if (form.fold) foldTile(kernel, scope, shifts, wide);
    else mapTile(kernel, scope, shifts, wide);
  });
  return {
    name: form.name,
    ...{ params: frame.params, results: [], locals: frame.locals, body: codeOf(root) },
  };
}

/** A range in whole steps, largest first, each as long as it fits. */
export function ranges(extent: number, steps: readonly number[]): Range[] {
  let from = 0;
  return [...new Set(steps)].flatMap((step) => {
    const to = from + Math.floor((extent - from) / step) * step;
    const range = { from, to, step };
    from = to;
    return range.to > range.from ? [range] : [];
  });
}

type Visit = (scope: Scope, shifts: readonly Shift[], wide: boolean) => void;

/** Nested loops over output axes; `visit` writes what is done for one tile of outputs. */
function tiles(
  scope: Scope,
  axes: readonly number[],
  form: Form,
  schedule: Schedule,
  shifts: readonly Shift[],
  visit: Visit,
  wide = false,
): void {
  const [axis, ...rest] = axes;
  if (axis === undefined) {
    visit(scope, shifts, wide);
    return;
  }
  const count = schedule.tile.get(axis) ?? 1;
  const lanes = axis === schedule.vector ? WIDTH : 1;
  for (const range of ranges(form.extents[axis]!, [count * lanes, lanes, 1])) {
    const isWide = lanes > 1 && range.step >= WIDTH;
    const by = isWide ? WIDTH : 1;
    const next = along(shifts, axis, range.step / by, by);
    addLoop(scope, axis, range, (inner) =>
      tiles(inner, rest, form, schedule, next, visit, wide || isWide),
    );
  }
}

/** Every shift, with neighbours along one more loop. */
export const along = (
  shifts: readonly Shift[],
  axis: number,
  count: number,
  by: number,
): Shift[] =>
  shifts.flatMap((shift) =>
    Array.from({ length: count }, (_, i) => new Map(shift).set(axis, i * by)),
  );

interface Kernel {
  readonly form: Form;
  readonly schedule: Schedule;
  readonly values: Values;
  readonly out: Local;
}

const lanesOf = ({ schedule }: Kernel, shift: Shift, wide: boolean): Lanes => ({
  ...(wide && { vector: schedule.vector! }),
  shift,
});

function mapTile(kernel: Kernel, scope: Scope, shifts: readonly Shift[], wide: boolean): void {
  for (const shift of shifts) write(kernel, kernel.values, scope, lanesOf(kernel, shift, wide));
}

/** Computes the result of some lanes and stores it. */
function write({ form, out }: Kernel, values: Values, scope: Scope, lanes: Lanes): void {
  const result = local(scope.frame, 'v128');
  const value = evaluate(values, scope, form.result, lanes);
  scope.body.push(set(result, value));
  store(scope, out, form.target, lanes, result);
}

type State = readonly Local[];

const newState = (row: FoldRow, scope: Scope): State =>
  row.start.map((start) => {
    const made = local(scope.frame, 'v128');
    scope.body.push(set(made, floats(start)));
    return made;
  });

/** Folds a tile of outputs, then computes their results. */
function foldTile(kernel: Kernel, scope: Scope, shifts: readonly Shift[], wide: boolean): void {
  const { form, schedule } = kernel;
  const row = folds[isDot(form) ? 'dot' : form.fold!.kind];
  const acrossFold = schedule.vector !== undefined && schedule.vector >= form.outer;
  const sets = acrossFold ? schedule.unroll : 1;
  const main = shifts.map(() => Array.from({ length: sets }, () => newState(row, scope)));
  // The turns that fill no vector have a state of their own.
  const rest = acrossFold ? shifts.map(() => newState(row, scope)) : [];
  const axes = [...form.extents.keys()].slice(form.outer);
  foldLoops(kernel, scope, axes, (inner, step) => {
    const isVector = acrossFold && step >= WIDTH;
    const turns = isVector ? step / WIDTH : 1;
    shifts.forEach((shift, i) => {
      for (let turn = 0; turn < turns; turn++) {
        const state = acrossFold && !isVector ? rest[i]! : main[i]![turn]!;
        const ahead = isVector ? new Map(shift).set(schedule.vector!, WIDTH * turn) : shift;
        const lanes = lanesOf(kernel, ahead, wide || isVector);
        takeIn(row, kernel.values, inner, form, lanes, state);
      }
    });
  });
  const states = main.map(([first, ...others]) => {
    for (const other of others) scope.body.push(row.merge(first!, other));
    return first!;
  });
  if (acrossFold) for (const [i, s] of states.entries()) joinLanes(row, scope, s, rest[i]!);
  results(
    kernel,
    scope,
    shifts,
    wide,
    states.map((s) => row.value(s)),
  );
}

function foldLoops(
  kernel: Kernel,
  scope: Scope,
  axes: readonly number[],
  visit: (scope: Scope, step: number) => void,
  step = 1,
): void {
  const [axis, ...rest] = axes;
  if (axis === undefined) {
    visit(scope, step);
    return;
  }
  const { form, schedule } = kernel;
  const steps = axis === schedule.vector ? [WIDTH * schedule.unroll, WIDTH, 1] : [1];
  for (const range of ranges(form.extents[axis]!, steps)) {
    addLoop(scope, axis, range, (inner) => foldLoops(kernel, inner, rest, visit, range.step));
  }
}

/** One turn of a fold. */
function takeIn(row: FoldRow, v: Values, scope: Scope, form: Form, lanes: Lanes, s: State): void {
  const x = local(scope.frame, 'v128');
  const value = evaluate(v, scope, form.fold!.body, lanes);
  scope.body.push(set(x, value), ...row.turn(s, x));
}

/** Joins the four lanes of a state, and the rest's first lane: the first lane holds them all. */
function joinLanes(row: FoldRow, scope: Scope, state: State, rest: State): void {
  const other = newState(row, scope);
  for (const by of [2, 1] as const) {
    for (const [i, code] of swapped(row, state, by).entries()) {
      scope.body.push(set(other[i]!, code));
    }
    scope.body.push(row.merge(state, other));
  }
  scope.body.push(row.merge(state, rest));
}

/** Computes results from folded values, and stores them. */
function results(
  kernel: Kernel,
  scope: Scope,
  shifts: readonly Shift[],
  wide: boolean,
  folded: readonly Code[],
): void {
  shifts.forEach((shift, i) => {
    addPart(scope, ACC, (after) => {
      const acc = remember(after, 'acc', 'v128', () => folded[i]!);
      const values = { ...kernel.values, acc: () => get(acc) };
      write(kernel, values, after, lanesOf(kernel, shift, wide));
    });
  });
}
