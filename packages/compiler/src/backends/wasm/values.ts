// Computes expressions on four floats at once, or on one in every lane. It knows loops under
// construction, and not what they are for.
import type { MachineOp } from '../../machine.ts';
import type { Affine, Expr } from '../../nest.ts';
import { $, BYTES, type Code, floats, floatsOf, get, type Local, type Simd, set } from './code.ts';
import { axesOf, stepOf } from './form.ts';
import { MATH, type MathName } from './math.ts';
import {
  type Address,
  addressOf,
  home,
  positionOf,
  remember,
  type Scope,
  type Shift,
  shiftKey,
} from './scope.ts';
import { TABLE } from './share.ts';

/** What is computed at once: the loop whose next four turns are the lanes, and the shifts. */
export interface Lanes {
  readonly vector?: number;
  readonly shift: Shift;
}

/** The address of a buffer, read once. */
export const baseOf = (scope: Scope, id: number): Local =>
  remember(scope, `b${id}`, 'i32', () => $('i32.load', BYTES * id, get(TABLE)));

/** What an expression is computed from. */
export interface Values {
  readonly bases: readonly Local[];
  readonly ids: Map<Expr, number>;
  /** How products are added up. */
  readonly simd: Simd;
  /** The folded value. */
  readonly acc: (scope: Scope, lanes: Lanes) => Code;
}

export const createValues = (
  bases: readonly Local[],
  acc: Values['acc'],
  simd: Simd = 'simd',
): Values => ({
  ...{ bases, acc, ids: new Map(), simd },
});

const f32 = (name: 'add' | 'sub' | 'mul' | 'div' | 'min' | 'max' | 'lt' | 'le' | 'ne') => {
  const op = `f32x4.${name}` as const;
  return (a: Code, b: Code) => $(op, a, b);
};
const ones = (mask: Code): Code => $('v128.and', mask, floats(1));
const math = (name: MathName) => (a: Code) => $('call', MATH.indexOf(name), a);

/** The instructions of each machine op. */
const words: Record<MachineOp, (a: Code, b: Code, c: Code) => Code> = {
  add: f32('add'),
  sub: f32('sub'),
  mul: f32('mul'),
  div: f32('div'),
  min: f32('min'),
  max: f32('max'),
  less: (a, b) => ones(f32('lt')(a, b)),
  lessEqual: (a, b) => ones(f32('le')(a, b)),
  select: (c, a, b) => $('v128.bitselect', a, b, f32('ne')(c, floats(0))),
  neg: (a) => $('f32x4.neg', a),
  abs: (a) => $('f32x4.abs', a),
  floor: (a) => $('f32x4.floor', a),
  sqrt: (a) => $('f32x4.sqrt', a),
  exp: math('exp'),
  log: math('log'),
  sin: math('sin'),
  cos: math('cos'),
};

/** The value of an expression in a scope. */
export function evaluate(v: Values, scope: Scope, e: Expr, lanes: Lanes): Code {
  if (e.op === 'acc') return v.acc(scope, lanes);
  const axes = axesOf(e);
  const place = home(scope, axes);
  if (!v.ids.has(e)) v.ids.set(e, v.ids.size);
  const wide = lanes.vector !== undefined && axes.includes(lanes.vector);
  const key = `e${v.ids.get(e)} ${shiftKey(axes, lanes.shift)}${wide ? ' wide' : ''}`;
  return get(remember(place, key, 'v128', () => computed(v, place, e, lanes)));
}

/** Adds a product, or minus one, to a sum. */
export function addProduct(v: Values, s: Scope, product: Expr, lanes: Lanes, sum: Local): Code {
  const fused = v.simd === 'relaxed' && fusedSum(v, s, product, lanes, sum);
  return set(sum, fused || $('f32x4.add', get(sum), evaluate(v, s, product, lanes)));
}

function fusedSum(v: Values, s: Scope, e: Expr, lanes: Lanes, sum: Local): Code | undefined {
  const word = e.op === 'neg' ? 'f32x4.relaxed_nmadd' : 'f32x4.relaxed_madd';
  const product = e.op === 'neg' ? e.args[0]! : e;
  if (product.op !== 'mul') return undefined;
  const [a, b] = product.args.map((arg) => evaluate(v, s, arg, lanes));
  return $(word, a!, b!, get(sum));
}

