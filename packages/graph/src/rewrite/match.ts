// Matches the left side of a rule against a node, modulo the order of sums and products, and
// builds the right side. A sum or product at the root of a rule may be part of a larger one.
import { constant } from '../leaves.ts';
import { type AttrOf, type Node, type OpName, type Shape, withSources } from '../node.ts';
import { expandTo, withoutExpand } from '../ops.ts';
import { buildSum, merge, termsOf } from './collect.ts';
import {
  atom,
  build,
  isScalar,
  keyOf,
  type Monomial,
  monomialOf,
  scaled,
  times,
  unit,
} from './monomial.ts';
import type { Rule } from './rules.ts';

/** What the holes stand for, by their index. */
type Binding = readonly (Node | undefined)[];
/** What follows a match; it may refuse, and then the search goes on. */
type Then = (binding: Binding) => Node | undefined;
/** The same with what the pattern left over. */
type ThenRest<T> = (binding: Binding, rest: T, scale: number) => Node | undefined;

const commutes = (op: string): boolean => op === 'max' || op === 'min' || op === 'logaddexp';

/** A product of more than itself. */
export const isOfFactors = (node: Node): boolean => !monomialOf(node).factors.has(node);

/** The terms of a sum, and of sums that are terms: x - (y + z). */
export function allTerms(node: Node): readonly Monomial[] {
  const terms = termsOf(node);
  if (!terms.some(isScaledSum)) return terms;
  return merge(
    terms.flatMap((term) => {
      if (!isScaledSum(term)) return [term];
      return termsOf([...term.factors.keys()][0]!).map((t) => scaled(term.coefficient, t));
    }),
  );
}

function isScaledSum({ factors }: Monomial): boolean {
  if (factors.size !== 1) return false;
  const [[f, e] = []] = factors;
  return f?.op === 'add' && e === 1;
}

/** The node that a rule makes of this one, or undefined where it does not apply. */
export function applyRule(rule: Rule, node: Node): Node | undefined {
  const { left, right, when } = rule;
  const { shape } = node;
  const after = (binding: Binding): Node | undefined =>
    when && !when(...(binding as Node[])) ? undefined : instantiate(right, binding, shape);
  if (left.op === 'add') {
    if (node.op !== 'add') return undefined;
    const terms = allTerms(node);
    return matchSum(patternTerms(left), terms, 0, shape, [], (b, rest, scale) => {
      const made = after(b);
      if (!made || (rule.alone && rest.length > 0)) return undefined;
      if (rest.length === 0 && scale === 1) return made;
      const matched = termsOf(made).map((term) => scaled(scale, term));
      const at = terms.findIndex((t, i) => t !== rest[i]);
      return buildSum(merge([...rest.slice(0, at), ...matched, ...rest.slice(at)]), shape);
    });
  }
  if (!isOfFactors(left)) return match(left, node, [], after);
  if (!isOfFactors(node)) return undefined;
  return matchMonomial(monomialOf(left), monomialOf(node), shape, [], (b, rest) => {
    const made = after(b);
    return made && build(times(rest, monomialOf(made)), shape);
  });
}

/** Matches a whole node. */
function match(pattern: Node, node: Node, binding: Binding, then: Then): Node | undefined {
  if (pattern.op === 'hole') {
    const bound = binding[pattern.attr.index];
    if (bound) return isSame(bound, node) ? then(binding) : undefined;
    return then(bind(binding, pattern.attr.index, node));
  }
  if (pattern.op === 'add') {
    if (node.op !== 'add' && node.op !== 'mul') return undefined;
    const terms = allTerms(node);
    if (terms.length < 2) return undefined;
    return matchSum(patternTerms(pattern), terms, 1, node.shape, binding, (b, rest) =>
      rest.length === 0 ? then(b) : undefined,
    );
  }
  if (isOfFactors(pattern)) {
    if (isBound(pattern, binding)) {
      return isSame(instantiate(pattern, binding, node.shape), node) ? then(binding) : undefined;
    }
    return matchMonomial(monomialOf(pattern), monomialOf(node), node.shape, binding, (b, rest) =>
      rest.coefficient === 1 && rest.factors.size === 0 ? then(b) : undefined,
    );
  }
  const seen = withoutExpand(node);
  if (pattern.op !== seen.op || !sameAttr(pattern.attr, seen.attr)) return undefined;
  // What is computed once and then repeated is the same as computed on what is repeated.
  const src =
    node.op === 'expand' ? seen.src.map((s) => expandTo(s, node.shape, node.attr.dims)) : node.src;
  const straight = matchAll(pattern.src, src, binding, then);
  if (straight || !commutes(seen.op)) return straight;
  return matchAll(pattern.src, [...src].reverse(), binding, then);
}

