// Functions with derivatives of their own: what they are, how they are differentiated, printed and
// saved, and what is wrong with those that are none.
import { derivative as theirs } from 'mathjs';
import { describe, expect, expectTypeOf, test } from 'vitest';
import * as g from '../src/index.ts';
import { elementwise, grad, interpret, type Node, param, print, tex } from '../src/index.ts';
import { expectLatex } from './support/latex.ts';
import { inFloat32 } from './support/scalars.ts';

const spike = elementwise('spike', 'x > 0', ['x'], { derivative: { x: '1 / (1 + abs(x))^2' } });
const x = param(2, 3, { name: 'x' });
const data = { x: [0.5, -0.5, 0, 3, -1, 2] };

const numbersOf = (node: Node, values: g.Values = data): number[] => [
  ...interpret(node, values).data,
];
const expectClose = (found: readonly number[], wanted: readonly number[], digits = 12): void => {
  expect(found.length).toBe(wanted.length);
  wanted.forEach((want, i) => {
    expect(found[i], `entry ${i}`).toBeCloseTo(want, digits);
  });
};

describe('a surrogate', () => {
  const slopes = data.x.map((v) => 1 / (1 + Math.abs(v)) ** 2);
  test('has the value of its formula', () => {
    expect(numbersOf(spike(x))).toEqual([1, 0, 0, 1, 0, 1]);
    expect(numbersOf(g.simplify(spike(x)))).toEqual([1, 0, 0, 1, 0, 1]);
  });
  test('and the slope that is given, to any order', () => {
    const first = grad(g.sum(spike(x)), x);
    expectClose(numbersOf(first), slopes);
    const second = grad(g.sum(first), x);
    const wanted = data.x.map((v) => (-2 * Math.sign(v)) / (1 + Math.abs(v)) ** 3);
    expectClose(numbersOf(second), wanted);
    const third = grad(g.sum(second), x);
    // At 0 the second derivative jumps, and the third is a matter of taste.
    data.x.forEach((v, i) => {
      if (v !== 0) expect(numbersOf(third)[i]).toBeCloseTo(6 / (1 + Math.abs(v)) ** 4, 12);
    });
  });
  test('by the chain rule around it', () => {
    const w = param({ name: 'w' });
    const J = g.sum(g.square(g.sub(spike(g.mul(w, x)), 0.25)));
    const values = { ...data, w: 2 };
    const wanted = data.x.reduce((sum, v) => {
      const y = 2 * v > 0 ? 1 : 0;
      return sum + (2 * (y - 0.25) * v) / (1 + Math.abs(2 * v)) ** 2;
    }, 0);
    expectClose(numbersOf(grad(J, w), values), [wanted]);
    expectClose(numbersOf(g.jvp(spike(x), x, g.constant(1, [2, 3]))), slopes);
  });
  test('is one op, shared where it is the same, which no rule opens', () => {
    expect(spike(x).op).toBe('custom');
    expect(spike(x)).toBe(spike(x));
    expect(g.simplify(spike(x))).toBe(spike(x));
    const again = elementwise('spike', 'x > 0', ['x'], {
      derivative: { x: '1 / (1 + abs(x))^2' },
    });
    expect(again(x)).toBe(spike(x));
    const other = elementwise('spike', 'x > 0', ['x'], { derivative: { x: '1' } });
    expect(other(x)).not.toBe(spike(x));
  });
  test('of numbers is a number', () => {
    expect(spike(3)).toBe(g.constant(1));
    expect(spike(g.constant(-3, [2]))).toBe(g.constant(0, [2]));
  });
  test('prints by its name', () => {
    expect(print(g.mul(2, spike(g.add(x, 1))))).toBe('2 * spike(x + 1)');
    expect(tex(spike(x))).toBe('\\operatorname{spike}(x)');
    expect(print(grad(g.sum(spike(x)), x))).toBe('1 ./ (1 + abs(x)) .^ 2');
    const named = elementwise('a_b_1', 'x', ['x'], { derivative: { x: '2' } })(x);
    expect(tex(named)).toBe('\\operatorname{a\\_b\\_1}(x)');
    expectLatex(tex(named));
    expect(g.toDot(spike(x))).toContain('"spike\\n[2, 3]"');
  });
  test('appears in derivations and equations', () => {
    const X = g.input(2, 'm', { name: 'X' });
    const W = param(1, 2, { name: 'W' });
    const A = g.named(spike(g.named(g.matmul(W, X), 'Z')), 'A');
    const J = g.named(g.mean(g.square(A)), 'J');
    const lines = g.equations(J);
    expect(lines.forward.map(({ name, text }) => `${name} = ${text}`)).toContain('A = spike(Z)');
    expect(lines.backward.map(({ name, text }) => `${name} = ${text}`)).toMatchInlineSnapshot(`
      [
        "dA = 2 * A",
        "dZ = dA ./ (1 + abs(Z)) .^ 2",
        "dW = 1/m * dZ * X'",
      ]
    `);
    expect(g.derivation(J, W).at(-1)!.after).toBe(grad(J, W));
  });
  test('gradCheck reports it, for it is wrong on purpose', () => {
    const values = { x: [0.5, -0.5, 1, 3, -1, 2] };
    expect(g.gradCheck(g.sum(spike(x)), values).ratio).toBeGreaterThan(0.5);
    // The derivative of the given slope is a true one.
    expect(g.gradCheck(g.sum(spike(x)), values, { order: 2 }).ratio).toBeLessThan(1e-7);
  });
});

