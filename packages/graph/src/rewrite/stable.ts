// Stability rules that no pattern over holes can say: they look into reductions, and at sums and
// products of any length. Each is a function of a node, undefined where it does not fit.
import { isConst, size } from '../leaves.ts';
import {
  type Node,
  type NodeOf,
  type OpName,
  type Shape,
  sameShape,
  withSources,
} from '../node.ts';
import {
  abs,
  add,
  exp,
  expandTo,
  log,
  logaddexp,
  mean,
  mul,
  neg,
  pow,
  reduceAxes,
  softplus,
  sub,
  unreduce,
  withoutExpand,
} from '../ops.ts';
import { buildSum, merge, termsOf } from './collect.ts';
import {
  atom,
  build,
  inverse,
  isScalar,
  keyOf,
  type Monomial,
  monomialOf,
  scaled,
  times,
} from './monomial.ts';
import { rule, type StructureRule } from './structure.ts';
import { isConstantAlong, slim } from './sums.ts';

type Sum = NodeOf<'sum'> & Node;

const isSumOfExp = (f: Node): f is Sum => f.op === 'sum' && f.src[0]!.op === 'exp';

/** A scalar repeated to a shape that it meets in a product. */
const wide = (x: Node, shape: Shape): Node =>
  sameShape(x.shape, shape) ? x : expandTo(x, shape, []);

interface LogOfProduct {
  readonly value: Node;
  /** How many factors are exponentials, and what is left of the product. */
  readonly exponentials: number;
  readonly rest: Monomial;
}

/** Functions whose values are positive, and whose logarithms have rules. */
const POSITIVE = new Set<OpName>(['sigmoid', 'cosh', 'erfc']);

/** log of a product: the logarithms of what is positive for sure, and the rest. */
function logOf(m: Monomial, shape: Shape): LogOfProduct {
  const logs: Node[] = [];
  const others = new Map<Node, number>();
  let exponentials = 0;
  for (const [f, e] of m.factors) {
    const inner = withoutExpand(f);
    const isExp = inner.op === 'exp' || isSumOfExp(inner);
    if (!isExp && !POSITIVE.has(inner.op)) {
      others.set(f, e);
      continue;
    }
    exponentials += isExp ? 1 : 0;
    const x = isSumOfExp(inner) ? logsumexpOf(inner) : isExp ? inner.src[0]! : log(inner);
    const seen = f.op === 'expand' ? expandTo(x, f.shape, f.attr.dims) : x;
    logs.push(wide(e === 1 ? seen : mul(e, seen), shape));
  }
  const rest = { coefficient: m.coefficient, factors: others };
  const isOne = rest.coefficient === 1 && others.size === 0;
  const scalar = [...others.keys()].every(isScalar);
  const logOfRest = scalar ? wide(log(build(rest, [])), shape) : log(build(rest, shape));
  const all = isOne ? logs : [...logs, logOfRest];
  return { value: all.reduce((a, b) => add(a, b)), exponentials, rest };
}

const logsumexpOf = (total: Sum): Node =>
  reduceAxes('logsumexp', total.src[0]!.src[0]!, total.attr.axes);

/** log(sum(exp(x))), log(mean(exp(x))), log(y sum(exp(x))) */
function logOfSumOfExp(node: Node): Node | undefined {
  if (node.op !== 'log' || node.src[0]!.op === 'add') return undefined;
  const m = monomialOf(node.src[0]!);
  // Rules over holes know products with exp(x), sigmoid(x) and the like.
  const known = [...m.factors].some(([f, e]) => {
    const inner = withoutExpand(f);
    return isSumOfExp(inner) || (POSITIVE.has(inner.op) && e !== 1);
  });
  return known ? logOf(m, node.shape).value : undefined;
}

