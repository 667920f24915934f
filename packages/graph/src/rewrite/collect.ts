// The polynomial normal form: merges equal terms, cancels factors, factors out what is common.
// It accepts a new form only if it costs less, so that what reads well stays as it was written.
import { costOf, rowOf } from '../elementwise.ts';
import { constant } from '../leaves.ts';
import { make, type Node, type Shape, sameShape } from '../node.ts';
import { sigmoid } from '../ops.ts';
import {
  atom,
  build,
  inverse,
  keyOf,
  type Monomial,
  monomialOf,
  scaled,
  times,
  unit,
} from './monomial.ts';

/** Sums of more terms than this are left alone: merging them is quadratic, and rarely pays. */
export const MAX_TERMS = 24;

/** The cheapest of the forms of an add, mul or pow node. */
export function collect(node: Node): Node {
  if (node.op !== 'add' && node.op !== 'mul' && node.op !== 'pow') return node;
  const forms: Node[] = [];
  if (node.op === 'add') {
    const terms = shallowTerms(node, MAX_TERMS);
    if (!terms) return node;
    const merged = merge(terms);
    if (merged.length < terms.length) forms.push(buildSum(merged, node.shape));
    forms.push(...factored(merged, node.shape));
  } else {
    const product = monomialOf(node);
    if (product.factors.has(node)) return node;
    const canonical = build(product, node.shape);
    if (canonical !== node && extraCost(canonical, node) <= 0) return canonical;
  }
  const expanded = expandedTerms(node);
  if (expanded) forms.push(buildSum(expanded, node.shape), ...factored(expanded, node.shape));
  return cheapest(node, forms);
}

function cheapest(node: Node, forms: readonly Node[]): Node {
  return forms.reduce((best, form) => (extraCost(form, best) < 0 ? form : best), node);
}

/** The terms of a sum as they stand, products inside not multiplied out. */
export function shallowTerms(node: Node, limit: number): Monomial[] | undefined {
  const terms: Monomial[] = [];
  const stack = [node];
  while (stack.length > 0) {
    const top = stack.pop()!;
    if (top.op === 'add') stack.push(top.src[1]!, top.src[0]!);
    else terms.push(monomialOf(top));
    if (terms.length + stack.length > limit) return undefined;
  }
  return terms;
}

/** Terms that differ in their coefficients only become one; those that cancel go. */
export function merge(terms: readonly Monomial[]): Monomial[] {
  if (terms.length === 1) return terms.filter((t) => t.coefficient !== 0);
  const byKey = new Map<string, Monomial>();
  for (const term of terms) {
    const key = keyOf(term);
    const known = byKey.get(key);
    const coefficient = (known?.coefficient ?? 0) + term.coefficient;
    byKey.set(key, { coefficient, factors: (known ?? term).factors });
  }
  return [...byKey.values()].filter((t) => t.coefficient !== 0);
}

// What a node is never changes.
const known = /* @__PURE__ */ new WeakMap<Node, readonly Monomial[]>();

/** The terms of a sum, equal ones merged; one that is too long is a term by itself. */
export function termsOf(node: Node): readonly Monomial[] {
  const found = known.get(node) ?? merge(shallowTerms(node, MAX_TERMS) ?? [atom(node)]);
  known.set(node, found);
  return found;
}

/** Multiplied out and merged; undefined where nothing cancels, or it grows too large. */
function expandedTerms(node: Node): Monomial[] | undefined {
  const start = node.op === 'add' ? shallowTerms(node, MAX_TERMS) : [monomialOf(node)];
  const out: Monomial[] = [];
  let cancelled = false;
  const stack = start?.reverse() ?? [];
  while (stack.length > 0) {
    const term = stack.pop()!;
    const parts = distribute(term, node.shape);
    if (parts) stack.push(...parts.terms.reverse());
    else out.push(term);
    cancelled ||= parts?.cancelled ?? false;
    if (out.length + stack.length > MAX_TERMS) return undefined;
  }
  const merged = merge(out);
  return cancelled || merged.length < out.length ? merged : undefined;
}

interface Distributed {
  readonly terms: Monomial[];
  /** Did a factor meet its divisor? */
  readonly cancelled: boolean;
}

