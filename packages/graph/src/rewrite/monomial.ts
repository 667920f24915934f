// Products as data: a coefficient times powers of factors. A factor is a scalar (shape []) or has
// the shape of the product. It knows add, mul, pow and scalar expand, and no other op.
import { constant } from '../leaves.ts';
import { make, type Node, type Shape } from '../node.ts';
import { expand, mul, pow } from '../ops.ts';

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

/** The monomial of a node; sums and functions inside it are factors. */
export function monomialOf(node: Node): Monomial {
  const scalar = expandedScalar(node);
  if (scalar) return monomialOf(scalar);
  if (node.op === 'const') return { coefficient: node.attr.value, factors: unit.factors };
  if (node.op === 'mul') return times(monomialOf(node.src[0]!), monomialOf(node.src[1]!));
  if (node.op === 'pow') return power(node.src[0]!, node.attr.exponent) ?? atom(node);
  return atom(node);
}

const atom = (node: Node, exponent = 1): Monomial => ({
  coefficient: 1,
  factors: new Map([[node, exponent]]),
});

/** base^p as a monomial. A fractional power of a product stays whole: (x^2)^(1/2) is not x. */
function power(base: Node, p: number): Monomial | undefined {
  const inner = monomialOf(base);
  if (Number.isInteger(p)) {
    const coefficient = inner.coefficient ** p;
    if (!Number.isFinite(coefficient)) return undefined;
    return { coefficient, factors: new Map([...inner.factors].map(([f, e]) => [f, e * p])) };
  }
  const simple = inner.coefficient === 1 && inner.factors.get(base) === 1;
  return simple ? atom(base, p) : undefined;
}

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
  const body = product([...m.factors].filter(([f]) => !isScalar(f) || shape.length === 0));
  const scale = scaleNode(m.coefficient, product(scalars), shape);
  if (!scale) return body ?? constant(1, shape);
  return body ? make('mul', [scale, body], {}, shape) : scale;
}

function scaleNode(
  coefficient: number,
  scalars: Node | undefined,
  shape: Shape,
): Node | undefined {
  if (!scalars) return coefficient === 1 ? undefined : constant(coefficient, shape);
  return expand(coefficient === 1 ? scalars : mul(coefficient, scalars), shape);
}

function product(factors: readonly (readonly [Node, number])[]): Node | undefined {
  // Divisors last, as they are written.
  const ordered = [...factors.filter(([, e]) => e > 0), ...factors.filter(([, e]) => e < 0)];
  return ordered
    .map(([f, e]) => pow(f, e))
    .reduce<Node | undefined>((p, f) => (p ? mul(p, f) : f), undefined);
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