describe('a straight-through estimator', () => {
  const binary = elementwise('binary', 'sign(x)', ['x'], { derivative: { x: 'abs(x) <= 1' } });
  test('passes the cotangent on', () => {
    expect(numbersOf(grad(g.sum(binary(x)), x))).toEqual([1, 1, 1, 0, 1, 0]);
    const identity = elementwise('quantized', 'round(4 * x) / 4', ['x'], {
      derivative: { x: '1' },
    });
    expect(grad(g.sum(identity(x)), x)).toBe(g.constant(1, [2, 3]));
  });
  test('or lets nothing through', () => {
    const stopped = elementwise('stopped', 'x^2', ['x'], { derivative: { x: '0' } });
    expect(grad(g.sum(stopped(x)), x)).toBe(g.constant(0, [2, 3]));
  });
});

describe('several arguments', () => {
  const soft = elementwise('soft', 'x > t ? x - t : x < -t ? x + t : 0', ['x', 't'], {
    derivative: { t: '-sign(x)' },
  });
  const t = param(2, 1, { name: 't' });
  const values = { ...data, t: [1, 0.25] };
  test('broadcast', () => {
    expect(soft(x, t).shape).toEqual([2, 3]);
    expectClose(numbersOf(soft(x, t), values), [0, 0, 0, 2.75, -0.75, 1.75]);
    expect(print(soft(x, t))).toBe('soft(x, t)');
  });
  test('have the derivative of the formula where none is given', () => {
    const [dx, dt] = grad(g.sum(soft(x, t)), [x, t]);
    expectClose(numbersOf(dx!, values), [0, 0, 0, 1, 1, 1]);
    expectClose(numbersOf(dt!, values), [0, -1]);
  });
  test('a derived slope does not take what a choice leaves out', () => {
    const f = elementwise('f', 'x > 0 ? k * log(x) : 0', ['x', 'k'], { derivative: { k: '1' } });
    const [dx] = grad(g.sum(f(x, 2)), [x]);
    expectClose(numbersOf(dx!), [4, 0, 0, 2 / 3, 0, 1]);
  });
  test('an argument that the formula does not need', () => {
    const f = elementwise('f', '2 * x', ['x', 'y'], { derivative: { y: 'x' } });
    const y = param(2, 3, { name: 'y' });
    const both = { ...data, y: data.x };
    const [dx, dy] = grad(g.sum(f(x, y)), [x, y]);
    expect(numbersOf(dx!, both)).toEqual([2, 2, 2, 2, 2, 2]);
    expect(numbersOf(dy!, both)).toEqual(data.x);
  });
  test('the order is that of the list, or of the formula', () => {
    const f = elementwise('f', 'b - a', undefined, { derivative: { a: '-1' } });
    expect(numbersOf(f(5, 2))).toEqual([3]);
    const h = elementwise('f', 'b - a', ['a', 'b'], { derivative: { a: '-1' } });
    expect(numbersOf(h(5, 2))).toEqual([-3]);
  });
});

describe('a true derivative', () => {
  const softplus = elementwise('plus', 'log(1 + exp(x))', ['x'], {
    derivative: { x: '1 / (1 + exp(-x))' },
  });
  test('passes gradCheck', () => {
    const J = g.mean(g.square(softplus(x)));
    expect(g.gradCheck(J, data).ratio).toBeLessThan(1e-7);
    expect(g.gradCheck(J, data, { order: 2 }).ratio).toBeLessThan(1e-7);
  });
  test('and the formulas are stabilized, in float32 too', () => {
    const s = param({ name: 's' });
    for (const v of [-1000, -89, -20, 0, 20, 89, 1000]) {
      const want = Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
      const slope = grad(softplus(s), s);
      expect(numbersOf(softplus(s), { s: v })[0]).toBeCloseTo(want, 12);
      // A few units in the last place of a float32, 6e-8.
      const near = 1e-6 * Math.max(want, 1e-30);
      expect(Math.abs(inFloat32(softplus(s), { s: v }) - want)).toBeLessThanOrEqual(near);
      expect(inFloat32(slope, { s: v })).toBeCloseTo(1 / (1 + Math.exp(-v)), 6);
    }
  });
});