/** The logarithm of exp(x) + exp(y) + 1 + ...: of exponentials, sums of them, positive numbers. */
function logOfTerms(sum: Node): Node | undefined {
  const terms = termsOf(sum);
  // Rules over holes know 1 + exp(x) and exp(x) + exp(y).
  if (terms.length < 2 || (terms.length === 2 && terms.every(isPlain))) return undefined;
  const constant = terms.find((t) => t.factors.size === 0)?.coefficient;
  const parts = terms.filter((t) => t.factors.size > 0).map((t) => logOf(t, sum.shape));
  const isPositive = ({ exponentials, rest }: LogOfProduct): boolean =>
    exponentials > 0 &&
    rest.coefficient > 0 &&
    [...rest.factors.keys()].every((f) => f.op === 'size');
  if (!parts.every(isPositive)) return undefined;
  const all = parts.map(({ value }) => value).reduce((a, b) => logaddexp(a, b));
  if (constant === undefined) return all;
  if (constant <= 0) return undefined;
  if (constant === 1) return softplus(all);
  return add(Math.log(constant), softplus(sub(all, Math.log(constant))));
}

/** Is it exp(x) or 1? */
const isPlain = ({ coefficient, factors }: Monomial): boolean =>
  coefficient === 1 &&
  factors.size <= 1 &&
  [...factors].every(([f, e]) => f.op === 'exp' && e === 1);

const logOfExponentials = (node: Node): Node | undefined =>
  node.op === 'log' && node.src[0]!.op === 'add' ? logOfTerms(node.src[0]!) : undefined;

/** exp(u) / (exp(x) + exp(y) + ...) = exp(u - log(exp(x) + exp(y) + ...)) */
function softmaxByHand(node: Node): Node | undefined {
  if (node.op !== 'mul') return undefined;
  const m = monomialOf(node);
  const top = [...m.factors.keys()].find((f) => f.op === 'exp' && m.factors.get(f)! > 0);
  if (!top) return undefined;
  for (const [f, e] of m.factors) {
    const by = f.op === 'add' && e < 0 ? logOfTerms(f) : undefined;
    if (!by) continue;
    const [u, v] = [top.src[0]!, by].map((x) => wide(x, node.shape)) as [Node, Node];
    const rest = times(times(m, atom(f)), atom(top, -1));
    return build(times(rest, monomialOf(exp(sub(u, v)))), node.shape);
  }
  return undefined;
}

/** exp(x)^a = exp(a x), but where it is a product of exp(x) with itself. */
function powerOfExp(node: Node): Node | undefined {
  if (node.op !== 'pow' || node.src[0]!.op !== 'exp') return undefined;
  const { exponent } = node.attr;
  if (exponent > 0 && Number.isInteger(exponent)) return undefined;
  return exp(mul(exponent, node.src[0]!.src[0]!));
}

/** A factor that divides by a sum of exponentials. */
interface Divisor {
  readonly total: Sum;
  /** What takes the place of the factor. */
  readonly rest: Monomial;
  /** A reduction like the sum, repeated to where it is met. */
  readonly view: (reduced: Node) => Node;
}

function divisorIn(f: Node, e: number, shape: Shape): Divisor | undefined {
  const powers = (...list: [Node, number][]): Monomial => ({
    coefficient: 1,
    factors: new Map(list),
  });
  if (isSumOfExp(f) && e < 0)
    return { total: f, rest: powers([f, 1]), view: (x) => wide(x, shape) };
  if (f.op !== 'expand' || Math.abs(e) !== 1) return undefined;
  const { dims } = f.attr;
  const inner = monomialOf(f.src[0]!);
  const total = [...inner.factors.keys()].find(isSumOfExp);
  if (!total || inner.factors.get(total)! * e > 0) return undefined;
  const view = (x: Node): Node => expandTo(x, f.shape, dims);
  const left = view(build(times(inner, powers([total, e])), total.shape));
  const rest = isConst(left, 1) ? powers([f, -e]) : powers([f, -e], [left, e]);
  return { total, rest, view };
}

