// Loops under construction: what they compute at each turn, and the pointers that walk with them.
// What does not change inside a loop is computed before it.
import { axesIn, rangeOf } from '../../affine.ts';
import type { Affine, Term } from '../../nest.ts';
import {
  $,
  BYTES,
  type Code,
  type Frame,
  get,
  int,
  type Local,
  local,
  plus,
  set,
  type Type,
} from './code.ts';
import { stepOf } from './form.ts';
import type { Share } from './share.ts';

/** What the body of a function binds: no loop. */
const FUNCTION = -2;

/** The body of a loop (or of the function) under construction. */
export interface Scope {
  readonly parent?: Scope;
  readonly frame: Frame;
  /** Turns of all loops of the kernel. */
  readonly extents: readonly number[];
  /** The loop variable that is bound here. */
  readonly axis: number;
  readonly index?: Local;
  readonly range?: Range;
  /** Before the loop; at each turn: what is computed once, then the rest in order, then steps. */
  readonly starts: Code[];
  readonly hoisted: Code[];
  readonly body: Code[];
  readonly ends: Code[];
  readonly known: Map<string, Local>;
}

/** Turns of a loop: `from` up to `to`, `step` at a time. Numbers, or locals. */
export interface Range {
  readonly from: number | Code;
  readonly to: number | Code;
  readonly step: number;
}

/** The turns of a loop: those of a share, if it is the one that is shared. */
export const sharedTurns = (axis: number, extent: number, share?: Share): Omit<Range, 'step'> =>
  share?.axis === axis ? { from: get(share.from), to: get(share.to) } : { from: 0, to: extent };

/** The body of a function whose kernel has these loops. */
export const createScope = (frame: Frame, extents: readonly number[]): Scope =>
  scopeOf({ frame, extents, axis: FUNCTION });

/** A scope without code yet. */
const scopeOf = (
  bound: Pick<Scope, 'parent' | 'frame' | 'extents' | 'axis' | 'index' | 'range'>,
): Scope => ({ ...bound, starts: [], hoisted: [], body: [], ends: [], known: new Map() });

/** All code of a scope without a loop. */
export const codeOf = ({ starts, hoisted, body }: Scope): Code => [starts, hoisted, body];

const codeOfBound = (bound: number | Code): Code =>
  typeof bound === 'number' ? int(bound) : bound;

/** Appends a loop to a scope, run on a condition if one is given; `fill` writes its body. */
export function addLoop(
  parent: Scope,
  axis: number,
  range: Range,
  fill: (scope: Scope) => void,
  condition?: Code,
): void {
  const { frame, extents } = parent;
  const index = local(frame, 'i32');
  const scope = scopeOf({ parent, frame, extents, axis, index, range });
  fill(scope);
  const { from, to, step } = range;
  const fixed = typeof from === 'number' && typeof to === 'number';
  const once = fixed && to - from <= step;
  const next = $('local.tee', index, plus(get(index), step));
  const again = $('br_if', 0, $('i32.lt_s', next, codeOfBound(to)));
  const inner: Code = [scope.hoisted, scope.body];
  const loop: Code = once ? inner : [['loop'], inner, scope.ends, again, ['end']];
  const whole: Code = [scope.starts, set(index, codeOfBound(from)), loop];
  const some =
    condition ?? (fixed ? undefined : $('i32.lt_s', codeOfBound(from), codeOfBound(to)));
  parent.body.push(some ? [some, ['if'], whole, ['end']] : whole);
}

/** Appends a part without a loop, where `axis` (such as the folded value) becomes known. */
export function addPart(parent: Scope, axis: number, fill: (scope: Scope) => void): void {
  const { frame, extents } = parent;
  const scope = scopeOf({ parent, frame, extents, axis });
  fill(scope);
  parent.body.push(codeOf(scope));
}

/** Appends a part where loops run outside of the function: it is given their variables. */
export function addBound(
  parent: Scope,
  axes: readonly number[],
  fill: (scope: Scope) => void,
): void {
  const { frame, extents } = parent;
  let scope = parent;
  axes.forEach((axis, i) => {
    const range = { from: get(i + 1), to: 0, step: 0 };
    scope = scopeOf({ parent: scope, frame, extents, axis, index: i + 1, range });
  });
  fill(scope);
  for (; scope !== parent; scope = scope.parent!) scope.parent!.body.push(codeOf(scope));
}

/** Loops, one inside the other, around what `fill` writes; `step` is that of the innermost. */
export function addLoops(
  scope: Scope,
  axes: readonly number[],
  rangesOf: (axis: number) => readonly Range[],
  fill: (scope: Scope, step: number) => void,
  step = 1,
): void {
  const [axis, ...rest] = axes;
  if (axis === undefined) {
    fill(scope, step);
    return;
  }
  for (const range of rangesOf(axis)) {
    addLoop(scope, axis, range, (inner) => addLoops(inner, rest, rangesOf, fill, range.step));
  }
}