test('types: the keys of the derivative are the arguments', () => {
  expectTypeOf(spike).parameters.toEqualTypeOf<[g.Operand]>();
  const of = { derivative: { y: 'x' } };
  // @ts-expect-error there is no argument y
  expect(() => elementwise('f', 'x', ['x'], { derivative: { y: '1' } })).toThrow('by y');
  // @ts-expect-error nor here
  expect(() => elementwise('f', 'x', ['x'], of)).toThrow('by y');
  // @ts-expect-error a text
  expect(() => elementwise('f', 'x', ['x'], { derivative: { x: 1 } })).toThrow('is no text');
  const two = elementwise('f', 'x * y', ['x', 'y'], { derivative: { y: 'x' } });
  expectTypeOf(two).parameters.toEqualTypeOf<[g.Operand, g.Operand]>();
  // @ts-expect-error one argument is missing
  expect(() => two(x)).toThrow('takes 2 arguments, not 1');
});

describe('errors', () => {
  const given = (derivative: unknown, formula = 'x^2') =>
    elementwise('f', formula, ['x'], { derivative } as never);
  test.each([
    ['a derivative by no argument', () => given({ y: '1' })],
    ['of the prototype', () => given(JSON.parse('{"__proto__": "1"}'))],
    ['no object', () => given('2 * x')],
    ['nothing', () => given(null)],
    ['no text', () => given({ x: 2 })],
    ['a derivative that cannot be read', () => given({ x: '2 * (x' })],
    ['with an unknown name', () => given({ x: '2 * z' })],
    ['with a sum over an axis', () => given({ x: 'sum(x)' })],
    ['of several lines', () => given({ x: 'x; y = x' })],
    ['with itself', () => given({ x: 'f(x)' })],
    ['a name that is taken', () => elementwise('tanh', 'x', ['x'], { derivative: { x: '1' } })],
    ['no options', () => elementwise('f', 'x', ['x'], 'x' as never)],
    ['random bits', () => given({ x: 'dropout(x, 0.5, 1)' })],
    [
      'too long',
      () => given({ x: Array.from({ length: 600 }, (_, i) => `sin(${i + 2} * x)`).join(' + ') }),
    ],
  ])('%s', (_, make) => {
    let message = 'nothing was thrown';
    try {
      make();
    } catch (error) {
      expect(error).toBeInstanceOf(g.ChainruleError);
      message = String(error);
    }
    expect(message).toContain('fix: ');
    expect(message).toMatchSnapshot();
  });
  test('a derivative of nothing changes nothing', () => {
    const plain = elementwise('f', 'x * 2', ['x'])(x);
    expect(given({}, 'x * 2')(x)).toBe(plain);
    expect(given({ x: undefined }, 'x * 2')(x)).toBe(plain);
  });
});

/** Formulas that mathjs can differentiate, at numbers where they are defined. */
const FORMULAS = [
  'x^3 - 2 * x + 1',
  '1 / (1 + x^2)',
  'sqrt(1 + x^2)',
  'exp(-x^2 / 2)',
  'x * exp(x)',
  'log(1 + exp(x))',
  'log(1 + x^2)',
  'sin(3 * x) * cos(x)',
  'tan(x / 4)',
  'asin(x / 4)',
  'acos(x / 4)',
  'atan(x)^2',
  'sinh(x) / cosh(x)',
  'asinh(2 * x)',
  'atanh(x / 4)',
  'x * tanh(log(1 + exp(x)))',
  'tanh(sin(x) + x^2)',
  'abs(x) / (1 + abs(x))',
  '(x + 2)^2.5',
  '(x + 1) / (x^2 + x + 1) - exp(sin(x))',
  'log10(x^2 + 1) + cbrt(x + 2)',
  '2^x + 3 * pi * x',
];

describe('mathjs agrees on derived slopes', () => {
  test.each(FORMULAS)('%s', (formula) => {
    // The slope of y is given so that f is an op of its own; that of x is derived.
    const f = elementwise('f', `${formula} + y`, ['x', 'y'], { derivative: { y: '1' } });
    const s = param({ name: 'x' });
    const first = grad(f(s, 0), s);
    const second = grad(first, s);
    const [d1, d2] = [theirs(formula, 'x'), theirs(theirs(formula, 'x'), 'x')];
    for (const at of [-1.7, -0.6, 0.3, 0.9, 1.8]) {
      const wanted = [d1, d2].map((d) => d.evaluate({ x: at }) as number);
      const found = g.interpretAll([first, second], { x: at }).map(({ data }) => data[0]!);
      wanted.forEach((want, i) => {
        // Both round a few dozen operations; terms may cancel.
        const near = 1e-12 * Math.max(1, Math.abs(want));
        expect(Math.abs(found[i]! - want), `order ${i + 1} at ${at}`).toBeLessThanOrEqual(near);
      });
    }
  });
});
