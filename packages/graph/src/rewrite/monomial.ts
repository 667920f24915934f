// Products as data: a coefficient times powers of factors. A factor is a scalar (shape []) or has
// the shape of the product. It knows add, mul, pow and scalar expand, and no other op.
import { constant, isConst } from '../leaves.ts';
import { make, type Node, type NodeOf, type Shape } from '../node.ts';
import { expand, expandTo, mul, pow } from '../ops.ts';

/** `coefficient * product of factor^exponent`, factors in the order in which they were met. */
export interface Monomial {
  readonly coefficient: number;
  readonly factors: ReadonlyMap<Node, number>;
}

export const unit: Monomial = { coefficient: 1, factors: new Map() };

export const isScalar = (node: Node): boolean => node.shape.length === 0;

/** `expand(s)` of a scalar s: s itself; else undefined. */
export const expandedScalar = (node: Node): Node | undefined =>
  node.op === 'expand' && isScalar(node.src[0]!) ? node.src[0] : undefined;

export function times(a: Monomial, b: Monomial): Monomial {
  const factors = new Map(a.factors);
  for (const [node, e] of b.factors) {
    const sum = (factors.get(node) ?? 0) + e;
    if (sum === 0) factors.delete(node);
    else factors.set(node, sum);
  }
  return { coefficient: a.coefficient * b.coefficient, factors };
}

/** A product of more parts than this is a factor: reading it at each of them is quadratic. */
const MAX_PARTS = 64;
// What a node is never changes.
const known = /* @__PURE__ */ new WeakMap<Node, Monomial>();

/** The monomial of a node; sums, functions and long products inside it are factors. */
export function monomialOf(node: Node): Monomial {
  const found =
    known.get(node) ??
    (isProduct(node) ? read(node, { parts: MAX_PARTS }) : undefined) ??
    atom(node);
  known.set(node, found);
  return found;
}

/** How many parts of products may still be read. */
export interface Budget {
  parts: number;
}

/** Is a node one whole, whatever it is made of? */
type IsFactor = (node: Node) => boolean;

/** The same for longer products, while the budget lasts; `isFactor` says what is one whole. */
export const wholeMonomialOf = (
  node: Node,
  isFactor: IsFactor,
  budget: Budget,
): Monomial | undefined => read(node, budget, isFactor);

function read(root: Node, budget: Budget, isFactor: IsFactor = () => false): Monomial | undefined {
  const isEnd = (node: Node) =>
    (node !== root && isFactor(node)) ||
    (node.op === 'expand' && !isScalar(node.src[0]!) && isFactor(node.src[0]!));
  const found = new Map<Node, Parts | undefined>();
  const placed = new Set<Node>();
  const stack = [root];
  while (stack.length > 0) {
    const node = stack.at(-1)!;
    if (found.has(node)) {
      placed.add(stack.pop()!);
      continue;
    }
    if (budget.parts-- <= 0) return undefined;
    const parts = isEnd(node) ? undefined : partsOf(node, isFactor);
    found.set(node, parts);
    stack.push(...(parts?.nodes ?? []).filter((part) => !found.has(part)).toReversed());
  }
  // A part may be met on exponentially many ways: exponents flow down in order, each edge once.
  const exponents = new Map<Node, number>([[root, 1]]);
  const add = (node: Node, e: number) => exponents.set(node, (exponents.get(node) ?? 0) + e);
  for (const node of [...placed].reverse()) {
    const { nodes = [], exponent = 1 } = found.get(node) ?? {};
    for (const part of nodes) add(part, exponent * exponents.get(node)!);
  }
  const ends = [...found.keys()].filter((node) => !found.get(node));
  return monomial(ends.map((node) => [node, exponents.get(node)!] as const)) ?? atom(root);
}

/** Undefined if the coefficient leaves the range of numbers. */
function monomial(ends: readonly (readonly [Node, number])[]): Monomial | undefined {
  let coefficient = 1;
  let zero = false;
  const factors = new Map<Node, number>();
  for (const [node, e] of ends) {
    if (node.op === 'const') coefficient *= node.attr.value ** e;
    else if (e !== 0) factors.set(node, e);
    zero ||= isConst(node, 0);
  }
  return Number.isFinite(coefficient) && (coefficient !== 0 || zero)
    ? { coefficient, factors }
    : undefined;
}

export const atom = (node: Node): Monomial => ({ coefficient: 1, factors: new Map([[node, 1]]) });

interface Parts {
  readonly nodes: readonly Node[];
  readonly exponent: number;
}

/** What a node is a product of, and the exponent on it; undefined for a factor. */
function partsOf(node: Node, isFactor: IsFactor): Parts | undefined {
  const scalar = expandedScalar(node);
  if (scalar) return { nodes: [scalar], exponent: 1 };
  if (node.op === 'mul') return { nodes: node.src, exponent: 1 };
  if (node.op === 'expand') return repeatedParts(node, isFactor);
  if (node.op !== 'pow') return undefined;
  // A fractional power of a product stays whole: (x^2)^(1/2) is not x.
  const { exponent } = node.attr;
  const whole = Number.isInteger(exponent) || !isProduct(node.src[0]!);
  return whole ? { nodes: node.src, exponent } : undefined;
}

/** What repeats alike may cancel and merge one by one; `build` puts it together again. */
function repeatedParts(node: NodeOf<'expand'> & Node, isFactor: IsFactor): Parts | undefined {
  const inner = partsOf(node.src[0]!, isFactor);
  if (!inner) return undefined;
  const nodes = inner.nodes.map((part) =>
    isScalar(part) ? part : repeatWhole(part, node.shape, node.attr.dims, isFactor),
  );
  return { nodes, exponent: inner.exponent };
}

