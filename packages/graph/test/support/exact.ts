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
    pow: ([x], attr) => x!.pow(big((attr as AttrOf['pow']).exponent)),
    exp: ([x]) => x!.exp(),
    log: ([x]) => x!.ln(),
    log1p: ([x]) => one.plus(x!).ln(),
    expm1: ([x]) => x!.exp().minus(one),
    abs: ([x]) => x!.abs(),
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
  return (root, at) => {
    const done = new Map<Node, BigNumber>();
    for (const node of reachable([root])) {
      const src = node.src.map((s) => done.get(s)!);
      if (node.op === 'hole') done.set(node, big(at[node.attr.index]!));
      else if (node.op === 'const') done.set(node, big(node.attr.value));
      else done.set(node, table[node.op as ElementwiseOp]!(src, node.attr));
    }
    return done.get(root)!;
  };
}
