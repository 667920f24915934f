// Writes the loops of a kernel: maps, and folds of a tile of outputs at a time.
import { type Ahead, aheadOf } from './ahead.ts';
import {
  createFrame,
  type Func,
  floats,
  funcOf,
  get,
  type Local,
  local,
  set,
  shuffle,
  WIDTH,
} from './code.ts';
import { type FoldRow, folds, swapped } from './folds.ts';
import type { Form } from './form.ts';
import { write, writeFolded } from './results.ts';
import { isDot, type Schedule } from './schedule.ts';
import {
  addLoop,
  addLoops,
  codeOf,
  createScope,
  type Range,
  type Scope,
  type Shift,
} from './scope.ts';
import { type Place, parametersOf, type Share, shareOf } from './share.ts';
import { addProduct, baseOf, createValues, evaluate, type Lanes, type Values } from './values.ts';

/** Outputs along a loop that are computed side by side. */
const blockOf = ({ tile, vector }: Schedule, axis: number): number =>
  (tile.get(axis) ?? 1) * (axis === vector ? WIDTH : 1);

/** Blocks of each thread, at least, in a loop that they share: some are for those who are done. */
const BLOCKS = 4;

/** The loop that threads share: the outermost with some blocks for each, or that with most. */
export function sharedLoop(form: Form, schedule: Schedule, threads: number) {
  const loops = orderOf(form, schedule).map((axis) => {
    const length = blockOf(schedule, axis);
    return { axis, length, blocks: Math.floor(form.extents[axis] / length) };
  });
  const most = loops.reduce((n, { blocks }) => Math.max(n, blocks), 0);
  return most < 2
    ? undefined
    : loops.find(({ blocks }) => blocks >= Math.min(BLOCKS * threads, most));
}

/** The function of a kernel: loops over its outputs, or over a part of them. */
export function loopsOf(form: Form, schedule: Schedule, { simd, threads }: Place): Func {
  const frame = createFrame(...parametersOf(threads > 1));
  const root = createScope(frame, form.extents);
  const bases = form.inputs.map((id) => baseOf(root, id));
  const axes = orderOf(form, schedule);
  const { across, unroll } = schedule;
  const loops = axes.map((axis) => ({ axis, block: blockOf(schedule, axis) }));
  const fold = across !== undefined && { axis: across, block: WIDTH * unroll };
  const ahead = fold ? aheadOf(form, bases, fold, loops) : undefined;
  const values = createValues(bases, () => [], simd);
  const kernel = { form, schedule, values, ahead };
  const shared = threads > 1 ? sharedLoop(form, schedule, threads) : undefined;
  const own = shared && shareOf(frame, shared.axis, shared.blocks, shared.length);
  if (own) root.hoisted.push(own.code);
  tiles(root, axes, { form, schedule, share: own?.share }, [new Map()], (scope, shifts, wide) => {
    if (form.fold) foldTile(kernel, scope, shifts, wide);
    else for (const shift of shifts) write(kernel, scope, lanesOf(kernel, shift, wide));
  });
  return funcOf(form.name, frame, codeOf(root));
}

