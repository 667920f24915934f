// Ops that move elements: reshape, slice, pad, flip, concatenate. None of them computes.
import { checkList, checkOptions, checkShape, isDim } from '../checks.ts';
import { constant } from '../leaves.ts';
import {
  type AttrOf,
  type Dim,
  make,
  type Node,
  type Shape,
  sameShape,
  showShape,
} from '../node.ts';
import type { NodeLike, Reshaped } from '../shapes.ts';
import { add, where } from './arithmetic.ts';
import { axesOf, axisOf } from './axes.ts';
import { expandTo, type Operand, shapeError, toNode } from './operand.ts';

/**
 * The position along an axis, counted from 0, as a tensor of `shape`: `iota([2, 3], 1)` is
 * [[0, 1, 2], [0, 1, 2]]. It takes no memory.
 * @throws ShapeError for an axis that is not there
 */
export function iota<const S extends Shape>(shape: S, axis = 0): Node<S> {
  checkShape('iota', shape);
  const checked = axisOf('iota', constant(0, shape), axis);
  return make('iota', [], { axis: checked }, shape) as Node<S>;
}

/**
 * The same elements in row-major order under another shape; one size may be -1: what is left.
 * A symbolic size must stand on both sides.
 * @throws ShapeError if the numbers of elements differ
 */
export function reshape<const S extends Shape>(x: Operand, shape: S): NodeLike<Reshaped<S>>;
export function reshape(x: Operand, shape: Shape): Node {
  const a = toNode(x);
  checkList('reshape', shape, '[2, -1]');
  const open = shape.indexOf(-1);
  const full = open < 0 ? shape : shape.with(open, missingSize(a, shape, open));
  const [had, has] = [productOf(a.shape), productOf(full)];
  const bad = !full.every(isDim);
  if (bad || had !== has || new Set([open, shape.lastIndexOf(-1)]).size > 1) {
    const why = `it cannot take the shape ${showShape(shape)}.`;
    const fix = 'keep the number of elements; a symbolic size stays as it is; at most one -1.';
    throw shapeError('reshape', [a], why, fix);
  }
  return reshapeTo(a, full);
}

/** A product of sizes as text, the number first: '12 m n'. */
function productOf(shape: Shape): string {
  const count = shape.reduce<number>((p, d) => (typeof d === 'number' ? p * d : p), 1);
  return [count, ...shape.filter((d) => typeof d === 'string').sort()].join(' ');
}

/** The size that -1 stands for: a number, or the one symbolic size that is missing. */
function missingSize(x: Node, shape: Shape, open: number): Dim {
  const symbols = shape.filter((d) => typeof d === 'string');
  const left = x.shape.filter((d) => typeof d === 'string');
  for (const s of symbols) if (left.includes(s)) left.splice(left.indexOf(s), 1);
  const numbers = (dims: Shape): number =>
    dims.reduce<number>((p, d) => (typeof d === 'number' ? p * d : p), 1);
  const ratio = numbers(x.shape) / numbers(shape.filter((_, i) => i !== open));
  const [symbol] = left;
  return symbol !== undefined && left.length === 1 && ratio === 1 ? symbol : ratio;
}

/** Reshapes; checks nothing. */
export function reshapeTo(x: Node, shape: Shape): Node {
  if (sameShape(x.shape, shape)) return x;
  if (x.op === 'const') return constant(x.attr.value, shape);
  return make('reshape', [x.op === 'reshape' ? x.src[0]! : x], {}, shape);
}

/** All dimensions as one. Symbolic sizes cannot be multiplied: bind them, or keep them apart. */
export const ravel = (x: Operand): Node => reshape(x, [-1]);

/** A new dimension of size 1 at `axis` of the result. @throws ShapeError */
export function expandDims(x: Operand, axis: number): Node {
  const a = toNode(x);
  const wide = [...a.shape, 1];
  const at = axisOf('expandDims', constant(0, wide), axis);
  const shape = [...a.shape.slice(0, at), 1, ...a.shape.slice(at)];
  return expandTo(
    a,
    shape,
    a.shape.map((_, d) => (d < at ? d : d + 1)),
  );
}

/** What of a dimension to take: positions from 0, `stop` not included, as in NumPy. */
export interface Range {
  readonly start?: number;
  readonly stop?: number;
  /** At least 1; see `flip` for the other direction. */
  readonly step?: number;
}

/**
 * A part of each dimension: `slice(x, [{ start: 1, stop: 3 }])` are rows 1 and 2. Dimensions that
 * are left out or undefined stay whole; negative positions count from the end, as in NumPy.
 * @throws ShapeError for positions that are not there, or that count from an unknown end
 */
export function slice(x: Operand, ranges: readonly (Range | undefined)[]): Node {
  const a = toNode(x);
  checkList('slice', ranges, '[{ start: 1, stop: 3 }]');
  if (ranges.length > a.shape.length) {
    const why = `it has no axis ${a.shape.length}.`;
    throw shapeError('slice', [a], why, `give at most ${a.shape.length} ranges.`);
  }
  const parts = a.shape.map((dim, axis) => partOf(a, dim, axis, ranges[axis]));
  const attr = { starts: parts.map((p) => p.start), steps: parts.map((p) => p.step) };
  return sliceTo(
    a,
    attr,
    parts.map((p) => p.size),
  );
}

