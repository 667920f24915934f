// Slopes by a complex step, Im f(x + i h v) / h: exact to rounding, for nothing is subtracted.
// What ops mean on complex numbers stands here; no derivative does, so that it can judge them.
import type { ElementwiseOp } from './elementwise.ts';
import type { Sizes } from './feed.ts';
import { evaluate, type Tensor64 } from './interpret.ts';
import { type AttrOf, make, type Node, type NodeOf, type OpName, withSources } from './node.ts';
import { reduceAxes, unreduce } from './ops.ts';
import { structureOf } from './structural.ts';

type Complex = readonly [re: number, im: number];
type Meaning<K extends OpName> = (attr: AttrOf[K], ...z: Complex[]) => Complex;

const ONE: Complex = [1, 0];
const plus = ([a, b]: Complex, [c, d]: Complex): Complex => [a + c, b + d];
const times = ([a, b]: Complex, [c, d]: Complex): Complex => [a * c - b * d, a * d + b * c];
const minus = ([a, b]: Complex): Complex => [-a, -b];
const over = (p: Complex, [c, d]: Complex): Complex => {
  const size = c * c + d * d;
  return times(p, [c / size, -d / size]);
};
const exp = ([a, b]: Complex): Complex => [Math.exp(a) * Math.cos(b), Math.exp(a) * Math.sin(b)];
// As on the real line, there is none of a negative number.
const log = ([a, b]: Complex): Complex =>
  a < 0 ? [Number.NaN, Number.NaN] : [Math.log(Math.hypot(a, b)), Math.atan2(b, a)];
const sigmoid = (z: Complex): Complex =>
  z[0] < 0 ? over(exp(z), plus(ONE, exp(z))) : over(ONE, plus(ONE, exp(minus(z))));
const softplus = (z: Complex): Complex =>
  z[0] > 0 ? plus(z, log(plus(ONE, exp(minus(z))))) : log(plus(ONE, exp(z)));

function pow(z: Complex, p: number): Complex {
  if (p < 0) return over(ONE, pow(z, -p));
  if (!Number.isInteger(p)) return exp(times([p, 0], log(z)));
  if (p === 0) return ONE;
  const half = pow(z, Math.floor(p / 2));
  return p % 2 === 0 ? times(half, half) : times(times(half, half), z);
}

function tanh(z: Complex): Complex {
  if (z[0] < 0) return minus(tanh(minus(z)));
  const e = exp(times([-2, 0], z));
  return over(plus(ONE, minus(e)), plus(ONE, e));
}

/** The analytic elementwise ops. */
export const complexMeanings = {
  add: (_, p, q) => plus(p!, q!),
  mul: (_, p, q) => times(p!, q!),
  pow: ({ exponent }, z) => pow(z!, exponent),
  exp: (_, z) => exp(z!),
  log: (_, z) => log(z!),
  log1p: (_, z) => log(plus(ONE, z!)),
  expm1: (_, z) => plus(exp(z!), [-1, 0]),
  sin: (_, [a, b] = ONE) => [Math.sin(a) * Math.cosh(b), Math.cos(a) * Math.sinh(b)],
  cos: (_, [a, b] = ONE) => [Math.cos(a) * Math.cosh(b), -Math.sin(a) * Math.sinh(b)],
  sigmoid: (_, z) => sigmoid(z!),
  tanh: (_, z) => tanh(z!),
  softplus: (_, z) => softplus(z!),
} as const satisfies { [K in ElementwiseOp]?: Meaning<K> };

const meaningOf = (op: OpName): Meaning<OpName> | undefined =>
  (complexMeanings as unknown as Record<string, Meaning<OpName>>)[op];

/** h. Its square is 0 next to any number, so that real parts are what they are without it. */
const STEP = 2 ** -100;

type Parts = ReadonlyMap<Node, Tensor64>;

/**
 * How fast the values of nodes change when leaves move along a direction.
 * @param order all nodes between, sources first
 * @param real their values
 * @param direction how fast each leaf moves
 * @returns the slope of each node that moves; undefined if an op on the way is not analytic
 */
export function complexSlopes(
  order: readonly Node[],
  real: Parts,
  direction: Parts,
  sizes: Sizes,
): Parts | undefined {
  const scaled = (t: Tensor64, by: number): Tensor64 => ({
    ...t,
    data: t.data.map((x) => x * by),
  });
  const imag = new Map([...direction].map(([leaf, v]) => [leaf, scaled(v, STEP)]));
  for (const node of order) {
    if (!node.src.some((s) => imag.has(s))) continue;
    const part = imaginary(node, real, imag, sizes);
    if (!part) return undefined;
    imag.set(node, part);
  }
  return new Map([...imag].map(([node, t]) => [node, scaled(t, 1 / STEP)]));
}

function imaginary(node: Node, real: Parts, imag: Parts, sizes: Sizes): Tensor64 | undefined {
  const value = real.get(node)!;
  const parts = node.src.map((s) => {
    const re = real.get(s)!;
    return { re, im: imag.get(s) ?? { ...re, data: new Float64Array(re.data.length) } };
  });
  const meaning = meaningOf(node.op);
  if (meaning) {
    const at = (i: number) => parts.map(({ re, im }): Complex => [re.data[i]!, im.data[i]!]);
    return { ...value, data: value.data.map((_, i) => meaning(node.attr, ...at(i))[1]) };
  }
  const of = (...src: Tensor64[]): Tensor64 => {
    // Stand-ins, for a node may be both factors of a product.
    const holes = node.src.map((s, index) => make('hole', [], { index }, s.shape));
    return evaluate(
      withSources(node, holes),
      new Map(holes.map((hole, i) => [hole, src[i]!])),
      sizes,
    );
  };
  if (node.op === 'matmul') {
    const [a, b] = parts as [(typeof parts)[0], (typeof parts)[0]];
    const [p, q] = [of(a.re, b.im), of(a.im, b.re)];
    return { ...p, data: p.data.map((x, i) => x + q.data[i]!) };
  }
  if (node.op === 'logsumexp') return imaginaryLogsumexp(node, real, parts[0]!.im, sizes);
  const linear = node.op === 'sum' || structureOf(node.op)?.kind === 'view';
  return linear ? of(...parts.map(({ im }) => im)) : undefined;
}

/** log(sum(exp(x))) = y + log(sum(exp(x - y))) with the real y, so that nothing overflows. */
function imaginaryLogsumexp(
  node: NodeOf<'logsumexp'> & Node,
  real: Parts,
  im: Tensor64,
  sizes: Sizes,
): Tensor64 {
  const [x] = node.src as [Node];
  const { axes } = node.attr;
  const y = evaluate(unreduce(node, axes, x.shape), real, sizes).data;
  const e = real.get(x)!.data;
  const terms = [...e].map((v, i) => exp([v - y[i]!, im.data[i]!]));
  const [re, part] = [0, 1].map((k) => {
    const each = { ...im, data: Float64Array.from(terms, (z) => z[k]!) };
    return evaluate(reduceAxes('sum', x, axes), new Map([[x, each]]), sizes).data;
  }) as [Float64Array, Float64Array];
  return { ...real.get(node)!, data: part.map((b, i) => log([re[i]!, b])[1]) };
}
