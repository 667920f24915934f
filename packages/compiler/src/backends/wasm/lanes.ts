// Vectors as lanes in locals of their own: what is on the stack while a function is rewritten, and
// how lanes are read, kept and computed. It knows kinds of lanes, and few instructions.
import {
  $,
  type Code,
  eachInstruction,
  type Func,
  type Instruction,
  type Local,
  type Type,
} from './code.ts';

/** What the lanes of a vector are at the moment: four words, four floats, or two doubles. */
export type Kind = 'i32' | 'f32' | 'f64';
export const countOf = (kind: Kind): number => (kind === 'f64' ? 2 : 4);

/** A vector on the stack: nothing is there, its lanes wait in locals or are constants. */
export interface Vector {
  /** Undefined where it does not matter: constants, given as words. */
  readonly kind?: Kind | undefined;
  readonly lanes: readonly Instruction[];
}

/** What a local vector became: for each lane, the first one that always has the same value. */
export interface Layout {
  readonly kind?: Kind | undefined;
  readonly same: readonly number[];
}

/** Once through a function. Lane l of its local i is 4 i + l, and scratch locals come behind. */
export interface Pass {
  readonly func: Func;
  /** Of parameters and locals. */
  readonly types: readonly Type[];
  readonly functions: readonly Func[];
  readonly layouts: (Layout | undefined)[];
  readonly out: Instruction[];
  readonly stack: Vector[];
  /** Vectors on the stack where the blocks around began. */
  readonly heights: number[];
  readonly scratch: Kind[];
  /** Locals that the instruction at hand reads, or has set. */
  readonly busy: Local[];
  changed: boolean;
}

/** Writes code, unless this pass can only learn. */
export const emit = ({ out, changed }: Pass, code: Code): void => {
  if (!changed) eachInstruction(code, (i) => out.push(i));
};
export const isGet = ([name]: Instruction): boolean => name === 'local.get';
export const scratchFrom = ({ types }: Pass): Local => 4 * types.length;

/** Puts what `code` leaves into a scratch local. */
export function keep(pass: Pass, kind: Kind, code: Code): Instruction {
  const { scratch, busy } = pass;
  const from = scratchFrom(pass);
  let at = scratch.findIndex((is, i) => is === kind && !busy.includes(from + i));
  if (at < 0) at = scratch.push(kind) - 1;
  busy.push(from + at);
  emit(pass, [code, ['local.set', from + at]]);
  return ['local.get', from + at];
}

/** The number on top of the stack, where it can be read more than once. */
export function scalar(pass: Pass, kind: Kind): Instruction {
  const last = pass.out.at(-1);
  if (!last || !(isGet(last) || last[0] === 'i32.const')) return keep(pass, kind, []);
  pass.out.pop();
  return last;
}

export const isConst = ([name]: Instruction): boolean => name === 'i32.const';
const bits = (lane: Instruction): number => (lane[1] as number) >>> 0;

/** The bits of lane `at` of what would have lanes of a kind. */
export function laneOf({ kind = 'i32', lanes }: Vector, at: number, wanted: Kind): Code {
  const lane = lanes[kind === 'f64' ? at >> 1 : at]!;
  if (wanted === 'f64') {
    if (kind === 'f64') return [lanes[at]!];
    const [low, high] = [lanes[2 * at]!, lanes[2 * at + 1]!];
    if (isConst(low) && isConst(high)) return ['f64.const', bits(low), bits(high)];
    const [l, h] = [0, 1].map((i) =>
      $('i64.extend_i32_u', laneOf({ kind, lanes }, 2 * at + i, 'i32')),
    );
    return $('f64.reinterpret_i64', $('i64.or', l!, $('i64.shl', h!, $('i64.const', 32))));
  }
  if (kind === 'f64') {
    const both = $('i64.reinterpret_f64', [lane]);
    const word = $('i32.wrap_i64', at % 2 ? $('i64.shr_u', both, $('i64.const', 32)) : both);
    return wanted === 'i32' ? word : $('f32.reinterpret_i32', word);
  }
  if (wanted === 'f32' && isConst(lane)) return ['f32.const', bits(lane)];
  if (wanted === kind || isConst(lane)) return [lane];
  return wanted === 'i32' ? $('i32.reinterpret_f32', [lane]) : $('f32.reinterpret_i32', [lane]);
}

/** Are two of so many lanes the same, whatever their values? */
export function isSame({ lanes }: Vector, a: number, b: number, count: number): boolean {
  const size = lanes.length / count;
  if (size < 1) return a === b;
  for (let i = 0; i < size; i++) {
    const [x, y] = [lanes[size * a + i]!, lanes[size * b + i]!];
    if (x[0] !== y[0] || x[1] !== y[1]) return false;
  }
  return true;
}

export type Make = (...lanes: Code[]) => Code;

/** Takes vectors off the stack, and computes the first lanes of a new one; equal ones once. */
export function computed(
  pass: Pass,
  [arity, from, to]: readonly [number, Kind, Kind],
  make: Make,
  count = countOf(from),
): Instruction[] {
  const operands = pass.stack.splice(pass.stack.length - arity);
  const lanes: Instruction[] = [];
  for (let l = 0; l < count; l++) {
    const twin = lanes.findIndex((_, k) => operands.every((v) => isSame(v, l, k, countOf(from))));
    const value = () => make(...operands.map((v) => laneOf(v, l, from)));
    lanes.push(lanes[twin] ?? keep(pass, to, value()));
  }
  return lanes;
}
