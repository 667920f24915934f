// Products of a few rows and a large matrix: the matrix is read once, in the order of memory, some
// of its rows at a time and each from end to end, while the sums of all columns stay near.
import {
  $,
  BYTES,
  type Code,
  createFrame,
  endOfVectors,
  type Func,
  floats,
  funcOf,
  get,
  int,
  type Local,
  local,
  plus,
  type Simd,
  set,
  type Type,
  WIDTH,
} from './code.ts';
import { type Form, loadsIn, stepOf } from './form.ts';
import { ranges } from './loops.ts';
import { loadSum, resultOf } from './results.ts';
import { isDot, type Schedule, sharing } from './schedule.ts';
import {
  addBound,
  addLoop,
  batchLoops,
  codeOf,
  createScope,
  indexOf,
  type Scope,
  type Shift,
  sharedTurns,
} from './scope.ts';
import {
  type Place,
  parametersOf,
  type Share,
  type Sharing,
  scratchOf,
  shareToEnd,
  TABLE,
} from './share.ts';
import {
  addProduct,
  baseOf,
  createValues,
  evaluate,
  type Lanes,
  suits,
  type Values,
} from './values.ts';

/** A product whose sums are kept in scratch memory. */
export interface Sweep {
  readonly column: number;
  /** Rows that read the same matrix, where there is more than one. */
  readonly row?: number;
  readonly inner: number;
  readonly batch: readonly number[];
  /** Columns whose sums stay in the first cache. */
  readonly block: number;
}

// The sums of a block take a small part of the first cache.
const MOST_COLUMNS = 2048;
/**
 * What a matrix needs at least. One row gains as soon as its sums fill some registers; where more
 * rows read the same matrix, tiles of outputs are as fast until it leaves the second cache.
 */
const LEAST_COLUMNS = 32;
const LEAST_TURNS = 16;
const LEAST_FLOATS = { alone: 2 ** 11, shared: 2 ** 18 };
/** Columns of a part: each part goes through all lines, and fewer would fetch them in vain. */
const LEAST_PART = 256;
/** Products that are added up before a sum is read and written. */
const TURNS = 8;
/** Rows at a time: their numbers, and the matrix's, fill the registers. */
const MOST_ROWS = 4;

/** The sweep that a form is, if its matrix is large and lies in rows. */
export function sweepOf(form: Form, { vector: column }: Schedule): Sweep | undefined {
  const { extents, outer } = form;
  if (!isDot(form) || column === undefined || column >= outer) return undefined;
  if (extents.length !== outer + 1) return undefined;
  const inner = outer;
  const matrices = loadsIn(form.fold!.body)
    .map((l) => l.index[0]!)
    .filter((i) => suits(i, column) !== 0);
  if (matrices.some((i) => suits(i, column) < 0 || stepOf(i, inner) < WIDTH)) return undefined;
  const [columns, turns] = [extents[column]!, extents[inner]!];
  const row = sharing(form, column).find((axis) => matrices.every((i) => stepOf(i, axis) === 0));
  const least = row === undefined ? LEAST_FLOATS.alone : LEAST_FLOATS.shared;
  if (columns < LEAST_COLUMNS || turns < LEAST_TURNS || columns * turns < least) return undefined;
  const batch = [...Array(outer).keys()].filter((axis) => axis !== column && axis !== row);
  const count = Math.ceil(columns / MOST_COLUMNS);
  const block = Math.ceil(columns / count / WIDTH) * WIDTH;
  return { column, ...(row !== undefined && { row }), inner, batch, block };
}

/** The loop that threads share: whole sweeps if nearly all have as many, else columns. */
function sharedOf({ extents }: Form, { column, batch: [first] }: Sweep, threads: number) {
  const sweeps = first === undefined ? 0 : extents[first]!;
  return threads * Math.ceil(sweeps / threads) < 1.3 * sweeps
    ? { axis: first!, length: 1, most: sweeps }
    : { axis: column, length: WIDTH, most: Math.floor(extents[column]! / LEAST_PART) };
}

/** How threads share a sweep: each has a sum of every column for every row of a turn. */
export const sweepSharing = (form: Form, sweep: Sweep, threads: number): Sharing => ({
  most: sharedOf(form, sweep, threads).most,
  ...{ scratch: MOST_ROWS * form.extents[sweep.column]!, prepares: false },
});

/** The functions of a sweep; the last runs it, or a part of it. */
export const sweepFunctions = (form: Form, sweep: Sweep, place: Place): Func[] => [
  columnsOf(form, sweep, place.simd),
  blocksOf(form, sweep, place),
];

interface Sweeper {
  readonly form: Form;
  readonly sweep: Sweep;
  readonly values: Values;
  /** The first column, the end of whole vectors, and the end. */
  readonly from: Local;
  readonly wide: Local;
  readonly to: Local;
  /** The sum of the first column; that of the one at hand. */
  readonly sums: Local;
  readonly at: Local;
}

/**
 * The function of a range of columns: its parameters are the table, the batch, the range, and
 * where the sums of all columns are.
 */
