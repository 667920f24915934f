// Sweeps the functions that are made of several ops: values and derivatives against 320-digit
// arithmetic, float32, the extremes, LaTeX, and the conventions at kinks.
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import {
  grad,
  interpret,
  interpretAll,
  type Node,
  param,
  print,
  simplify,
  tex,
} from '../src/index.ts';
import fixture from './fixtures/composites.json' with { type: 'json' };
import { expectLatex } from './support/latex.ts';
import { inFloat32 } from './support/scalars.ts';

type Fn = (x: Node) => Node;
type Name = keyof typeof fixture.functions;

/** Functions of one number, by their names in the fixture. */
const table: Record<Name, Fn> = {
  neg: g.neg,
  sub: (x) => g.sub(2, x),
  div: (x) => g.div(2, x),
  sqrt: g.sqrt,
  square: g.square,
  sign: g.sign,
  relu: g.relu,
  relu6: g.relu6,
  clip: (x) => g.clip(x, -1.5, 3),
  hardSigmoid: g.hardSigmoid,
  hardSwish: g.hardSwish,
  logSigmoid: g.logSigmoid,
  elu: (x) => g.elu(x),
  elu2: (x) => g.elu(x, 2),
  selu: g.selu,
  celu: (x) => g.celu(x),
  celu2: (x) => g.celu(x, 2),
  gelu: (x) => g.gelu(x),
  geluTanh: (x) => g.gelu(x, { approximate: 'tanh' }),
  silu: g.silu,
  swish: g.swish,
  mish: g.mish,
  softsign: g.softsign,
  logit: g.logit,
  xlogx: g.xlogx,
  xlogyFirst: (x) => g.xlogy(x, 3),
  xlogySecond: (x) => g.xlogy(3, x),
  preluSlope: (x) => g.prelu(x, 0.25),
  powBase: (x) => g.pow(x, g.param({ name: 'p' })),
  powExponent: (x) => g.pow(2, x),
  powBoth: (x) => g.pow(x, x),
  modFirst: (x) => g.mod(x, 3),
  modSecond: (x) => g.mod(10, x),
  ceil: g.ceil,
  trunc: g.trunc,
};

const OTHERS = { p: 2.5 };
const names = Object.keys(table) as Name[];
const x = param({ name: 'x' });

/** The function of x and its first two derivatives. */
function chain(name: Name): Node[] {
  const y = table[name](x);
  const first = grad(y, x);
  return [y, first, grad(first, x)];
}

const evaluate = (nodes: readonly Node[], at: number): number[] =>
  interpretAll(nodes, valuesOf(nodes, at)).map(({ data }) => data[0]!);

/** Values of the parameters that the graphs have. */
function valuesOf(nodes: readonly Node[], at: number): Record<string, number[]> {
  const all: Record<string, number> = { x: at, ...OTHERS };
  return Object.fromEntries(g.paramsOf(nodes).map((p) => [g.nameOf(p)!, [all[g.nameOf(p)!]!]]));
}

describe.each(names)('%s', (name) => {
  const cases = fixture.functions[name] as [number, number, number, number][];

  test('has the value and the derivatives that exact arithmetic gives', () => {
    const nodes = chain(name);
    for (const [at, ...want] of cases) {
      evaluate(nodes, at).forEach((got, order) => {
        // 1 - tanh^2 and the like round at the size of 1, and x multiplies what is left; a power
        // rounds y log x, up to 70.
        const rounding = 16 * Number.EPSILON * (order === 0 ? 0 : Math.max(1, at * at));
        const what = `derivative ${order} at ${at}: ${got}, not ${want[order]}`;
        expect(Math.abs(got - want[order]!), what).toBeLessThanOrEqual(
          1e-13 * Math.abs(want[order]!) + rounding + Number.MIN_VALUE,
        );
      });
    }
  });

  test('has them in float32 too', () => {
    const [y, first] = chain(name).map((node) => simplify(node));
    for (const [at, value, slope] of cases) {
      const near = (got: number, want: number, size: number, what: string) =>
        // 64 units in the last place: exp of x rounded at 20, then a product or two.
        expect(Math.abs(got - want), `${what} at ${at}: ${got}, not ${want}`).toBeLessThanOrEqual(
          64 * 2 ** -24 * Math.max(Math.abs(want), size) + 2 ** -126,
        );
      near(inFloat32(y!, { x: at, ...OTHERS }), value, name.startsWith('mod') ? 10 : 0, 'value');
      near(inFloat32(first!, { x: at, ...OTHERS }), slope, 1, 'slope');
    }
  });

  test('is LaTeX, and so are its derivatives', () => {
    for (const node of chain(name)) expectLatex(tex(node));
  });
});