function partOf(x: Node, dim: Dim, axis: number, range: Range = {}) {
  checkOptions('slice', range, 'start', 'stop', 'step');
  const { step = 1 } = range;
  const whole = range.start === undefined && range.stop === undefined && step === 1;
  if (whole) return { start: 0, step: 1, size: dim };
  const [start, stop] = [fromStart(range.start ?? 0, dim), fromStart(range.stop ?? dim, dim)];
  if (typeof stop === 'string' || typeof start === 'string') {
    const why = `its size ${dim} along axis ${axis} is not known yet.`;
    const fix = 'count start and stop from the front, or take all of it.';
    throw shapeError('slice', [x], why, fix);
  }
  const good = [start, stop, step].every(Number.isInteger) && step >= 1;
  // Whether it is inside of a symbolic size shows when that is bound: see the row.
  const most = typeof dim === 'number' ? dim : Number.POSITIVE_INFINITY;
  if (!good || start < 0 || stop > most || start >= stop) {
    const why = `${start}:${stop}:${step} is no part of axis ${axis}, of size ${dim}.`;
    const fix = `use whole numbers with 0 <= start < stop <= ${dim}, and a step of 1 or more.`;
    throw shapeError('slice', [x], why, fix);
  }
  return { start, step, size: Math.ceil((stop - start) / step) };
}

/** A position counted from the front; the size if that is not known. */
function fromStart(i: Dim, size: Dim): Dim {
  if (typeof i === 'string' || i >= 0) return i;
  return typeof size === 'number' ? i + size : size;
}

/** Slices; checks nothing. */
export function sliceTo(x: Node, attr: AttrOf['slice'], shape: Shape): Node {
  if (sameShape(x.shape, shape)) return x;
  return x.op === 'const' ? constant(x.attr.value, shape) : make('slice', [x], attr, shape);
}

/** Puts x into zeros of `shape`, at `starts` and every `steps`; checks nothing. */
export function padTo(x: Node, attr: AttrOf['pad'], shape: Shape): Node {
  return sameShape(x.shape, shape) || isZero(x)
    ? reshapeTo(x, shape)
    : make('pad', [x], attr, shape);
}

const isZero = (x: Node): boolean => x.op === 'const' && x.attr.value === 0;

/**
 * Adds elements of `value` around x: `widths[axis]` is [before, after]; missing ones are [0, 0].
 * @throws ShapeError for a negative width, or one along a symbolic size
 */
export function pad(
  x: Operand,
  widths: readonly (readonly [number, number] | undefined)[],
  value = 0,
): Node {
  const a = toNode(x);
  checkList('pad', widths, '[[1, 1]]');
  for (const pair of widths) if (pair !== undefined) checkList('pad', pair, '[[1, 1]]');
  const pairs = a.shape.map((_, axis) => widths[axis] ?? ([0, 0] as const));
  const shape = a.shape.map((dim, axis): Dim => {
    const [before, after] = pairs[axis]!;
    if (before === 0 && after === 0) return dim;
    if (typeof dim === 'number' && [before, after].every((n) => Number.isInteger(n) && n >= 0)) {
      return before + dim + after;
    }
    const why = `[${before}, ${after}] cannot be added to axis ${axis}, of size ${dim}.`;
    throw shapeError('pad', [a], why, 'use whole numbers from 0, on axes whose size is a number.');
  });
  if (widths.length > a.shape.length) {
    throw shapeError('pad', [a], `it has no axis ${a.shape.length}.`, 'leave its widths out.');
  }
  const attr = { starts: pairs.map(([before]) => before), steps: pairs.map(() => 1) };
  const padded = padTo(a, attr, shape);
  if (value === 0) return padded;
  return where(padTo(expandTo(constant(1), a.shape, []), attr, shape), padded, value);
}

/** Reverses the order along an axis, several, or all. @throws ShapeError */
export function flip(x: Operand, axis?: number | readonly number[]): Node {
  const a = toNode(x);
  const axes = axesOf('flip', a, axis).filter((d) => a.shape[d] !== 1);
  if (axes.length === 0 || a.op === 'const') return a;
  return make('flip', [a], { axes }, a.shape);
}

/**
 * One after another along an axis that they have (0 unless given); other sizes must be equal.
 * @throws ShapeError for other sizes, or a symbolic size along the axis
 */
export function concat(list: readonly Operand[], axis = 0): Node {
  checkList('concat', list, '[A, B]');
  const nodes = list.map(toNode);
  const [first] = nodes;
  if (!first) throw shapeError('concat', [], 'nothing is given.', 'give at least one tensor.');
  const at = axisOf('concat', first, axis);
  const others = (x: Node): Shape => x.shape.filter((_, d) => d !== at);
  const bad = nodes.find((x) => !sameShape(others(x), others(first)));
  if (bad) {
    const fix = `give them equal sizes along all axes but ${at}.`;
    throw shapeError('concat', [first, bad], 'they do not fit.', fix);
  }
  const sizes = nodes.map((x) => x.shape[at]!);
  if (nodes.length === 1) return first;
  const total = sizes.reduce<number>(
    (sum, d) => sum + (typeof d === 'number' ? d : Number.NaN),
    0,
  );
  if (Number.isNaN(total)) {
    const size = sizes.find((d) => typeof d === 'string');
    const why = `the size ${size} along axis ${at} is no number.`;
    throw shapeError('concat', nodes, why, 'declare it as a number.');
  }
  let start = 0;
  const pieces = nodes.map((x, i) => {
    const attr = {
      starts: x.shape.map((_, d) => (d === at ? start : 0)),
      steps: x.shape.map(() => 1),
    };
    start += sizes[i] as number;
    return padTo(x, attr, first.shape.with(at, total));
  });
  return pieces.reduce((a, b) => add(a, b));
}

/** Side by side along a new axis (0 unless given). @throws ShapeError for unequal shapes */
export function stack(list: readonly Operand[], axis = 0): Node {
  checkList('stack', list, '[a, b]');
  return concat(
    list.map((x) => expandDims(x, axis)),
    axis,
  );
}