/** Loops over the batch, or a share of one of them. */
export const batchLoops = (
  scope: Scope,
  batch: readonly number[],
  share: Share | undefined,
  fill: (scope: Scope) => void,
): void =>
  addLoops(
    scope,
    batch,
    (axis) => [{ ...sharedTurns(axis, scope.extents[axis]!, share), step: 1 }],
    fill,
  );

/** The innermost scope that binds one of these loops: where to compute what depends on them. */
export function home(scope: Scope, axes: readonly number[]): Scope {
  let found = scope;
  while (found.parent && !axes.includes(found.axis)) found = found.parent;
  return found;
}

/** A value that is computed once in a scope. */
export function remember(scope: Scope, key: string, type: Type, value: () => Code): Local {
  const known = scope.known.get(key);
  if (known !== undefined) return known;
  const code = value();
  const made = local(scope.frame, type);
  scope.known.set(key, made);
  scope.hoisted.push(set(made, code));
  return made;
}

/** Loop variables that are ahead of their loop: of one output in a tile, or one lane. */
export type Shift = ReadonlyMap<number, number>;

/** The variable of a loop around this. */
export const indexOf = (scope: Scope, axis: number): Code => get(home(scope, [axis]).index!);

/** A pointer to where an offset is, without its parts and shifts. */
function pointer(s: Scope, key: string, base: Local, of: Affine): Local {
  if (!s.parent) {
    return of.at === 0 ? base : remember(s, key, 'i32', () => plus(get(base), BYTES * of.at));
  }
  const outside = pointer(s.parent, key, base, of);
  const step = s.index === undefined ? 0 : BYTES * stepOf(of, s.axis);
  if (step === 0) return outside;
  const known = s.known.get(key);
  if (known !== undefined) return known;
  const made = local(s.frame, 'i32');
  s.known.set(key, made);
  const { from, step: turn } = s.range!;
  const start =
    typeof from === 'number'
      ? plus(get(outside), from * step)
      : $('i32.add', get(outside), $('i32.mul', from, int(step)));
  s.starts.push(set(made, start));
  s.ends.push(set(made, plus(get(made), turn * step)));
  return made;
}

/** An address: code, and what the instruction itself adds to it. */
export interface Address {
  readonly code: Code;
  readonly offset: number;
}

/** Where an offset in floats from a base is, for one shift. */
export function addressOf(scope: Scope, base: Local, of: Affine, shift: Shift): Address {
  const parts = of.of.filter((t) => !('axis' in t)) as Part[];
  let key = `p${base} ${of.at}`;
  for (const t of of.of) key += 'axis' in t ? ` ${t.axis}:${t.step}` : ' -';
  const at = get(pointer(scope, key, base, of));
  const ahead = BYTES * shifted(of, shift);
  const code = parts.reduce(
    (sum, part) =>
      $('i32.add', sum, $('i32.mul', partOf(scope, part, shift), int(BYTES * part.step))),
    at,
  );
  return ahead < 0 ? { code: plus(code, ahead), offset: 0 } : { code, offset: ahead };
}

/** How much further a position is by its shift. */
function shifted(of: Affine, shift: Shift): number {
  let sum = 0;
  shift.forEach((by, axis) => {
    sum += by * stepOf(of, axis);
  });
  return sum;
}

type Part = Extract<Term, { part: unknown }>;

/** What tells one shift of a value from another: that of the loops that it depends on. */
export function shiftKey(axes: readonly number[], shift: Shift): string {
  let key = '';
  shift.forEach((by, axis) => {
    if (by && axes.includes(axis)) key += `${axis}+${by},`;
  });
  return key;
}

/** A position as a whole number. */
export function positionOf(scope: Scope, of: Affine, shift: Shift): Code {
  const terms = of.of.map((t) => {
    const value = 'axis' in t ? indexOf(scope, t.axis) : partOf(scope, t, shift);
    return t.step === 1 ? value : $('i32.mul', value, int(t.step));
  });
  const at = of.at + shifted(of, shift);
  if (terms.length === 0) return int(at);
  return plus(
    terms.reduce((a, b) => $('i32.add', a, b)),
    at,
  );
}

function partOf(scope: Scope, { part, of, by }: Part, shift: Shift): Code {
  const axes = axesIn(of);
  const place = home(scope, axes);
  const key = `${part} ${by} ${JSON.stringify(of)} ${shiftKey(axes, shift)}`;
  const made = remember(place, key, 'i32', () => {
    const value = positionOf(place, of, shift);
    if (part === 'clamp') return clamped(place.frame, value, by);
    // Division rounds towards 0, and these towards -Infinity: ask for what is not negative.
    const turns = Math.max(0, Math.ceil(-rangeOf(of, place.extents).least / by));
    const above = plus(value, turns * by);
    if (part === 'remainder') return $('i32.rem_s', above, int(by));
    return plus($('i32.div_s', above, int(by)), -turns);
  });
  return get(made);
}

function clamped(frame: Frame, value: Code, most: number): Code {
  const x = local(frame, 'i32');
  const low = $('select', get(x), int(0), $('i32.gt_s', get(x), int(0)));
  const high = $('select', get(x), int(most), $('i32.lt_s', get(x), int(most)));
  return [set(x, value), set(x, low), high];
}