function columnsOf(form: Form, sweep: Sweep, simd: Simd): Func {
  const { batch, row } = sweep;
  const frame = createFrame(...Array<Type>(4 + batch.length).fill('i32'));
  const root = createScope(frame, form.extents);
  const bases = form.inputs.map((id) => baseOf(root, id));
  const [from, to, base] = [1, 2, 3].map((i) => batch.length + i);
  const [wide, sums, at] = [local(frame, 'i32'), local(frame, 'i32'), local(frame, 'i32')];
  const values = createValues(bases, () => [], simd);
  const sweeper: Sweeper = { form, sweep, values, from, wide, to, sums, at };
  const first = $('i32.mul', get(from), int(BYTES));
  root.hoisted.push(set(wide, endOfVectors(from, to)), set(sums, $('i32.add', get(base), first)));
  addBound(root, batch, (scope) => {
    if (row === undefined) {
      sweepRows(sweeper, scope, [new Map()]);
      return;
    }
    const rows = form.extents[row]!;
    for (const range of ranges(rows, [MOST_ROWS, rows % MOST_ROWS || 1])) {
      const shifts = Array.from({ length: range.step }, (_, i) => new Map([[row, i]]));
      addLoop(scope, row, range, (some) => sweepRows(sweeper, some, shifts));
    }
  });
  return funcOf(`${form.name}: columns`, frame, codeOf(root));
}

/** The products of some rows. */
function sweepRows(sweeper: Sweeper, scope: Scope, shifts: readonly Shift[]): void {
  const { form, sweep, values, at } = sweeper;
  const sumAt = (i: number): number => BYTES * i * form.extents[sweep.column]!;
  eachColumn(sweeper, scope, (some, { vector }) => {
    for (const i of shifts.keys()) some.body.push(storeSum(vector, sumAt(i), at, floats(0)));
  });
  const turns = form.extents[sweep.inner]!;
  const most = TURNS / 2 ** Math.ceil(Math.log2(shifts.length));
  for (const range of ranges(turns, [most, turns % most || 1])) {
    addLoop(scope, sweep.inner, range, (lines) => {
      eachColumn(sweeper, lines, (some, lanes) => {
        for (const [i, shift] of shifts.entries()) {
          addLines(sweeper, some, { ...lanes, shift }, range.step, sumAt(i));
        }
      });
    });
  }
  eachColumn(sweeper, scope, (some, lanes) => {
    for (const [i, shift] of shifts.entries()) {
      resultOf({ form, values, at }, some, { ...lanes, shift }, sumAt(i));
    }
  });
}

/** Adds the next products of some lines of the matrix to the sums of some columns. */
function addLines(
  { form, sweep, values, at }: Sweeper,
  scope: Scope,
  lanes: Lanes,
  turns: number,
  offset: number,
): void {
  const part = local(scope.frame, 'v128');
  const body = form.fold!.body;
  const ahead = (turn: number): Lanes => ({
    ...lanes,
    shift: new Map(lanes.shift).set(sweep.inner, turn),
  });
  scope.body.push(set(part, evaluate(values, scope, body, lanes)));
  for (let turn = 1; turn < turns; turn++) {
    scope.body.push(addProduct(values, scope, body, ahead(turn), part));
  }
  const sum = $('f32x4.add', loadSum(lanes, at, offset), get(part));
  scope.body.push(storeSum(lanes.vector, offset, at, sum));
}

const storeSum = (vector: number | undefined, offset: number, at: Local, sum: Code): Code =>
  vector === undefined
    ? $('v128.store32_lane', offset, 0, get(at), sum)
    : $('v128.store', offset, get(at), sum);

/** Four columns at a time, then those that are left, with the pointer to their sums. */
function eachColumn(
  { sweep, from, wide, to, sums, at }: Sweeper,
  scope: Scope,
  visit: (scope: Scope, lanes: Lanes) => void,
): void {
  const { column } = sweep;
  const shift: Shift = new Map();
  const walk = (start: Local, end: Local, step: number, lanes: Lanes): void =>
    addLoop(scope, column, { from: get(start), to: get(end), step }, (some) => {
      visit(some, lanes);
      some.body.push(set(at, plus(get(at), BYTES * step)));
    });
  scope.body.push(set(at, get(sums)));
  walk(from, wide, WIDTH, { vector: column, shift });
  walk(wide, to, 1, { shift });
}

/** The function that goes through the blocks of columns, of every product of the batch. */
function blocksOf(form: Form, sweep: Sweep, place: Place): Func {
  const { first, threads } = place;
  const { batch, column, block } = sweep;
  const frame = createFrame(...parametersOf(threads > 1));
  const root = createScope(frame, form.extents);
  const [end, sums] = [local(frame, 'i32'), local(frame, 'i32')];
  const extent = form.extents[column]!;
  root.hoisted.push(set(sums, scratchOf(place)));
  let share: Share | undefined;
  if (threads > 1) {
    const { axis, length } = sharedOf(form, sweep, threads);
    const all = form.extents[axis]!;
    const own = shareToEnd(frame, axis, all, Math.floor(all / length), length);
    share = own.share;
    root.hoisted.push(own.code);
  }
  const turns = sharedTurns(column, extent, share);
  const to = typeof turns.to === 'number' ? int(turns.to) : turns.to;
  const fill = (scope: Scope): void =>
    addLoop(scope, column, { ...turns, step: block }, (some) => {
      const next = plus(indexOf(some, column), block);
      const indices = [...batch, column].map((axis) => indexOf(some, axis));
      some.body.push(
        set(end, next),
        set(end, $('select', get(end), to, $('i32.lt_s', get(end), to))),
        $('call', first, get(TABLE), ...indices, get(end), get(sums)),
      );
    });
  batchLoops(root, batch, share, fill);
  return funcOf(form.name, frame, codeOf(root));
}