/**
 * Repeats x. What x repeats or views is repeated at once, so that there is one node for it: an
 * expand, and a sum over dimensions of size 1 that the result has again.
 */
export function repeatWhole(
  x: Node,
  shape: Shape,
  dims: readonly number[],
  isFactor: IsFactor = () => false,
): Node {
  if (isFactor(x)) return expandTo(x, shape, dims);
  const source = x.src[0]!;
  if (x.op === 'expand') {
    return repeatWhole(
      source,
      shape,
      x.attr.dims.map((d) => dims[d]!),
      isFactor,
    );
  }
  if (x.op !== 'sum' || source.shape.length !== shape.length) return expandTo(x, shape, dims);
  const { axes } = x.attr;
  const whole = source.shape.map((_, i) => i);
  const fits =
    axes.every((axis) => source.shape[axis] === 1) &&
    whole.filter((i) => !axes.includes(i)).every((i, at) => dims[at] === i);
  return fits ? expandTo(source, shape, whole) : expandTo(x, shape, dims);
}

const isProduct = (node: Node): boolean =>
  node.op === 'expand'
    ? isScalar(node.src[0]!) || isProduct(node.src[0]!)
    : ['mul', 'pow', 'const'].includes(node.op);

/** Two monomials with one key differ in their coefficient only. */
export const keyOf = (m: Monomial): string =>
  [...m.factors]
    .map(([f, e]) => `${f.id}^${e}`)
    .sort()
    .join(' ');

/** The node of a monomial: scale first (`-1/m`), then the product of what has the shape. */
export function build(m: Monomial, shape: Shape): Node {
  if (m.coefficient === 0) return constant(0, shape);
  const scalars = [...m.factors].filter(([f]) => isScalar(f) && shape.length > 0);
  const whole = [...m.factors].filter(([f]) => !isScalar(f) || shape.length === 0);
  const body = product(grouped(whole, shape));
  const scale = scaleNode(m.coefficient, product(scalars), shape);
  if (!scale) return body ?? constant(1, shape);
  return body ? make('mul', [scale, body], {}, shape) : scale;
}

/** Factors that are repeated alike are multiplied before they are repeated. */
function grouped(factors: readonly Factor[], shape: Shape): Factor[] {
  const groups = new Map<string, Factor[]>();
  for (const factor of factors) {
    const [f] = factor;
    const key = f.op === 'expand' ? `${f.attr.dims} of ${f.src[0]!.shape}` : `${f.id}`;
    groups.set(key, [...(groups.get(key) ?? []), factor]);
  }
  return [...groups.values()].map((group): Factor => {
    const [[f, e]] = group as [Factor];
    const alone = group.length === 1 && (e === 1 || isInQuotient(factors, e));
    if (f.op !== 'expand' || alone) return [f, e];
    const inner = product(group.map(([g, e]) => [g.src[0]!, e]))!;
    return [expandTo(inner, shape, f.attr.dims), 1];
  });
}

function scaleNode(
  coefficient: number,
  scalars: Node | undefined,
  shape: Shape,
): Node | undefined {
  if (!scalars) return coefficient === 1 ? undefined : constant(coefficient, shape);
  return expand(coefficient === 1 ? scalars : mul(coefficient, scalars), shape);
}

type Factor = readonly [Node, number];

function product(factors: readonly Factor[]): Node | undefined {
  // Divisors last, as they are written.
  const paired = quotients(factors);
  const ordered = [...paired.filter(([, e]) => e > 0), ...paired.filter(([, e]) => e < 0)];
  return ordered
    .map(([f, e]) => pow(f, e))
    .reduce<Node | undefined>((p, f) => (p ? mul(p, f) : f), undefined);
}

/** Is a factor with this exponent a part of a power of a quotient? */
const isInQuotient = (factors: readonly Factor[], e: number): boolean =>
  Math.abs(e) > 1 && factors.some(([, other]) => other === -e);

/** a^2 b^-2 as (a / b)^2: a power of a quotient does not overflow before its result does. */
function quotients(factors: readonly Factor[]): readonly Factor[] {
  const at = factors.findIndex(([, e]) => e > 1 && isInQuotient(factors, e));
  if (at < 0) return factors;
  const [, power] = factors[at]!;
  const quotient = product(
    factors.filter(([, e]) => Math.abs(e) === power).map(([f, e]) => [f, e / power]),
  )!;
  const others = factors.filter(([, e]) => Math.abs(e) !== power);
  return quotients([...others.slice(0, at), [quotient, power], ...others.slice(at)]);
}

/** A product split into its scale (coefficient and scalar factors) and the rest. */
export interface Scaled {
  readonly scale: Monomial;
  readonly body: Node;
}

/** Splits off what floats out of sums, products and views. Scalars are left whole. */
export function splitScale(node: Node): Scaled {
  const none = { scale: unit, body: node };
  if (isScalar(node) || (node.op !== 'mul' && node.op !== 'pow')) return none;
  const m = monomialOf(node);
  const scalars = [...m.factors].filter(([f]) => isScalar(f));
  if (scalars.length === 0 && m.coefficient === 1) return none;
  const rest = new Map([...m.factors].filter(([f]) => !isScalar(f)));
  if (rest.size === 0) return none;
  return {
    scale: { coefficient: m.coefficient, factors: new Map(scalars) },
    body: build({ coefficient: 1, factors: rest }, node.shape),
  };
}

/** scale * body, the scale in front. */
export const applyScale = (scale: Monomial, body: Node): Node =>
  isScalar(body)
    ? build(times(scale, monomialOf(body)), [])
    : build(times(scale, monomialOf(body)), body.shape);

export const isUnit = (m: Monomial): boolean => m.coefficient === 1 && m.factors.size === 0;
