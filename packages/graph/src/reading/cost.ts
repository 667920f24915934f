// The cost as a mean of losses, and what a right side costs its reader.
import { constant, isConst } from '../leaves.ts';
import { isLeaf, type Node, reachable } from '../node.ts';
import { collect, MAX_TERMS, shallowTerms } from '../rewrite/collect.ts';
import { build, isScalar, type Monomial, monomialOf } from '../rewrite/monomial.ts';
import { replace, type Symbols } from './symbols.ts';

/** J with the means that it adds up written out: in J = L + penalty, the 1/m of L is that of J. */
export function withMeans({ definition, node }: Symbols, J: Node, wrt: readonly Node[]): Node {
  const isMean = (f: Node): boolean => {
    const mean = isScalar(f) && !wrt.includes(node.get(f)!) ? definition.get(f) : undefined;
    return mean !== undefined && splitCost(mean).scale !== constant(1);
  };
  const terms = shallowTerms(J, MAX_TERMS) ?? [];
  const means = new Set(terms.flatMap((term) => [...term.factors.keys()].filter(isMean)));
  return means.size === 0 ? J : replace(J, (f) => (means.has(f) ? definition.get(f) : undefined));
}

/** J as the 1/m of a mean times the rest. Other numbers stay where they are. */
export function splitCost(J: Node): { scale: Node; loss: Node } {
  const { coefficient, factors } = monomialOf(collect(J));
  const isSize = ([f, e]: readonly [Node, number]) => f.op === 'size' && e < 0;
  const sizes = [...factors].filter(isSize);
  const rest = [...factors].filter((each) => !isSize(each));
  const count = sizes.length > 0 ? 1 : meanOver(coefficient, rest);
  const scale = build({ coefficient: 1 / count, factors: new Map(sizes) }, []);
  const loss: Monomial = { coefficient: coefficient * count, factors: new Map(rest) };
  return { scale, loss: scale === constant(1) ? J : build(loss, []) };
}

/** The number of columns that a sum runs over, if the coefficient divides by it. */
function meanOver(coefficient: number, factors: readonly (readonly [Node, number])[]): number {
  const total = factors.find(([f]) => f.op === 'sum')?.[0];
  const columns = total?.src[0]?.shape.at(-1);
  if (typeof columns !== 'number') return 1;
  const halves = Math.abs(2 * coefficient * columns);
  const isMean = Math.abs(coefficient) < 1 && Math.abs(halves - Math.round(halves)) < 1e-9;
  return isMean ? columns : 1;
}

/** A leaf next to an operation, for a reader. */
const LEAF = 1 / 8;
/** A transpose, an index map: little to read. */
const VIEW = 1 / 4;

/** How much there is to read; numbers such as 1/m are free. */
export function cost(value: Node): number {
  const numbers = new Set<Node>();
  return reachable([value]).reduce((total, node) => {
    if (node.op === 'size' || node.op === 'const') numbers.add(node);
    else if (!isLeaf(node) && node.src.every((s) => numbers.has(s))) numbers.add(node);
    if (numbers.has(node) || node.op === 'expand') return total;
    if (isLeaf(node)) return total + LEAF;
    if (node.op === 'permute') return total + VIEW;
    return node.op === 'mul' && node.src.some((s) => isConst(s, -1)) ? total : total + 1;
  }, 0);
}
