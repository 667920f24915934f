// The meaning of elementwise graphs in decimal arithmetic of as many digits as asked for.
import { all, type BigNumber, create } from 'mathjs';
import type { ElementwiseOp } from '../../src/elementwise.ts';
import { type AttrOf, type Node, type OpName, reachable } from '../../src/node.ts';

type Meaning = (x: BigNumber[], attr: AttrOf[OpName]) => BigNumber;

/** Decimal arithmetic; ops that no rule speaks of may be missing. */
function meanings(big: (x: number) => BigNumber): { readonly [K in ElementwiseOp]?: Meaning } {
  const one = big(1);
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
  };
}

/** The value of a graph over holes, at numbers for them, in `digits` decimal digits. */
export function exactly(digits: number): (root: Node, at: readonly number[]) => BigNumber {
  const { bignumber } = create(all, { number: 'BigNumber', precision: digits });
  const big = (x: number) => bignumber(x) as BigNumber;
  const table = meanings(big);
  const ln2 = big(2).ln();
  // A graph holds log(2) as the nearest float64.
  const number = (x: number) =>
    Number.isInteger(x / Math.LN2) ? ln2.times(x / Math.LN2) : big(x);
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
