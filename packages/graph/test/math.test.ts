// Formulas as text: the same nodes as calls, and errors that point at the place.
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { input, math, type Node, param } from '../src/index.ts';

const X = input('n', 'm', { name: 'X' });
const Y = input(1, 'm', { name: 'Y' });
const w = param('n', 1, { name: 'w' });
const b = param(1, 1, { name: 'b' });
const s = param({ name: 's' });
const W = param(4, 3, { name: 'W' });
const V = param(2, 5, { name: 'V' });
const bindings = { X, Y, w, b, s, W, V };
const read = (text: string): Node => math(bindings)(`result = ${text}`)['result']!;

describe('text and calls build the same node', () => {
  test.each<[string, Node]>([
    ["w' * X + b", g.add(g.matmul(g.transpose(w), X), b)],
    ["X * X'", g.matmul(X, g.transpose(X))],
    ["(w' * X)'", g.transpose(g.matmul(g.transpose(w), X))],
    ['X + X .* X', g.add(X, g.mul(X, X))],
    ['(X + X) .* X', g.mul(g.add(X, X), X)],
    ['X - Y - b', g.sub(g.sub(X, Y), b)],
    ['X ./ Y ./ b', g.div(g.div(X, Y), b)],
    ['-X .^ 2', g.neg(g.pow(X, 2))],
    ['(-X) .^ 2', g.pow(g.neg(X), 2)],
    ['X .^ -2', g.pow(X, -2)],
    ['2 .^ s', g.pow(2, s)],
    ['s ^ 3 ^ 2', g.pow(s, g.pow(3, 2))],
    ['2 * X', g.mul(2, X)],
    ['X / 2', g.div(X, 2)],
    ['1 / s', g.div(1, s)],
    ['1 ./ X', g.div(1, X)],
    ['2X', g.mul(2, X)],
    ['+X', X],
    ['1e-3 .* X', g.mul(1e-3, X)],
    ['X < Y', g.less(X, Y)],
    ['X > Y', g.greater(X, Y)],
    ['X <= Y', g.lessEqual(X, Y)],
    ['X >= Y', g.greaterEqual(X, Y)],
    ['X == Y', g.equal(X, Y)],
    ['X != Y', g.notEqual(X, Y)],
    ['0 < X < 1', g.mul(g.less(0, X), g.less(X, 1))],
    ['X > 0 ? X : 0.1 .* X', g.where(g.greater(X, 0), X, g.mul(0.1, X))],
    ['X > 0 ? X : X < -1 ? -1 : Y', g.where(g.greater(X, 0), X, g.where(g.less(X, -1), -1, Y))],
    ['where(X > 0, log(X), 0)', g.where(g.greater(X, 0), g.log(X), 0)],
    ['sum(X)', g.sum(X)],
    ['sum(X, 0)', g.sum(X, 0, { keepdims: true })],
    ['mean(X, -1)', g.mean(X, -1, { keepdims: true })],
    ['maxOver(X, 0)', g.maxOver(X, 0, { keepdims: true })],
    ['logsumexp(X, 0)', g.logsumexp(X, 0, { keepdims: true })],
    ['softmax(X)', g.softmax(X)],
    ['logSoftmax(X, 1)', g.logSoftmax(X, 1)],
    ['max(X, 0) + min(Y, s)', g.add(g.max(X, 0), g.min(Y, s))],
    ['leakyRelu(X)', g.leakyRelu(X)],
    ['leakyRelu(X, 0.3)', g.leakyRelu(X, 0.3)],
    ['pow(X, 2)', g.square(X)],
    ['matmul(X, transpose(X))', g.matmul(X, g.transpose(X))],
    ['sum(X) / m', g.div(g.sum(X), g.size('m'))],
    ['pi * s + e', g.add(g.mul(Math.PI, s), Math.E)],
  ])('%s', (text, node) => {
    expect(read(text)).toBe(node);
  });

  test.each(
    Object.entries({
      exp: g.exp,
      log: g.log,
      log1p: g.log1p,
      expm1: g.expm1,
      sqrt: g.sqrt,
      square: g.square,
      abs: g.abs,
      sign: g.sign,
      sin: g.sin,
      cos: g.cos,
      sigmoid: g.sigmoid,
      tanh: g.tanh,
      relu: g.relu,
      softplus: g.softplus,
    }),
  )('%s(X)', (name, f) => {
    expect(read(`${name}(X)`)).toBe(f(X));
  });

  test('values of a template stand for their text', () => {
    const { y } = math({ X })`y = ${2} .* X`;
    expect(y).toBe(g.mul(2, X));
  });
});

describe('lines', () => {
  test('comments, several statements a line, and statements over several lines', () => {
    const [X, Y] = [input('n', 'm'), input(1, 'm')];
    const { c, d, J } = math({ X, Y })`
      # the first two
      a = X + 1; b = a .* Y   # here too
      c = (b +
           a) .* Y;
      d = max(a,
              b)

      J = mean(c + d);`;
    const a = g.add(X, 1);
    const b = g.mul(a, Y);
    expect(c).toBe(g.mul(g.add(b, a), Y));
    expect(d).toBe(g.max(a, b));
    expect(J).toBe(g.mean(g.add(c!, d!)));
  });

  test('Windows line ends', () => {
    const X = input(2, 3);
    const { c } = math({ X })('a = X + 1\r\nc = a .* a\r\n');
    expect(c).toBe(g.mul(g.add(X, 1), g.add(X, 1)));
  });

  test('inputs take the names that they are bound to, nodes those of their lines', () => {
    const { Z, other } = math({ other: input(2, 3) })`Z = other .* 7`;
    expect([g.nameOf(other), g.nameOf(Z!)]).toEqual(['other', 'Z']);
    math({ other })`alias = other .* 7`;
    expect(g.nameOf(Z!)).toBe('Z');
  });

  test('numbers take no name: they are the same everywhere', () => {
    const { y } = math({ lambda: 0.1, x: param(2) })`c = 0.1; half = 1 / 2; y = c .* half .* x`;
    expect(g.print(y!)).toBe('0.05 * x');
    expect(g.print(g.constant(0.1))).toBe('0.1');
  });

  test('a binding without a use is part of the result', () => {
    expect(math({ X })('')).toEqual({ X });
  });
});