/** The same node, or the same terms: -(a - b) is b - a. */
function isSame(a: Node, b: Node): boolean {
  if (a === b) return true;
  const isPolynomial = (x: Node): boolean => x.op === 'add' || x.op === 'mul';
  if (!isPolynomial(a) || !isPolynomial(b)) return false;
  const [p, q] = [allTerms(a), allTerms(b)];
  if (p.length !== q.length) return false;
  return merge([...p, ...q.map((t) => ({ ...t, coefficient: -t.coefficient }))]).length === 0;
}

const bind = (binding: Binding, index: number, node: Node): Binding => {
  const next = [...binding];
  next[index] = node;
  return next;
};

const isBound = (pattern: Node, binding: Binding): boolean =>
  pattern.op === 'hole'
    ? binding[pattern.attr.index] !== undefined
    : pattern.src.every((s) => isBound(s, binding));

/** Elementwise ops have few attributes, all of them plain values. */
function sameAttr(a: AttrOf[OpName], b: AttrOf[OpName]): boolean {
  const [p, q] = [a, b] as unknown as Readonly<Record<string, unknown>>[];
  return Object.keys(p!).every((key) => p![key] === q![key]);
}

function matchAll(
  patterns: readonly Node[],
  nodes: readonly Node[],
  binding: Binding,
  then: Then,
  from = 0,
): Node | undefined {
  if (from === patterns.length) return then(binding);
  return match(patterns[from]!, nodes[from]!, binding, (b) =>
    matchAll(patterns, nodes, b, then, from + 1),
  );
}

const bareHole = (term: Monomial): number | undefined => {
  const [[f, e] = []] = term.factors;
  return f?.op === 'hole' && e === 1 && term.factors.size === 1 ? f.attr.index : undefined;
};

/** The terms of a pattern; holes that take what is left come last. */
function patternTerms(pattern: Node): readonly Monomial[] {
  const terms = termsOf(pattern);
  const bare = terms.filter((t) => bareHole(t) !== undefined);
  return [...terms.filter((t) => !bare.includes(t)), ...bare];
}

/**
 * Matches terms of a sum, all of them times one `scale`: 0 where it is not known yet. A hole that
 * is a term takes all that is left.
 */
function matchSum(
  patterns: readonly Monomial[],
  terms: readonly Monomial[],
  scale: number,
  shape: Shape,
  binding: Binding,
  then: ThenRest<readonly Monomial[]>,
): Node | undefined {
  const [pattern, ...others] = patterns;
  if (!pattern) return then(binding, terms, scale);
  const hole = bareHole(pattern);
  const factor = pattern.coefficient * scale;
  if (hole !== undefined && !binding[hole]) {
    if (others.length > 0 || terms.length === 0 || factor === 0) return undefined;
    const parts = terms.map((t) => scaled(1 / factor, t));
    return then(bind(binding, hole, buildSum(parts, shape)), [], scale);
  }
  if (hole !== undefined) {
    const rest = without(terms, binding[hole]!, factor);
    return rest && matchSum(others, rest, scale, shape, binding, then);
  }
  for (const term of terms) {
    const found = matchMonomial(pattern, term, shape, binding, (b, { factors, coefficient }) => {
      if (factors.size > 0 || (scale !== 0 && coefficient !== scale)) return undefined;
      const rest = terms.filter((t) => t !== term);
      return matchSum(others, rest, coefficient, shape, b, then);
    });
    if (found) return found;
  }
  return undefined;
}