const EXTREMES = [-1000, -100, -20, 0, 20, 100, 1000];
const everywhere = names.filter((name) => fixture.functions[name][0]![0] === -1000);

test.each(everywhere.filter((name) => name !== 'div'))('%s is finite far out and at 0', (name) => {
  const nodes = chain(name);
  const simple = nodes.map((node) => simplify(node));
  for (const at of EXTREMES) {
    const values = [
      ...evaluate([table[name](x)], at),
      ...evaluate(nodes, at),
      ...simple.map((node) => inFloat32(node, { x: at })),
    ];
    for (const value of values) expect(value, `at ${at}: ${values}`).toSatisfy(Number.isFinite);
  }
});

describe('at kinks the derivative is', () => {
  const slope = (f: Fn, at: number) => evaluate([grad(f(x), x)], at)[0];
  test.each<[string, Fn, number, number]>([
    ['relu', g.relu, 0, 0],
    ['relu6', g.relu6, 0, 0],
    ['relu6', g.relu6, 6, 0],
    ['clip', (x) => g.clip(x, -1, 1), 1, 0],
    ['clip with a node', (x) => g.clip(x, -1, param({ name: 'p' })), 2.5, 0],
    ['clip from below', (x) => g.clip(x, 1, Number.POSITIVE_INFINITY), 1, 0],
    ['clip from above', (x) => g.clip(x, Number.NEGATIVE_INFINITY, 1), 1, 0],
    ['hardSigmoid', g.hardSigmoid, -3, 0],
    ['hardSigmoid', g.hardSigmoid, 3, 0],
    ['hardSwish', g.hardSwish, -3, 0],
    ['hardSwish', g.hardSwish, 3, 1],
    ['sign', g.sign, 0, 0],
    ['prelu', (x) => g.prelu(x, 0.25), 0, 0.25],
    ['elu', (x) => g.elu(x, 2), 0, 2],
    ['selu', g.selu, 0, 1.7580993408473766],
    ['celu', (x) => g.celu(x, 2), 0, 1],
    ['softsign', g.softsign, 0, 1],
    ['sqrt', g.sqrt, 0, Number.POSITIVE_INFINITY],
    ['xlogx', g.xlogx, 0, Number.NEGATIVE_INFINITY],
    ['trunc', g.trunc, 1, 0],
    ['ceil', g.ceil, 1, 0],
    ['mod', (x) => g.mod(x, 3), 3, 1],
  ])('%s at kink', (_, f, at, want) => {
    expect(slope(f, at)).toBe(want);
  });
});

describe('rounding is that of NumPy', () => {
  const { points, mod, ...wanted } = fixture.numpy;
  const X = param(points.length, { name: 'X' });
  const plus = (value: number) => value + 0; // NumPy knows -0
  test.each(Object.entries(wanted))('%s', (name, want) => {
    const f = { floor: g.floor, ceil: g.ceil, round: g.round, trunc: g.trunc }[name]!;
    const got = [...interpret(f(X), { X: points }).data];
    expect(got.map(plus)).toEqual(want.map(plus));
    const small = param({ name: 's' });
    const single = points.map((p) => inFloat32(f(small), { s: p }));
    expect(single.map(plus)).toEqual(want.map(plus));
  });

  test('mod', () => {
    const [a, b] = [param({ name: 'a' }), param({ name: 'b' })];
    for (const [p, q, want] of mod as [number, number, number][]) {
      expect(interpret(g.mod(a, b), { a: [p], b: [q] }).data[0]!).toBeCloseTo(want, 12);
      expect(inFloat32(g.mod(a, b), { a: p, b: q })).toBeCloseTo(want, 6);
    }
  });
});