describe('errors say what, where and the way out', () => {
  /** What a formula throws, as its user sees it. */
  const failure = (text: string, given: g.Bindings = bindings): string => {
    try {
      math(given)(text);
    } catch (error) {
      expect(error).toBeInstanceOf(g.ChainruleError);
      return String(error);
    }
    return 'nothing was thrown';
  };

  test.each([
    ['syntax', 'Z = (X + '],
    ['syntax in the middle', 'Z = X + * Y'],
    ['an unclosed parenthesis over lines', 'Z = (X +\nY\nJ = mean(Z)'],
    ['an unknown name', "Z = w' * X + c"],
    ['an unknown name, later', 'Z = X .* Y\n  A = sigmoid(z)'],
    ['an unknown function', 'A = sigmiod(X)'],
    ['a product that reads as a call', 'A = X (Y + 1)'],
    ['too few arguments', 'A = max(X)'],
    ['too many arguments', 'A = tanh(X, 1)'],
    ['an axis that is no number', 'A = sum(X, Y)'],
    ['an axis that is not there', 'A = sum(X, 2)'],
    ['shapes of a product', 'Z = W * V'],
    ['shapes of a sum', 'Z1 = sigmoid(W) + \n V'],
    ['shapes of a sum over several lines', 'Z1 = tanh(sigmoid(W) + \n exp(V))'],
    ['redefinition', 'Z = X\nZ = Y'],
    ['redefinition of an input', 'X = Y'],
    ['a matrix to a power', 'Z = X ^ 2'],
    ['division by a matrix', 'Z = Y / X'],
    ['a line without a name', 'X + Y'],
    ['an entry', 'Z = X[1, 2]'],
    ['an array', 'Z = [1, 2]'],
    ['a string', "Z = X + 'text"],
    ['an unknown operator', 'Z = X % 2'],
    ['a function definition', 'f(x) = x'],
    ['several lines, the third', 'A = X + 1\nB = A .* A\nC = B * B'],
  ])('%s', (_, text) => {
    expect(failure(text)).toMatchSnapshot();
  });

  test('names that are none', () => {
    expect(failure('y = 1', { '1x': X })).toMatchSnapshot();
    expect(failure('y = 1', { x: undefined as never })).toMatchSnapshot();
    expect(failure('y = 1', { x: [1, 2] as never })).toMatchSnapshot();
  });
});

describe('a hostile formula', () => {
  const failure = (text: string, given: g.Bindings = { X }): unknown => {
    try {
      return math(given)(text);
    } catch (error) {
      return error;
    }
  };

  test.each([
    'y = constructor',
    'y = X.constructor',
    'y = X["constructor"]',
    'y = constructor(1)',
    'y = cos.constructor("return 1")()',
    'y = toString(X)',
    'y = __proto__',
    'y = hasOwnProperty("x")',
    'y = import("fs")',
    'y = parse("1")',
    'y = evaluate("1")',
    'y = f.apply(1)',
    'y = {a: X}',
    'X.shape = 1',
    'X[0] = 1',
    'function() {}',
    'y = `text`',
  ])('%s is an error of chainrule, and runs nothing', (text) => {
    expect(failure(text)).toBeInstanceOf(g.ChainruleError);
  });

  test.each(['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty'])(
    '%s as a name is one or an error, and never the one of Object',
    (name) => {
      const defined = failure(`${name} = X + 1`);
      if (defined instanceof Error) expect(defined).toBeInstanceOf(g.ChainruleError);
      else expect(Object.getOwnPropertyDescriptor(defined, name)!.value).toBe(g.add(X, 1));
      const bound = failure(
        'y = X',
        Object.fromEntries([
          ['X', X],
          [name, X],
        ]) as g.Bindings,
      );
      if (bound instanceof Error) expect(bound).toBeInstanceOf(g.ChainruleError);
      expect(({} as Record<string, unknown>)['op']).toBeUndefined();
    },
  );

  test.each<[string, string]>([
    ['nested parentheses', `y = ${'('.repeat(1e5)}X${')'.repeat(1e5)}`],
    ['unclosed parentheses', `y = ${'('.repeat(1e5)}`],
    ['nested calls', `y = ${'sin('.repeat(1e5)}X${')'.repeat(1e5)}`],
    ['a chain of powers', `y = X${' .^ 1.5'.repeat(1e5)}`],
    ['signs', `y = ${'-'.repeat(1e5)}X`],
    ['conditions', `y = ${'X > 0 ? 1 : '.repeat(1e5)}2`],
  ])('%s of a hundred thousand levels are an error', (_, text) => {
    const error = failure(text);
    expect(error).toBeInstanceOf(g.FormulaError);
    expect(String(error).length).toBeLessThan(1000);
  });

  test('a formula of five hundred terms is one', () => {
    const sum = failure(`y = X${' + X .* X'.repeat(500)}`);
    const error = sum instanceof Error ? sum : undefined;
    expect(error).toBeUndefined();
  });

  test('a long sum is a formula or an error', () => {
    const sum = failure(`y = X${' + X'.repeat(1e5)}`);
    if (sum instanceof Error) expect(sum).toBeInstanceOf(g.FormulaError);
  });
});
