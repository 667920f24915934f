// The letters of sums, and what they become on the way down a graph: the sum over the columns of
// log(A) + B is the sum over i of log(A^{(i)}) + B^{(i)}. It knows views and reductions.
import type { Dim, Node, NodeOf } from '../node.ts';
import { monomialOf } from '../rewrite/monomial.ts';

/** The letter that runs over a dimension. */
export type Index = ReadonlyMap<number, string>;

// Letters for examples (symbolic columns), rows, and everything else.
const EXAMPLES = 'istuv';
const ROWS = 'jlpqr';
const COLUMNS = 'khxyz';

export const isExample = (letter: string): boolean => EXAMPLES.includes(letter);

/**
 * Letters for the dimensions that a sum over x runs over, other than those in use. Columns count
 * examples where their number has a name, such as m, and no parameter has it.
 */
export function lettersFor(
  x: Node,
  axes: readonly number[],
  used: string,
  isNamed: (node: Node) => boolean,
  known: ParamSizes,
): Index {
  let taken = used;
  const { shape } = x;
  const last = shape.length - 1;
  const ofParams = sizesOfParams(x, isNamed, known);
  const letters = new Map<number, string>();
  for (const axis of axes.filter((a) => shape[a] !== 1)) {
    const isM = typeof shape[axis] === 'string' && !ofParams.has(shape[axis]);
    const columns = isM ? EXAMPLES : COLUMNS;
    const letter =
      [...(axis === last ? columns : ROWS)].find((c) => !taken.includes(c)) ?? '\\cdot';
    letters.set(axis, letter);
    taken += letter;
  }
  return letters;
}

/** The sizes of the parameters in the texts of nodes, as far as they are known in one print. */
export type ParamSizes = Map<Node, ReadonlySet<Dim>>;

/** The sizes of the parameters that stand in the text of a node: it ends at names. */
function sizesOfParams(
  x: Node,
  isNamed: (node: Node) => boolean,
  known: ParamSizes,
): ReadonlySet<Dim> {
  const found = new Set<Node>(known.has(x) ? [] : [x]);
  for (const node of found) {
    if (!isNamed(node)) for (const s of node.src) if (!known.has(s)) found.add(s);
  }
  for (const node of [...found].sort((a, b) => a.id - b.id)) {
    const own = node.op === 'param' ? node.shape : [];
    const below = isNamed(node) ? [] : node.src.flatMap((s) => [...known.get(s)!]);
    known.set(node, new Set([...own, ...below]));
  }
  return known.get(x)!;
}

/** The letters that a node varies with, in the order of its dimensions. */
export const lettersOf = (index: Index, node: Node): string[] =>
  node.shape.flatMap((dim, axis) => (dim !== 1 && index.has(axis) ? [index.get(axis)!] : []));

/** The letters of a view or reduction on the dimensions of its source. */
export function along(index: Index, node: Node): Index {
  const source = node.src[0]!;
  if (node.op === 'expand') {
    const { dims } = node.attr;
    const kept = source.shape.flatMap((dim, i) =>
      dim === node.shape[dims[i]!] && index.has(dims[i]!)
        ? [[i, index.get(dims[i]!)!] as const]
        : [],
    );
    return new Map(kept);
  }
  const { axes } = node.attr as { axes: readonly number[] };
  const kept = source.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  return new Map(
    kept.flatMap((from, i) => (index.has(i) ? [[from, index.get(i)!] as const] : [])),
  );
}

/** x and the axis, where a node is exp(x - logsumexp(x, axis)). */
export function softmaxOf(node: NodeOf<'exp'> & Node): { x: Node; axis: number } | undefined {
  const sum = node.src[0]!;
  if (sum.op !== 'add') return undefined;
  const [x, minus] = sum.src as [Node, Node];
  const everywhere = new Map(node.shape.map((_, axis) => [axis, String(axis)] as const));
  const total = negated(minus, everywhere);
  if (total?.node.op !== 'logsumexp' || total.node.src[0] !== x) return undefined;
  const { axes } = total.node.attr;
  const back = along(total.index, total.node);
  const samePlace = [...back].every(([axis, letter]) => String(axis) === letter);
  return axes.length === 1 && samePlace ? { x, axis: axes[0]! } : undefined;
}

/** The node that is negated and repeated, and how its dimensions lie in the result. */
function negated(node: Node, index: Index): { node: Node; index: Index } | undefined {
  if (node.op === 'expand') return negated(node.src[0]!, along(index, node));
  if (node.op !== 'mul') return undefined;
  const { coefficient, factors } = monomialOf(node);
  const [factor, ...more] = factors;
  if (coefficient !== -1 || !factor || factor[1] !== 1 || more.length > 0) return undefined;
  let [inner] = factor;
  let letters = index;
  while (inner.op === 'expand') {
    letters = along(letters, inner);
    inner = inner.src[0]!;
  }
  return { node: inner, index: letters };
}