describe('comparisons and logic', () => {
  const NUMBERS = [Number.NaN, Number.NEGATIVE_INFINITY, -1, 0, 0.5, 2, Number.POSITIVE_INFINITY];
  const [a, b] = [param({ name: 'a' }), param({ name: 'b' })];
  const bit = (x: boolean) => Number(x);
  const true_ = (x: number) => x !== 0;
  test.each<[string, Node, (p: number, q: number) => number]>([
    ['less', g.less(a, b), (p, q) => bit(p < q)],
    ['greater', g.greater(a, b), (p, q) => bit(p > q)],
    ['lessEqual', g.lessEqual(a, b), (p, q) => bit(p <= q)],
    ['greaterEqual', g.greaterEqual(a, b), (p, q) => bit(p >= q)],
    ['equal', g.equal(a, b), (p, q) => bit(p === q)],
    ['notEqual', g.notEqual(a, b), (p, q) => bit(p !== q)],
    ['and', g.and(a, b), (p, q) => bit(true_(p) && true_(q))],
    ['and of conditions', g.and(g.less(a, 1), g.less(b, 1)), (p, q) => bit(p < 1 && q < 1)],
    ['or', g.or(a, b), (p, q) => bit(true_(p) || true_(q))],
    ['xor', g.xor(a, b), (p, q) => bit(true_(p) !== true_(q))],
    [
      'not',
      g.add(g.not(a), g.mul(2, g.not(g.not(b)))),
      (p, q) => bit(!true_(p)) + 2 * bit(true_(q)),
    ],
    [
      'isNaN',
      g.add(g.isNaN(a), g.mul(2, g.isNaN(b))),
      (p, q) => bit(Number.isNaN(p)) + 2 * bit(Number.isNaN(q)),
    ],
    [
      'isFinite',
      g.sub(g.isFinite(a), g.isFinite(b)),
      (p, q) => bit(Number.isFinite(p)) - bit(Number.isFinite(q)),
    ],
  ])('%s, of NaN and infinities too', (_, node, want) => {
    for (const p of NUMBERS) {
      for (const q of NUMBERS) {
        const here = `${p}, ${q}`;
        expect(interpret(node, { a: [p], b: [q] }).data[0], here).toBe(want(p, q));
        expect(interpret(simplify(node), { a: [p], b: [q] }).data[0], here).toBe(want(p, q));
        expect(inFloat32(simplify(node), { a: p, b: q }), here).toBe(want(p, q));
      }
    }
    expectLatex(tex(node));
    expect(grad(node, a)).toBe(g.constant(0));
  });
});

describe('powers of tensors', () => {
  const [b, e] = [param({ name: 'b' }), param({ name: 'e' })];
  test.each([
    [-2, 3, -8],
    [-2, 2, 4],
    [-0.5, -3, -8],
    [0, 0, 1],
    [0, 2, 0],
    [0, 0.5, 0],
    [0, -1, Number.POSITIVE_INFINITY],
    [-2, 0.5, Number.NaN],
  ])('%d to the power %d is %d', (p, q, want) => {
    expect(interpret(g.pow(b, e), { b: [p], e: [q] }).data[0]).toBe(want);
    const single = inFloat32(g.pow(b, e), { b: p, e: q });
    // exp(y log x) is off by less than 128 units in the last place.
    if (Number.isFinite(want))
      expect(Math.abs(single - want)).toBeLessThanOrEqual(1e-5 * Math.abs(want));
    else expect(single).toBe(want);
  });

  test('no derivative of any order is NaN where a derivative exists', () => {
    const y = g.pow(b, e);
    const first = grad(y, [b, e]);
    const second = first.flatMap((d) => grad(d, [b, e]));
    const third = second.flatMap((d) => grad(d, [b, e]));
    for (const [p, q] of [
      [0, 0],
      [0, 1],
      [0, 2],
      [0, 3],
      [-2, 3],
      [-2, -1],
      [1, 0],
    ] as const) {
      const nodes = [y, ...first, ...second, ...third];
      const got = interpretAll(nodes, { b: [p], e: [q] }).map(({ data }) => data[0]);
      expect(got, `at ${p}, ${q}: ${nodes.map((n) => print(n))}`).not.toContain(NaN);
    }
  });

  test('with a constant exponent they are the row pow', () => {
    expect(g.pow(b, g.constant(3)).op).toBe('pow');
    expect(g.pow(b, 1)).toBe(b);
  });
});

