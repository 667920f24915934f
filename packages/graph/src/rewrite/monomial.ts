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
  b.factors.forEach((e, node) => {
    const sum = (factors.get(node) ?? 0) + e;
    if (sum === 0) factors.delete(node);
    else factors.set(node, sum);
  });
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
  const found = new Map<Node, Place>();
  const placed: Place[] = [];
  const stack = [root];
  while (stack.length > 0) {
    const node = stack.at(-1)!;
    const place = found.get(node);
    if (place) {
      if (!place.isPlaced) placed.push(place);
      place.isPlaced = true;
      stack.pop();
      continue;
    }
    if (budget.parts-- <= 0) return undefined;
    const parts = isEnd(node) ? undefined : partsOf(node, isFactor);
    found.set(node, { parts, exponent: node === root ? 1 : 0, isPlaced: false });
    const nodes = parts?.nodes ?? [];
    for (let i = nodes.length - 1; i >= 0; i--) if (!found.has(nodes[i]!)) stack.push(nodes[i]!);
  }
  // A part may be met on exponentially many ways: exponents flow down in order, each edge once.
  for (let i = placed.length - 1; i >= 0; i--) {
    const { parts, exponent } = placed[i]!;
    for (const part of parts?.nodes ?? []) found.get(part)!.exponent += exponent * parts!.exponent;
  }
  return monomial(found) ?? atom(root);
}

/** A node in a product. */
interface Place {
  /** What it is a product of; undefined for a factor. */
  readonly parts: Parts | undefined;
  exponent: number;
  /** Are all that are below it placed? */
  isPlaced: boolean;
}

/** Undefined if the coefficient leaves the range of numbers. */
function monomial(found: ReadonlyMap<Node, Place>): Monomial | undefined {
  let coefficient = 1;
  let zero = false;
  const factors = new Map<Node, number>();
  found.forEach(({ parts, exponent }, node) => {
    if (parts) return;
    if (node.op === 'const') coefficient *= node.attr.value ** exponent;
    else if (exponent !== 0) factors.set(node, exponent);
    zero ||= isConst(node, 0);
  });
  return Number.isFinite(coefficient) && (coefficient !== 0 || zero)
    ? { coefficient, factors }
    : undefined;
}

export const atom = (node: Node, exponent = 1): Monomial => ({
  coefficient: 1,
  factors: new Map([[node, exponent]]),
});

export const inverse = ({ coefficient, factors }: Monomial): Monomial => ({
  coefficient: 1 / coefficient,
  factors: new Map([...factors].map(([f, e]) => [f, -e])),
});

/** A number times a monomial. */
export const scaled = (by: number, { coefficient, factors }: Monomial): Monomial => ({
  coefficient: by * coefficient,
  factors,
});

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
export function keyOf({ factors }: Monomial): string {
  const powers: string[] = [];
  factors.forEach((e, f) => void powers.push(`${f.id}^${e}`));
  return powers.length > 1 ? powers.sort().join(' ') : `${powers}`;
}

/** Scalar factors, and those that have a shape. */
function byShape(factors: Monomial['factors']): { scalars: Factor[]; whole: Factor[] } {
  const [scalars, whole]: [Factor[], Factor[]] = [[], []];
  for (const factor of factors) (isScalar(factor[0]) ? scalars : whole).push(factor);
  return { scalars, whole };
}

/** The node of a monomial: scale first (`-1/m`), then the product of what has the shape. */
export function build(m: Monomial, shape: Shape): Node {
  if (m.coefficient === 0) return constant(0, shape);
  const { scalars, whole } =
    shape.length > 0 ? byShape(m.factors) : { scalars: [], whole: [...m.factors] };
  const body = product(grouped(whole, shape));
  const scale = scaleNode(m.coefficient, product(scalars), shape);
  if (!scale) return body ?? constant(1, shape);
  return body ? make('mul', [scale, body], {}, shape) : scale;
}

/** Factors that are repeated alike are multiplied before they are repeated. */
function grouped(factors: readonly Factor[], shape: Shape): readonly Factor[] {
  if (!factors.some((factor) => factor[0].op === 'expand')) return factors;
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
  const paired = quotients(factors);
  let made: Node | undefined;
  // Divisors last, as they are written.
  for (let sign = 1; sign >= -1; sign -= 2) {
    for (let i = 0; i < paired.length; i++) {
      const factor = paired[i]!;
      if (Math.sign(factor[1]) !== sign) continue;
      const power = pow(factor[0], factor[1]);
      made = made ? mul(made, power) : power;
    }
  }
  return made;
}

/** Is a factor with this exponent a part of a power of a quotient? */
const isInQuotient = (factors: readonly Factor[], e: number): boolean =>
  Math.abs(e) > 1 && factors.some(([, other]) => other === -e);

/** a^2 b^-2 as (a / b)^2: a power of a quotient does not overflow before its result does. */
function quotients(factors: readonly Factor[]): readonly Factor[] {
  const at = factors.findIndex((f) => f[1] > 1 && isInQuotient(factors, f[1]));
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

const splits = /* @__PURE__ */ new WeakMap<Node, Scaled>();

/** Splits off what floats out of sums, products and views. Scalars are left whole. */
export function splitScale(node: Node): Scaled {
  const found = splits.get(node) ?? split(node);
  splits.set(node, found);
  return found;
}

function split(node: Node): Scaled {
  const none = { scale: unit, body: node };
  if (isScalar(node) || (node.op !== 'mul' && node.op !== 'pow')) return none;
  const m = monomialOf(node);
  const { scalars, whole } = byShape(m.factors);
  if ((scalars.length === 0 && m.coefficient === 1) || whole.length === 0) return none;
  return {
    scale: { coefficient: m.coefficient, factors: new Map(scalars) },
    body: build({ coefficient: 1, factors: new Map(whole) }, node.shape),
  };
}

/** scale * body, the scale in front. */
export const applyScale = (scale: Monomial, body: Node): Node =>
  build(times(scale, monomialOf(body)), body.shape);

export const isUnit = (m: Monomial): boolean => m.coefficient === 1 && m.factors.size === 0;
