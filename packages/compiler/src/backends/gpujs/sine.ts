// Sine and cosine from arithmetic: a shader's own may be wrong by 2^-11, and a software GPU's are
// wrong by 2e-4. It knows expressions; it must not know how they are printed.
import type { MachineOp } from '../../machine.ts';
import { type Expr, type Nest, rewritten } from '../../nest.ts';

const value = (n: number): Expr => ({ op: 'const', value: n });
const op =
  (name: MachineOp) =>
  (...args: readonly Expr[]): Expr => ({ op: name, args });
const [add, sub, mul, floor] = [op('add'), op('sub'), op('mul'), op('floor')];

// pi in three pieces: a whole number of times the first two is exact in float32.
const PI = [3.140625, 9.6750259e-4, 1.509958e-7] as const;
// sin(r) / r in r^2, interpolated at the Chebyshev points of |r| <= pi / 2: off by 7e-9.
const SINE = [1, -0.166666579, 0.00833305, -0.000198090047, 0.00000260507828] as const;

/** sin(x) = (-1)^n sin(x - n pi), n the whole number next to x / pi. */
function sine(x: Expr): Expr {
  const n = floor(add(mul(x, value(1 / Math.PI)), value(0.5)));
  return mul(sign(n), smallSine(minusPi(x, n)));
}

/** cos(x) = -(-1)^n sin(x - (n + 1/2) pi), n the whole number below x / pi. */
function cosine(x: Expr): Expr {
  const n = floor(mul(x, value(1 / Math.PI)));
  return mul(op('neg')(sign(n)), smallSine(minusPi(x, add(n, value(0.5)))));
}

/** (-1)^n = 1 - 2 (n mod 2). */
function sign(n: Expr): Expr {
  const half = floor(mul(n, value(0.5)));
  return sub(value(1), mul(sub(n, mul(half, value(2))), value(2)));
}

const minusPi = (x: Expr, times: Expr): Expr =>
  PI.reduce((rest, piece) => sub(rest, mul(times, value(piece))), x);

function smallSine(r: Expr): Expr {
  const square = mul(r, r);
  const [last, ...others] = [...SINE].reverse().map(value);
  return mul(
    r,
    others.reduce((sum, coefficient) => add(mul(sum, square), coefficient), last!),
  );
}

const rewrites: Partial<Record<MachineOp, (x: Expr) => Expr>> = { sin: sine, cos: cosine };

/** The nest without sin and cos. What was one object stays one object. */
export function withoutSines(nest: Nest): Nest {
  const known = new Map<Expr, Expr>();
  const rewrite = (expr: Expr): Expr => {
    if (!('args' in expr)) return expr;
    const seen = known.get(expr);
    if (seen) return seen;
    const args = expr.args.map(rewrite);
    const made = rewrites[expr.op]?.(args[0]!) ?? { op: expr.op, args };
    known.set(expr, made);
    return made;
  };
  return rewritten(nest, rewrite);
}