describe('stopGradient', () => {
  test('keeps the value and stops every derivative', () => {
    const y = g.mul(x, g.stopGradient(g.exp(x)));
    expect(interpret(y, { x: [2] }).data[0]).toBeCloseTo(2 * Math.exp(2), 12);
    expect(grad(y, x)).toBe(g.stopGradient(g.exp(x)));
    expect(grad(grad(y, x), x)).toBe(g.constant(0));
  });

  test('survives simplification: what it hides is not merged', () => {
    expect(print(simplify(g.sub(g.log(g.stopGradient(g.exp(x))), g.stopGradient(x))))).toBe(
      'log(stopGradient(exp(x))) - stopGradient(x)',
    );
  });
});

test('derivatives read as in textbooks', () => {
  const Z = param(3, 'm', { name: 'Z' });
  const a = param(3, 1, { name: 'a' });
  const G = g.input(3, 'm', { name: 'dA' });
  const slopes: Record<string, Fn> = {
    relu: g.relu,
    relu6: g.relu6,
    leakyRelu: g.leakyRelu,
    prelu: (x) => g.prelu(x, a),
    elu: g.elu,
    silu: g.silu,
    mish: g.mish,
    softplus: g.softplus,
    softsign: g.softsign,
    logSigmoid: g.logSigmoid,
    'pow(2, Z)': (x) => g.pow(2, x),
    'pow(Z, a)': (x) => g.pow(x, a),
    xlogx: g.xlogx,
  };
  const lines = Object.entries(slopes).map(([name, f]) => {
    const A = g.named(f(Z), 'A');
    const slope = grad(g.sum(g.mul(G, A)), Z);
    expectLatex(tex(slope));
    return `${name}: ${tex(slope)}`;
  });
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "relu: dA \\odot [A > 0]
    relu6: dA \\odot [A > 0] \\odot [A < 6]
    leakyRelu: dA \\odot \\begin{cases}1 & A > 0\\\\ 0.01 & \\text{else}\\end{cases}
    prelu: \\begin{cases}1 & Z > 0\\\\ a & \\text{else}\\end{cases} \\odot dA
    elu: dA \\odot \\begin{cases}1 & A > 0\\\\ A + 1 & \\text{else}\\end{cases}
    silu: dA \\odot \\sigma(Z) \\odot (Z \\odot (1 - \\sigma(Z)) + 1)
    mish: dA \\odot (Z \\odot (1 - \\tanh(\\operatorname{softplus}(Z))^{2}) \\odot \\sigma(Z) + \\tanh(\\operatorname{softplus}(Z)))
    softplus: dA \\odot \\sigma(Z)
    softsign: \\frac{dA}{(1 + \\left|Z\\right|)^{2}}
    logSigmoid: dA \\odot \\sigma(-Z)
    pow(2, Z): \\log(2) dA \\odot A
    pow(Z, a): \\begin{cases}dA \\odot a \\odot Z^{a - 1} & a \\ne 0\\\\ 0 & \\text{else}\\end{cases}
    xlogx: dA \\odot (1 + \\log(Z))"
  `);
});

describe('what cannot be is said', () => {
  test.each([
    ['elu', () => g.elu(x, -1), /elu: .*alpha -1 is no number from 0 on/],
    ['celu', () => g.celu(x, 0), /celu: .*alpha 0 is not above 0/],
    ['clip', () => g.clip(x, 2, 1), /clip: .*no number is from 2 to 1/],
    ['clip', () => g.clip(x, Number.NaN, 1), /clip/],
    ['prelu', () => g.prelu(param(2), param(3) as Node), /the sizes .* differ/],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(message);
    expect(build).toThrow(/fix: /);
    expect(build).toThrow(g.ShapeError);
  });
});