/** exp(u) / sum(exp(x)) = exp(u - logsumexp(x)): the softmax, where u is x. */
function quotientOfExp(node: Node): Node | undefined {
  if (node.op !== 'mul') return undefined;
  const m = monomialOf(node);
  const tops = [...m.factors].filter(([f, e]) => f.op === 'exp' && e > 0).map(([f]) => f);
  if (tops.length === 0) return undefined;
  for (const [f, e] of m.factors) {
    const divisor = divisorIn(f, e, node.shape);
    if (!divisor) continue;
    const { total, rest, view } = divisor;
    const top = tops.find((t) => t === total.src[0]) ?? tops[0]!;
    const x = total.src[0]!.src[0]!;
    const { fixed, moving } = split(x, total.attr.axes);
    // What x has in common along the axes, such as its maximum, is in u too, as a rule.
    const shift = fixed.map((t) => scaled(-1, t));
    const u = wide(top.src[0]!, node.shape);
    const shifted = sameShape(x.shape, u.shape) && moving.length > 0;
    const from = shifted ? buildSum(merge([...termsOf(u), ...shift]), u.shape) : u;
    const reduced = shifted ? buildSum(moving, x.shape) : x;
    const by = view(reduceAxes('logsumexp', reduced, total.attr.axes));
    const quotient = monomialOf(exp(sub(from, by)));
    return build(times(times(m, times(rest, atom(top, -1))), quotient), node.shape);
  }
  return undefined;
}

/** The terms of x that are the same along the axes, and those that are not. */
function split(x: Node, axes: readonly number[]): { fixed: Monomial[]; moving: Monomial[] } {
  const repeats = (f: Node): boolean =>
    isScalar(f) || axes.every((axis) => isConstantAlong(f, axis));
  const isFixed = (t: Monomial): boolean => [...t.factors.keys()].every(repeats);
  const terms = x.op === 'add' ? termsOf(x) : [];
  return { fixed: terms.filter(isFixed), moving: terms.filter((t) => !isFixed(t)) };
}

/** logsumexp(x + c) = logsumexp(x) + c, where c is the same along the axes: the maximum of x. */
function shiftOfLogSumExp(node: Node): Node | undefined {
  if (node.op !== 'logsumexp') return undefined;
  const { axes } = node.attr;
  const x = node.src[0]!;
  const { fixed, moving } = split(x, axes);
  if (fixed.length === 0 || moving.length === 0) return undefined;
  const slimmed = ([f, e]: readonly [Node, number]): [Node, number] =>
    isScalar(f) ? [f, e] : [slim(f, axes), e];
  const shift = fixed.map(({ coefficient, factors }) =>
    build({ coefficient, factors: new Map([...factors].map(slimmed)) }, node.shape),
  );
  const inner = reduceAxes('logsumexp', buildSum(moving, x.shape), axes);
  return shift.reduce((sum, c) => add(sum, c), inner);
}

/** x + expand(y) - expand(y + z) = x - expand(z): sums meet across a view. */
function sumAcrossViews(node: Node): Node | undefined {
  if (node.op !== 'add') return undefined;
  const terms = termsOf(node);
  const all = terms.flatMap((t) => {
    const [[f, e] = []] = t.factors;
    if (!f || t.factors.size > 1 || e !== 1) return [t];
    const inner = withoutExpand(f);
    if (inner.op !== 'add' || (f.op !== 'expand' && !isScalar(f))) return [t];
    const view = (part: Node): Node =>
      f.op === 'expand' ? expandTo(part, f.shape, f.attr.dims) : part;
    return termsOf(inner).map((part) => {
      const viewed = monomialOf(view(build({ ...part, coefficient: 1 }, inner.shape)));
      return scaled(t.coefficient * part.coefficient, viewed);
    });
  });
  const merged = all.length > terms.length ? merge(all) : all;
  return merged.length < terms.length ? buildSum(merged, node.shape) : undefined;
}

/**
 * sum(x y) - sum(x) sum(y) / n = sum((x - mean(x)) (y - mean(y))): the variance, where x is y. It
 * is found at any scale: a difference of means is one of sums.
 */
function covariance(node: Node): Node | undefined {
  if (node.op !== 'add') return undefined;
  const terms = termsOf(node);
  for (const whole of terms) {
    for (const [total, e] of whole.factors) {
      if (total.op !== 'sum' || e !== 1) continue;
      for (const product of terms) {
        const centred = product !== whole && centredSum(total, times(product, inverse(whole)));
        if (!centred) continue;
        const rest = terms.filter((t) => t !== whole && t !== product);
        const made = times(times(whole, atom(total, -1)), monomialOf(centred));
        return buildSum([made, ...rest], node.shape);
      }
    }
  }
  return undefined;
}