/** Multiplies a term out over one of its sums; those with divisors first, so that they cancel. */
function distribute(term: Monomial, shape: Shape): Distributed | undefined {
  const sums = [...term.factors.keys()]
    .filter((f) => term.factors.get(f) === 1 && f.shape.length === shape.length)
    .map((f) => ({ f, terms: summands(f) }))
    .filter((s) => s.terms !== undefined);
  const divides = (terms: readonly Monomial[]) =>
    terms.some((t) => [...t.factors.values()].some((e) => e < 0));
  const pick = sums.find((s) => divides(s.terms!)) ?? sums[0];
  if (!pick) return undefined;
  const rest = times(term, atom(pick.f, -1));
  const terms = pick.terms!.map((t) => times(rest, t));
  const cancelled = pick.terms!.some((t, i) =>
    [...t.factors.keys(), ...rest.factors.keys()].some((f) => !terms[i]!.factors.has(f)),
  );
  return { terms, cancelled };
}

/** The terms that a factor stands for: a sum's own, or 1 - s(v) for s(-v). */
function summands(f: Node): readonly Monomial[] | undefined {
  if (f.op === 'add') return shallowTerms(f, MAX_TERMS);
  if (f.op !== 'sigmoid') return undefined;
  const inner = monomialOf(f.src[0]!);
  if (inner.coefficient >= 0) return undefined;
  const mirrored = sigmoid(build({ ...inner, coefficient: -inner.coefficient }, f.shape));
  return [unit, scaled(-1, atom(mirrored))];
}

/** The sum with its common factors in front; none where there are no common ones. */
function factored(terms: readonly Monomial[], shape: Shape): Node[] {
  const [first, ...rest] = terms;
  if (!first || rest.length === 0) return [];
  const same = terms.every((t) => Math.abs(t.coefficient) === Math.abs(first.coefficient));
  const negative = terms.every((t) => t.coefficient < 0);
  const coefficient = (same ? Math.abs(first.coefficient) : 1) * (negative ? -1 : 1);
  const factors = new Map<Node, number>();
  for (const [f, e] of first.factors) {
    const exponents = terms.map((t) => t.factors.get(f) ?? 0);
    const least = e > 0 ? Math.min(...exponents) : Math.max(...exponents);
    if (least * e > 0) factors.set(f, least);
  }
  if (coefficient === 1 && factors.size === 0) return [];
  const common = { coefficient, factors };
  const parts = terms.map((t) => times(t, inverse(common)));
  const inside = buildSum(parts, shape);
  return [build(times(common, monomialOf(inside)), shape)];
}

/** Positive terms first, otherwise in the order given. */
export function buildSum(terms: readonly Monomial[], shape: Shape): Node {
  const ordered = [
    ...terms.filter((t) => t.coefficient > 0),
    ...terms.filter((t) => t.coefficient <= 0),
  ];
  const nodes = ordered.map((t) => build(t, shape));
  if (nodes.length === 0) return constant(0, shape);
  return nodes.reduce((a, b) => make('add', [a, b], {}, shape));
}

/** What a sign costs: nothing to run (a - b), little to read. */
const SIGN = 0.5;
/** An operation on what is repeated later, next to one on the whole tensor. */
const SMALL = 1 / 64;

/** How much of two graphs is walked before the rest counts as equal. */
const MAX_VISITS = 256;
const [IN_A, IN_B, IN_BOTH] = [1, 2, 3];

/**
 * The price of a over that of b: of the elementwise work above the nearest products, reductions
 * and leaves. What the two share costs nothing, and is not walked.
 */
function extraCost(a: Node, b: Node): number {
  const open = new Map<Node, number>([[a, IN_A]]);
  const mark = (node: Node, side: number) => open.set(node, (open.get(node) ?? 0) | side);
  mark(b, IN_B);
  let extra = 0;
  // Users come before their sources, so that a node's sides are complete when it is its turn.
  for (let visits = 0; visits < MAX_VISITS; visits++) {
    let next: Node | undefined;
    let differ = false;
    for (const node of open.keys()) {
      differ ||= open.get(node) !== IN_BOTH;
      if (!next || node.id > next.id) next = node;
    }
    if (!next || !differ) break;
    const side = open.get(next)!;
    open.delete(next);
    if (side !== IN_BOTH) extra += (side === IN_A ? 1 : -1) * price(next, a.shape);
    if (isThrough(next)) for (const s of next.src) mark(s, side);
  }
  return extra;
}

const isThrough = (node: Node): boolean => rowOf(node.op) !== undefined || node.op === 'expand';

function price(node: Node, whole: Shape): number {
  const weight = sameShape(node.shape, whole) ? 1 : SMALL;
  const sign = node.op === 'mul' && node.src.some((s) => s.op === 'const' && s.attr.value === -1);
  return weight * (sign ? SIGN : costOf(node));
}
