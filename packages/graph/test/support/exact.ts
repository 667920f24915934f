// The meaning of elementwise graphs in decimal arithmetic of as many digits as asked for.
import { all, type BigNumber, create } from 'mathjs';
import type { ElementwiseOp } from '../../src/elementwise.ts';
import { type AttrOf, type Node, type OpName, reachable } from '../../src/node.ts';

type Meaning = (x: BigNumber[], attr: AttrOf[OpName]) => BigNumber;

/** The error function by its series of positive terms: 2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1)/(2n+1)!! */
function errorFunction(big: (x: number) => BigNumber, pi: BigNumber): (x: BigNumber) => BigNumber {
  const known = new Map<string, BigNumber>();
  const series = (x: BigNumber): BigNumber => {
    const square = x.times(x);
    let term = x;
    let sum = x;
    for (let n = 1; !sum.plus(term).eq(sum); n++) {
      term = term
        .times(square)
        .times(2)
        .div(2 * n + 1);
      sum = sum.plus(term);
    }
    return sum.times(2).times(square.neg().exp()).div(pi.sqrt());
  };
  return (x) => {
    const key = x.abs().toString();
    const value = known.get(key) ?? series(x.abs());
    known.set(key, value);
    return x.isNegative() ? value.neg() : value.plus(big(0));
  };
}

/** Decimal arithmetic; ops that no rule speaks of may be missing. */
function meanings(
  big: (x: number) => BigNumber,
  pi: BigNumber,
): { readonly [K in ElementwiseOp]?: Meaning } {
  const one = big(1);
  const erf = errorFunction(big, pi);
  const bell = (x: BigNumber) => x.times(x).neg().exp();
  const sigmoid = (x: BigNumber) => one.div(one.plus(x.neg().exp()));
  return {
    add: ([a, b]) => a!.plus(b!),
    mul: ([a, b]) => a!.times(b!),
    pow: ([x], attr) => {
      const { exponent } = attr as AttrOf['pow'];
      return exponent === 0.5 ? x!.sqrt() : x!.pow(big(exponent));
    },
    exp: ([x]) => x!.exp(),
    log: ([x]) => x!.ln(),
    log1p: ([x]) => one.plus(x!).ln(),
    expm1: ([x]) => x!.exp().minus(one),
    sin: ([x]) => x!.sin(),
    cos: ([x]) => x!.cos(),
    abs: ([x]) => x!.abs(),
    max: ([a, b]) => (a!.gt(b!) ? a! : b!),
    min: ([a, b]) => (a!.lt(b!) ? a! : b!),
    less: ([a, b]) => (a!.lt(b!) ? one : big(0)),
    where: ([c, a, b]) => (c!.isZero() ? b! : a!),
    sigmoid: ([x]) => sigmoid(x!),
    tanh: ([x]) => x!.tanh(),
    softplus: ([x]) => one.plus(x!.exp()).ln(),
    log1mexp: ([x]) => one.minus(x!.exp()).ln(),
    logaddexp: ([a, b]) => a!.exp().plus(b!.exp()).ln(),
    xlogx: ([x]) => (x!.isZero() ? x! : x!.times(x!.ln())),
    erf: ([x]) => erf(x!),
    erfc: ([x]) => one.minus(erf(x!)),
    logErfc: ([x]) => one.minus(erf(x!)).ln(),
    erfcHazard: ([x]) =>
      bell(x!)
        .times(2)
        .div(pi.sqrt())
        .div(one.minus(erf(x!))),
    sinh: ([x]) => x!.exp().minus(x!.neg().exp()).div(2),
    cosh: ([x]) => x!.exp().plus(x!.neg().exp()).div(2),
    asinh: ([x]) => x!.asinh(),
    acosh: ([x]) => x!.acosh(),
    atanh: ([x]) => x!.atanh(),
    hypot: ([a, b]) => a!.times(a!).plus(b!.times(b!)).sqrt(),
  };
}

/** The value of a graph over holes, at numbers for them, in `digits` decimal digits. */
export function exactly(digits: number): (root: Node, at: readonly number[]) => BigNumber {
  const { bignumber, pi } = create(all, { number: 'BigNumber', precision: digits });
  const big = (x: number) => bignumber(x) as BigNumber;
  const table = meanings(big, pi as unknown as BigNumber);
  // A graph holds irrational numbers as the nearest float64.
  const irrational = new Map([
    [Math.LN2, big(2).ln()],
    [2 * Math.LN2, big(4).ln()],
    [Math.sqrt(Math.PI) / 2, (pi as unknown as BigNumber).sqrt().div(2)],
  ]);
  const number = (x: number) => {
    const value = irrational.get(Math.abs(x)) ?? big(Math.abs(x));
    return x < 0 ? value.neg() : value;
  };
  return (root, at) => {
    const done = new Map<Node, BigNumber>();
    for (const node of reachable([root])) {
      const src = node.src.map((s) => done.get(s)!);
      if (node.op === 'hole') done.set(node, big(at[node.attr.index]!));
      else if (node.op === 'const') done.set(node, number(node.attr.value));
      else done.set(node, table[node.op as ElementwiseOp]!(src, node.attr));
    }
    return done.get(root)!;
  };
}