function computed(v: Values, scope: Scope, e: Expr, lanes: Lanes): Code {
  switch (e.op) {
    case 'const':
      return floats(e.value);
    case 'load':
      return loaded(scope, v.bases[e.input]!, e.index[0]!, lanes);
    case 'position':
      return counted(scope, e.index[0], lanes);
    case 'acc':
      return v.acc(scope, lanes);
    case 'select': {
      const [c, a, b] = e.args.map((arg) => evaluate(v, scope, arg, lanes));
      return $('v128.bitselect', a!, b!, maskOf(v, scope, e.args[0]!, lanes, c!));
    }
    default: {
      const [a, b, c] = e.args.map((arg) => evaluate(v, scope, arg, lanes));
      return words[e.op](a!, b!, c!);
    }
  }
}

/** A condition as bits: a comparison is its own. */
function maskOf(v: Values, scope: Scope, c: Expr, lanes: Lanes, value: Code): Code {
  if (c.op !== 'less' && c.op !== 'lessEqual') return f32('ne')(value, floats(0));
  const [a, b] = c.args.map((arg) => evaluate(v, scope, arg, lanes));
  return f32(c.op === 'less' ? 'lt' : 'le')(a!, b!);
}

const LANES = [0, 1, 2, 3];

const ahead = (shift: Shift, axis: number, by: number): Shift =>
  new Map(shift).set(axis, (shift.get(axis) ?? 0) + by);

/** Does a position move by one float at each turn of a loop? */
const isUnit = (of: Affine, axis: number): boolean =>
  stepOf(of, axis) === 1 && dependsOnlyAlong(of, axis);

/** Is the loop in no part of the position? */
const dependsOnlyAlong = (of: Affine, axis: number): boolean =>
  of.of.every((t) => 'axis' in t || !JSON.stringify(t.of).includes(`"axis":${axis},`));

const moves = (of: Affine, axis: number): boolean =>
  stepOf(of, axis) !== 0 || !dependsOnlyAlong(of, axis);

function loaded(scope: Scope, base: Local, of: Affine, { vector, shift }: Lanes): Code {
  const { code, offset } = addressOf(scope, base, of, shift);
  if (vector === undefined || !moves(of, vector)) return $('v128.load32_splat', offset, code);
  if (isUnit(of, vector)) return $('v128.load', offset, code);
  const rest = LANES.slice(1).map((lane) => {
    return { lane, address: addressOf(scope, base, of, ahead(shift, vector, lane)) };
  });
  return rest.reduce<Code>(
    (value, { lane, address }) => $('v128.load32_lane', address.offset, lane, address.code, value),
    $('v128.load32_splat', offset, code),
  );
}

/** A position as a number in every lane. */
function counted(scope: Scope, of: Affine, { vector, shift }: Lanes): Code {
  const whole = (s: Shift) => positionOf(scope, of, s);
  if (vector === undefined || !moves(of, vector)) {
    return $('f32x4.splat', $('f32.convert_i32_s', whole(shift)));
  }
  if (dependsOnlyAlong(of, vector)) {
    const step = stepOf(of, vector);
    const first = $('f32x4.splat', $('f32.convert_i32_s', whole(shift)));
    return $('f32x4.add', first, floatsOf(...LANES.map((lane) => lane * step)));
  }
  const each = LANES.slice(1).reduce<Code>(
    (value, lane) => $('i32x4.replace_lane', lane, value, whole(ahead(shift, vector, lane))),
    $('i32x4.splat', whole(shift)),
  );
  return $('f32x4.convert_i32x4_s', each);
}

/** Stores four floats, or the first of them. */
export function store(scope: Scope, base: Local, of: Affine, lanes: Lanes, value: Local): void {
  const { vector, shift } = lanes;
  const at = (s: Shift): Address => addressOf(scope, base, of, s);
  const one = (lane: number, { code, offset }: Address): Code =>
    $('v128.store32_lane', offset, lane, code, get(value));
  const first = at(shift);
  if (vector === undefined) scope.body.push(one(0, first));
  else if (isUnit(of, vector)) {
    scope.body.push($('v128.store', first.offset, first.code, get(value)));
  } else {
    for (const lane of LANES) scope.body.push(one(lane, at(ahead(shift, vector, lane))));
  }
}

/** How well a loop suits as the one whose turns are the lanes: for one load or store. */
export function suits(of: Affine, axis: number): number {
  if (!moves(of, axis)) return 0;
  return isUnit(of, axis) ? 1 : -1;
}