/** The sum of products of deviations, if the ratio is -sum(x) sum(y) / n / total. */
function centredSum(total: Sum, ratio: Monomial): Node | undefined {
  const { axes } = total.attr;
  const xy = total.src[0]!;
  const count = axes.map((a) => size(xy.shape[a]!)).reduce((p, q) => mul(p, q));
  const { coefficient, factors } = times(times(ratio, atom(total)), monomialOf(count));
  if (Math.abs(coefficient + 1) > 1e-12) return undefined;
  const sums = [...factors].flatMap(([f, e]) => (e === 1 ? [f] : e === 2 ? [f, f] : [f, f, f]));
  if (sums.length !== 2) return undefined;
  const alike = (s: Node): boolean => s.op === 'sum' && s.attr.axes.join() === axes.join();
  const [x, y] = sums.map((s) => (alike(s) ? s.src[0]! : undefined));
  if (!x || !y || !sameShape(x.shape, xy.shape) || !sameShape(y.shape, xy.shape)) return undefined;
  const [p, q] = [times(monomialOf(x), monomialOf(y)), monomialOf(xy)];
  if (keyOf(p) !== keyOf(q) || p.coefficient !== q.coefficient) return undefined;
  const centre = (z: Node): Node => sub(z, unreduce(mean(z, axes), axes, z.shape));
  return reduceAxes('sum', x === y ? pow(centre(x), 2) : mul(centre(x), centre(y)), axes);
}

/** log(x^a) = a log|x|, and without the bars where x^a has the sign of x. */
function logOfPower(node: Node): Node | undefined {
  if (node.op !== 'log' || node.src[0]!.op !== 'pow') return undefined;
  const { exponent } = node.src[0]!.attr;
  const x = node.src[0]!.src[0]!;
  return mul(exponent, log(exponent % 2 === 0 ? abs(x) : x));
}

/** exp(a log(x)) = x^a */
function powerOfLog(node: Node): Node | undefined {
  if (node.op !== 'exp') return undefined;
  const { coefficient, factors } = monomialOf(node.src[0]!);
  const [[f, e] = []] = factors;
  if (factors.size !== 1 || f!.op !== 'log' || e !== 1 || coefficient === 1) return undefined;
  return wide(pow(f.src[0]!, coefficient), node.shape);
}

const ODD = new Set<OpName>([
  'sin',
  'tan',
  'asin',
  'atan',
  'sinh',
  'tanh',
  'asinh',
  'atanh',
  'erf',
  'cbrt',
  'softsign',
]);
const EVEN = new Set<OpName>(['cos', 'cosh', 'abs']);
const isOddOrEven = (op: OpName): boolean => ODD.has(op) || EVEN.has(op);

/** f(-x) = -f(x) or f(x) */
function signOutward(node: Node): Node | undefined {
  if (!isOddOrEven(node.op)) return undefined;
  const x = node.src[0]!;
  const m = monomialOf(x);
  if (x.op === 'const' || m.coefficient >= 0) return undefined;
  const mirrored = build({ ...m, coefficient: -m.coefficient }, x.shape);
  const value = withSources(node, [mirrored]);
  return ODD.has(node.op) ? neg(value) : value;
}

export const stableRules: readonly StructureRule[] = [
  rule('log-sum-exp', 'log', logOfSumOfExp, 'exp(89) overflows float32'),
  rule('log-of-exponentials', 'log', logOfExponentials, 'exp(89) overflows float32'),
  rule('softmax', 'mul', quotientOfExp, 'exp(89) overflows float32'),
  rule('softmax-by-hand', 'mul', softmaxByHand, 'exp(89) overflows float32'),
  rule('power-of-exp', 'pow', powerOfExp, 'exp(89) overflows float32'),
  rule('shift-of-logsumexp', 'logsumexp', shiftOfLogSumExp, 'it shifts by the maximum itself'),
  rule('sum-across-views', 'add', sumAcrossViews, 'what is repeated cancels like the rest'),
  rule('variance', 'add', covariance, 'the square of a large mean takes its digits'),
  rule('log-of-power', 'log', logOfPower, '1e20^2 overflows float32'),
  rule('power-of-log', 'exp', powerOfLog, 'the rounding of the logarithm is magnified by exp'),
  rule('sign-outward', isOddOrEven, signOutward, 'functions of x and -x are one'),
];
