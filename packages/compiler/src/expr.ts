// Builds kernel expressions: equal ones are one object, constants fold, signs and divisions take
// their cheapest form. It implements the machine that rows of the op table lower to.
import type { Machine } from '@chainrule/graph';
import { type MachineOp, machine } from './machine.ts';
import type { Affine, Expr } from './nest.ts';

/** The machine whose values are kernel expressions; one for each kernel. */
export interface ExprBuilder extends Machine<Expr> {
  load(input: number, index: readonly Affine[]): Expr;
  /** What the fold gives, and the second one. */
  readonly acc: Expr;
  readonly across: Expr;
  /** A position as a number. */
  position(of: Affine): Expr;
}

type Args = readonly Expr[];
const isConst = (e: Expr): e is Extract<Expr, { op: 'const' }> => e.op === 'const';
const isValue = (e: Expr, value: number): boolean => isConst(e) && e.value === value;
const argsOf = (e: Expr, op: MachineOp): Args | undefined => (e.op === op ? e.args : undefined);

/** A builder for one kernel, with nothing in it. */
export function createExprBuilder(): ExprBuilder {
  const pool = new Map<string, Expr>();
  const ids = new Map<Expr, number>();
  const intern = (key: string, expr: Expr): Expr => {
    const known = pool.get(key);
    if (known) return known;
    pool.set(key, expr);
    ids.set(expr, ids.size);
    return expr;
  };
  const constant = (value: number): Expr => intern(`c${value}`, { op: 'const', value });
  const apply = (op: MachineOp, ...args: Expr[]): Expr => {
    if (args.every((a) => isConst(a))) {
      const [a, b, c] = args.map((x) => (x as { value: number }).value);
      const value = machine[op].meaning(a!, b!, c!);
      if (Number.isFinite(value)) return constant(value);
    }
    return intern(`${op} ${args.map((a) => ids.get(a)).join(' ')}`, { op, args });
  };
  const build: ExprBuilder = {
    constant,
    load: (input, index) =>
      intern(`l${input} ${JSON.stringify(index)}`, { op: 'load', input, index }),
    acc: intern('acc', { op: 'acc' }),
    across: intern('across', { op: 'acc', across: true }),
    position: (of) =>
      of.of.length === 0
        ? constant(of.at)
        : intern(`p${JSON.stringify(of)}`, { op: 'position', index: [of] }),
    add: (a, b) => addition(build, apply, a, b),
    sub: (a, b) => (isValue(b, 0) ? a : apply('sub', a, b)),
    mul: (a, b) => product(build, apply, a, b),
    div: (a, b) => (isValue(b, 1) ? a : apply('div', a, b)),
    neg: (a) => argsOf(a, 'neg')?.[0] ?? apply('neg', a),
    min: (a, b) => apply('min', a, b),
    max: (a, b) => apply('max', a, b),
    less: (a, b) => apply('less', a, b),
    lessEqual: (a, b) => apply('lessEqual', a, b),
    select: (c, a, b) =>
      isConst(c) ? (c.value !== 0 ? a : b) : a === b ? a : apply('select', c, a, b),
    abs: (a) => apply('abs', a),
    floor: (a) => apply('floor', a),
    sqrt: (a) => apply('sqrt', a),
    exp: (a) => apply('exp', a),
    log: (a) => apply('log', a),
    sin: (a) => apply('sin', a),
    cos: (a) => apply('cos', a),
  };
  return build;
}

type Apply = (op: MachineOp, ...args: Expr[]) => Expr;

function addition(m: ExprBuilder, apply: Apply, a: Expr, b: Expr): Expr {
  if (isValue(a, 0)) return b;
  if (isValue(b, 0)) return a;
  const negB = argsOf(b, 'neg');
  if (negB) return m.sub(a, negB[0]!);
  const negA = argsOf(a, 'neg');
  return negA ? m.sub(b, negA[0]!) : apply('add', a, b);
}

function product(m: ExprBuilder, apply: Apply, a: Expr, b: Expr): Expr {
  if (isConst(b) && !isConst(a)) return product(m, apply, b, a);
  if (isValue(a, 1)) return b;
  if (isValue(a, -1)) return m.neg(b);
  const negB = argsOf(b, 'neg');
  if (negB)
    return isConst(a)
      ? product(m, apply, m.constant(-a.value), negB[0]!)
      : m.neg(m.mul(a, negB[0]!));
  const negA = argsOf(a, 'neg');
  if (negA) return m.neg(m.mul(negA[0]!, b));
  const inner = argsOf(b, 'mul');
  if (isConst(a) && inner && isConst(inner[0]!)) {
    return product(m, apply, m.constant(a.value * inner[0].value), inner[1]!);
  }
  return quotient(m, a, b) ?? quotient(m, b, a) ?? apply('mul', a, b);
}

/** a * (1 / b) = a / b, with one rounding less. */
function quotient(m: ExprBuilder, a: Expr, b: Expr): Expr | undefined {
  const inverse = argsOf(b, 'div');
  return inverse && isValue(inverse[0]!, 1) ? m.div(a, inverse[1]!) : undefined;
}

/** Copies expressions of another kernel; `load` says what its loads become, `acc` its fold. */
export function copier(
  m: ExprBuilder,
  load: (input: number, index: readonly Affine[]) => Expr,
  move: (position: Affine) => Affine = (i) => i,
  acc: Expr = m.acc,
): (expr: Expr) => Expr {
  const done = new Map<Expr, Expr>();
  const made = (e: Expr): Expr => {
    if (e.op === 'const') return m.constant(e.value);
    if (e.op === 'acc') return acc;
    if (e.op === 'load') return load(e.input, e.index);
    if (e.op === 'position') return m.position(move(e.index[0]));
    return (m[e.op] as (...args: Expr[]) => Expr)(...e.args.map(copy));
  };
  const copy = (e: Expr): Expr => {
    const expr = done.get(e) ?? made(e);
    done.set(e, expr);
    return expr;
  };
  return copy;
}
