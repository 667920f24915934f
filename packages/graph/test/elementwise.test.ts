// Custom elementwise functions: what they unfold into, their derivatives, their errors.
import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  add,
  ChainruleError,
  constant,
  elementwise,
  exp,
  grad,
  gradCheck,
  input,
  interpret,
  log,
  mean,
  mul,
  type Operand,
  param,
  print,
  simplify,
  tanh,
} from '../src/index.ts';

const mish = elementwise('mish', 'x * tanh(log(1 + exp(x)))');

describe('elementwise', () => {
  const x = param(2, 3, { name: 'x' });
  test('unfolds into the ops of its formula', () => {
    expect(mish(x)).toBe(mul(x, tanh(log(add(1, exp(x))))));
  });
  test('is stabilized like them', () => {
    expect(print(simplify(mish(x)))).toBe('x .* tanh(softplus(x))');
    const far = interpret(simplify(mish(x)), { x: [1000, -1000, 89, -89, 0, 1] });
    for (const value of far.data) expect(Number.isFinite(value)).toBe(true);
  });
  test('has the derivative of its formula', () => {
    const data = { x: [0.3, -2, 4, 1.5, -0.1, 0.7] };
    expect(gradCheck(mean(mish(x)), data).ratio).toBeLessThan(1e-9);
    expect(gradCheck(mean(grad(mean(mish(x)), x)), data).ratio).toBeLessThan(1e-7);
  });
  test('takes several arguments, which broadcast, in the order of their first appearance', () => {
    const huber = elementwise('huber', 'abs(x) < d ? x ^ 2 / 2 : d * (abs(x) - d / 2)');
    const d = input({ name: 'd' });
    const value = interpret(huber(x, d), { x: [0.5, -0.5, 2, -2, 0, 1], d: 1 });
    expect([...value.data]).toEqual([0.125, 0.125, 1.5, 1.5, 0, 0.5]);
    expect(huber(x, d).shape).toEqual([2, 3]);
    const swapped = elementwise('g', 'x - y', ['y', 'x']);
    expect(interpret(swapped(1, 5), {}).data[0]).toBe(4);
  });
  test('uses the constants of formulas', () => {
    const f = elementwise('f', 'pi * x + e');
    expect(interpret(f(2), {}).data[0]).toBeCloseTo(2 * Math.PI + Math.E, 12);
  });
  test('is typed by the names of its arguments', () => {
    const huber = elementwise('huber', 'abs(x) < d ? x^2 / 2 : d * (abs(x) - d / 2)', ['x', 'd']);
    expectTypeOf(huber).parameters.toEqualTypeOf<[Operand, Operand]>();
    // @ts-expect-error one argument is missing
    expect(() => huber(x)).toThrow('call huber(x, d)');
    // @ts-expect-error one argument is too many
    expect(() => huber(x, 1, 2)).toThrow('takes 2 arguments, not 3');
    expectTypeOf(mish).parameters.toEqualTypeOf<Operand[]>();
  });
  test('reads conditions in conditions, logic, and sizes of steps', () => {
    const steps = elementwise('steps', 'x > 1 ? 1 : x < -1 ? -1 : x > 0 and x < 0.5 ? 0 : x', [
      'x',
    ]);
    const data = { x: [2, -3, 0.25, 0.75, -0.5, 1] };
    expect([...interpret(steps(x), data).data]).toEqual([1, -1, 0, 0.75, -0.5, 1]);
    const J = mean(elementwise('leaky', 'x > 0 ? x : 0.1 * x')(x));
    expect(gradCheck(J, data).ratio).toBeLessThan(1e-9);
  });
  test('of numbers is a number', () => {
    expect(elementwise('f', '2 * x + y')(3, 4)).toBe(constant(10));
  });
  test.each([
    ['a sum over an axis', () => elementwise('f', 'x / sum(x)')],
    ['several lines', () => elementwise('f', 'x; y = x')],
    ['no formula', () => elementwise('f', '')],
    ['no text', () => elementwise('f', 1 as never)],
    ['a name that is none', () => elementwise('my f', 'x')],
    ['an argument of its own name', () => elementwise('x', 'x + 1')],
    ['two arguments of one name', () => elementwise('f', 'x', ['x', 'x'])],
    ['an argument that is no name', () => elementwise('f', 'x', ['x', '2y'])],
    ['no list of arguments', () => elementwise('f', 'x', 'x' as never)],
    ['an index', () => elementwise('f', 'x[1]')],
    ['a function definition', () => elementwise('f', 'g(x) = x')],
  ])('%s says what to do', (_, make) => {
    let message = 'nothing was thrown';
    try {
      make();
    } catch (error) {
      expect(error).toBeInstanceOf(ChainruleError);
      message = String(error);
    }
    expect(message).toMatchSnapshot();
  });
  test.each([
    ['a syntax error', () => elementwise('f', 'x * (1 + ')],
    ['an unknown function', () => elementwise('f', 'foo(x)')],
    ['a wrong number of arguments', () => mish(x, x)],
    ['an argument that is missing', () => elementwise('f', 'x + y', ['x'])],
    ['shapes that do not fit', () => elementwise('f', 'x + y')(x, param(2, 2))],
  ])('%s is an error with a fix', (_, make) => {
    expect(make).toThrow(/fix: /);
  });
});