/** The terms without those of `node` times a factor; undefined if one of them is not there. */
function without(
  terms: readonly Monomial[],
  node: Node,
  factor: number,
): readonly Monomial[] | undefined {
  const rest = [...terms];
  for (const gone of termsOf(node)) {
    const coefficient = gone.coefficient * factor;
    const key = keyOf(gone);
    const at = rest.findIndex((t) => t.coefficient === coefficient && keyOf(t) === key);
    if (at < 0) return undefined;
    rest.splice(at, 1);
  }
  return rest;
}

/** Matches factors of a product. A hole that is a factor takes all that is left. */
function matchMonomial(
  pattern: Monomial,
  product: Monomial,
  shape: Shape,
  binding: Binding,
  then: ThenRest<Monomial>,
): Node | undefined {
  const factors = [...pattern.factors];
  const holes = factors.filter(([f]) => f.op === 'hole');
  const ordered = [...factors.filter(([f]) => f.op !== 'hole'), ...holes];
  const rest = { ...product, coefficient: product.coefficient / pattern.coefficient };
  return matchFactors(ordered, rest, shape, binding, then);
}

function matchFactors(
  patterns: readonly (readonly [Node, number])[],
  product: Monomial,
  shape: Shape,
  binding: Binding,
  then: ThenRest<Monomial>,
): Node | undefined {
  const [first, ...others] = patterns;
  if (!first) return then(binding, product, 1);
  const [pattern, exponent] = first;
  if (pattern.op === 'hole') {
    const bound = binding[pattern.attr.index];
    if (bound) {
      const rest = divided(product, power(monomialOf(bound), exponent));
      return rest && matchFactors(others, rest, shape, binding, then);
    }
    const all = root(product, exponent);
    if (others.length > 0 || !all) return undefined;
    return then(bind(binding, pattern.attr.index, build(all, shape)), unit, 1);
  }
  for (const [f, e] of product.factors) {
    const rest = divided(product, atom(f, exponent));
    if (!rest || e * exponent < 0) continue;
    const found = match(pattern, f, binding, (b) => matchFactors(others, rest, shape, b, then));
    if (found) return found;
  }
  return undefined;
}

const power = (m: Monomial, e: number): Monomial => ({
  coefficient: m.coefficient ** e,
  factors: new Map([...m.factors].map(([f, k]) => [f, k * e])),
});

/** a / b, where every factor of b is in a, as often or more often. */
function divided(a: Monomial, b: Monomial): Monomial | undefined {
  for (const [f, e] of b.factors) {
    const had = a.factors.get(f) ?? 0;
    if (had * e <= 0 || Math.abs(had) < Math.abs(e)) return undefined;
  }
  return times(a, power(b, -1));
}

/** The monomial whose power `e` is m, unless m is 1. */
function root(m: Monomial, e: number): Monomial | undefined {
  if (m.coefficient === 1 && m.factors.size === 0) return undefined;
  if (e === 1) return m;
  const fits = m.coefficient > 0 && [...m.factors.values()].every((k) => Number.isInteger(k / e));
  return fits ? power(m, 1 / e) : undefined;
}

function instantiate(pattern: Node, binding: Binding, shape: Shape): Node {
  if (pattern.op === 'hole') {
    const bound = binding[pattern.attr.index]!;
    return isScalar(bound) && shape.length > 0 ? expandTo(bound, shape, []) : bound;
  }
  if (pattern.op === 'const') return constant(pattern.attr.value, shape);
  const src = pattern.src.map((s) => instantiate(s, binding, shape));
  return withSources(pattern, src, shape);
}