/** The output's loops, outermost first. */
function orderOf({ extents, outer }: Form, { vector, across, tile }: Schedule): number[] {
  const axes = [...Array(outer).keys()].filter((axis) => axis !== vector);
  if (vector === undefined) return axes;
  // The loop of the lanes is the innermost one: memory follows it. With lanes along the fold it
  // is the longer one of a tile's two that stays outside: what the other reads stays near.
  const inside = (axis: number): boolean =>
    across !== undefined && tile.has(axis) && extents[axis]! < extents[vector]!;
  return [...axes.filter((axis) => !inside(axis)), vector, ...axes.filter(inside)];
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

/** Which outputs are computed, and how many at once. */
interface Tiling {
  readonly form: Form;
  readonly schedule: Schedule;
  readonly share: Share | undefined;
}

/** Nested loops over output axes; `visit` writes what is done for one tile of outputs. */
function tiles(
  scope: Scope,
  axes: readonly number[],
  tiling: Tiling,
  shifts: readonly Shift[],
  visit: Visit,
  wide = false,
): void {
  const [axis, ...rest] = axes;
  if (axis === undefined) {
    visit(scope, shifts, wide);
    return;
  }
  const { form, schedule } = tiling;
  const share = tiling.share?.axis === axis ? tiling.share : undefined;
  const lanes = axis === schedule.vector ? WIDTH : 1;
  const block = blockOf(schedule, axis);
  for (const range of ranges(form.extents[axis]!, [block, lanes, 1])) {
    const isWide = lanes > 1 && range.step >= WIDTH;
    const by = isWide ? WIDTH : 1;
    const next = along(shifts, axis, range.step / by, by);
    const fill = (inner: Scope): void => tiles(inner, rest, tiling, next, visit, wide || isWide);
    if (!share) addLoop(scope, axis, range, fill);
    else if (range.from === 0) {
      addLoop(scope, axis, { from: get(share.from), to: get(share.to), step: range.step }, fill);
    } else addLoop(scope, axis, range, fill, share.last);
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
  readonly ahead: Ahead | undefined;
}

const lanesOf = ({ schedule }: Kernel, shift: Shift, wide: boolean): Lanes => ({
  ...(wide && { vector: schedule.vector! }),
  shift,
});

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
  const { across, vector, unroll } = schedule;
  const states = (count: number): State[] =>
    Array.from({ length: count }, () => newState(row, scope));
  // With lanes along the fold, four outputs have a state each: they become the lanes of one.
  const outputs = across !== undefined && wide ? [0, 1, 2, 3] : [0];
  const main = shifts.map(() => outputs.map(() => states(unroll)));
  // The turns that fill no vector have a state of their own.
  const rest = across === undefined ? [] : states(shifts.length);
  const axes = [...form.extents.keys()].slice(form.outer);
  const rangesOf = (axis: number): Range[] =>
    ranges(form.extents[axis]!, axis === across ? [WIDTH * unroll, WIDTH, 1] : [1]);
  const ahead = kernel.ahead?.(scope);
  addLoops(scope, axes, rangesOf, (inner, step) => {
    if (ahead && step >= WIDTH) inner.body.push(ahead);
    const take = (lanes: Lanes, state: State) =>
      takeIn(row, kernel.values, inner, form, lanes, state);
    for (const [i, shift] of shifts.entries()) {
      if (across === undefined) take(lanesOf(kernel, shift, wide), main[i]![0]![0]!);
      else if (step < WIDTH) take(lanesOf(kernel, shift, wide), rest[i]!);
      else {
        for (const output of outputs) {
          for (let turn = 0; turn < step / WIDTH; turn++) {
            const to = new Map(shift).set(across, WIDTH * turn);
            if (vector !== undefined) to.set(vector, (shift.get(vector) ?? 0) + output);
            take({ vector: across, shift: to }, main[i]![output]![turn]!);
          }
        }
      }
    }
  });
  const joined = main.map((sets, i) => {
    for (const [first, ...others] of sets) {
      for (const other of others) scope.body.push(row.merge(first!, other));
    }
    const firsts = sets.map(([first]) => first!);
    if (across === undefined) return firsts[0]!;
    if (wide) joinOutputs(row, scope, firsts);
    else joinLanes(row, scope, firsts[0]!);
    scope.body.push(row.merge(firsts[0]!, rest[i]!));
    return firsts[0]!;
  });
  shifts.forEach((shift, i) => {
    const value = row.value(joined[i]!);
    writeFolded(kernel, scope, lanesOf(kernel, shift, wide), () => value);
  });
}

/** One turn of a fold. */
function takeIn(row: FoldRow, v: Values, scope: Scope, form: Form, lanes: Lanes, s: State): void {
  const { body } = form.fold!;
  if (isDot(form)) {
    scope.body.push(addProduct(v, scope, body, lanes, s[0]!));
    return;
  }
  const x = local(scope.frame, 'v128');
  const value = evaluate(v, scope, body, lanes);
  scope.body.push(set(x, value), row.turn(s, x));
}

/** Joins the four lanes of a state: each becomes (0 + 2) + (1 + 3). */
function joinLanes(row: FoldRow, scope: Scope, state: State): void {
  const other = newState(row, scope);
  for (const by of [2, 1] as const) {
    for (const [i, code] of swapped(row, state, by).entries()) {
      scope.body.push(set(other[i]!, code));
    }
    scope.body.push(row.merge(state, other));
  }
}

/** Joins the lanes of four states in the same order: the first has one in each of its lanes. */
function joinOutputs(row: FoldRow, scope: Scope, [a, b, c, d]: readonly State[]): void {
  const pair = ([x]: State, [y]: State, low: number[], high: number[]): void => {
    const other = newState(row, scope);
    scope.body.push(
      set(other[0]!, shuffle(get(x!), get(y!), ...high)),
      set(x!, shuffle(get(x!), get(y!), ...low)),
      row.merge([x!], other),
    );
  };
  pair(a!, b!, [0, 1, 4, 5], [2, 3, 6, 7]);
  pair(c!, d!, [0, 1, 4, 5], [2, 3, 6, 7]);
  pair(a!, c!, [0, 2, 4, 6], [1, 3, 5, 7]);
}
