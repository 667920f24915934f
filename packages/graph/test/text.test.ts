// Functions that a text defines, its indices, and where its errors point.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as g from '../src/index.ts';
import { math, type Node, param } from '../src/index.ts';

const X = g.input(4, 'm', { name: 'X' });
const W = param(4, 3, { name: 'W' });
const V = param(2, 5, { name: 'V' });
const T = param(2, 3, 5, { name: 'T' });
const bindings = { X, W, V, T };

const failure = (text: string): string => {
  try {
    math(bindings)(text);
  } catch (error) {
    expect(error).toBeInstanceOf(g.ChainruleError);
    return String(error);
  }
  return 'nothing was thrown';
};

describe('functions', () => {
  test('stand for what they are put in place of', () => {
    const { A, B, C } = math(bindings)`
      half = 0.5
      act(z) = half * z .* (1 + tanh(z))   # sees half
      layer(W, x) = act(W' * x)
      A = layer(W, X); B = layer(W, act(X))
      C = act(3)`;
    const act = (z: Node) => g.mul(g.mul(0.5, z), g.add(1, g.tanh(z)));
    expect(A).toBe(act(g.matmul(g.transpose(W), X)));
    expect(B).toBe(act(g.matmul(g.transpose(W), act(X))));
    expect(C).toBe(act(g.constant(3)));
  });

  test('take lists of numbers, and none at all', () => {
    const { a, b } = math(bindings)`
      over(x, axis) = sum(x, axis)
      two() = 2
      a = over(W, 1); b = two() * W`;
    expect(a).toBe(g.sum(W, 1, { keepdims: true }));
    expect(b).toBe(g.mul(2, W));
  });

  test('are no part of the result, and name nothing', () => {
    const result = math({ W })`f(x) = x .* 17 + 1; y = f(W); z = f(W)`;
    expect(Object.keys(result)).toEqual(['W', 'y', 'z']);
    expect(g.print(result['y']!)).toBe('17 * W + 1');
  });

  test('see what stands above them, also when they are called below', () => {
    const { y } = math(bindings)`f(x) = e * x; e = 5; y = f(1)`;
    expect(y).toBe(g.constant(Math.E));
    const { z } = math(bindings)`f(x) = tanh(x); tanh(x) = 7; z = f(W)`;
    expect(z).toBe(g.tanh(W));
  });

  test('may take the place of a built-in one, and use it', () => {
    const { y } = math(bindings)`relu(x) = 2 * relu(x); y = relu(W)`;
    expect(y).toBe(g.mul(2, g.relu(W)));
  });

  test('that call each other twice cost no more than one call each', () => {
    const lines = Array.from({ length: 500 }, (_, i) => `f${i + 1}(x) = f${i}(x) + f${i}(x)`);
    const { y } = math({ W })(['f0(x) = tanh(x)', ...lines, 'y = f500(W)'].join('\n'));
    expect(g.reachable([y!]).length).toBe(502);
  });

  test('that would make too many nodes are an error', () => {
    const lines = Array.from(
      { length: 60 },
      (_, i) => `f${i + 1}(x) = f${i}(x .* 1.5) + f${i}(sin(x))`,
    );
    expect(failure(['f0(x) = tanh(x)', ...lines, 'y = f60(W)'].join('\n'))).toMatch(/50000 oper/);
  });

  test('a mistake deep inside shows the ends of the way to it', () => {
    const lines = Array.from({ length: 100 }, (_, i) => `f${i + 1}(x) = f${i}(x)`);
    const message = failure(['f0(x) = x * x', ...lines, 'y = f100(W)'].join('\n'));
    expect(message).toMatchInlineSnapshot(`
      "ShapeError: in  y = f100(W)   (line 102, column 5)
              ^
        inside f100, which line 101 defines: ...: inside f1, which line 2 defines: inside f0, which line 1 defines: W is [4, 3] and W is [4, 3]: the inner sizes 3 and 4 differ.
        fix: to multiply element by element use .* (mul)."
    `);
  });

  test.each([
    ['an unknown name inside, never called', 'f(x) = x + c'],
    ['an unknown function inside', 'f(x) = foo(x)'],
    ['itself', 'f(x) = f(x - 1)'],
    ['a function that stands below', 'f(x) = h(x)\nh(x) = x'],
    ['too few arguments', 'f(x, y) = x + y\nZ = f(W)'],
    ['shapes inside of a call', 'f(x, y) = x + y\nZ = 1 + f(W, V)'],
    ['shapes inside of a call in a call', 'f(x, y) = x * y\n\nh(x) = f(x, V)\nZ = h(W)'],
    ['two arguments of one name', 'f(x, x) = x'],
    ['no name for an argument', 'f(_x) = 1'],
    ['a name that is taken', 'f(x) = x\nf(y) = y'],
    ['a name that is taken by a node', 'X(x) = x'],
    ['a node of a name that is taken', 'f(x) = x\nf = X'],
    ['a function as a value', 'f(x) = x\ny = f + 1'],
    ['a built-in function as a value', 'y = tanh'],
    ['a definition inside another', 'y = (f(x) = x)'],
    ['an argument outside', 'f(q) = q\ny = q'],
    ['a number that is none inside of a call', 'f(x, a) = sum(x, a)\ny = f(W, X)'],
    ['end outside of an index', 'f(x) = end'],
  ])('%s is an error', (_, text) => {
    expect(failure(text)).toMatchSnapshot();
  });
});

describe('indices count from 1, and ranges have both ends', () => {
  const all = undefined;
  test.each<[string, Node]>([
    ['W[1:3, :]', g.slice(W, [{ start: 0, stop: 3 }, all])],
    ['W[2, :]', g.slice(W, [{ start: 1, stop: 2 }, all])],
    ['W[:, end]', g.slice(W, [all, { start: 2, stop: 3 }])],
    ['W[:, end - 1 : end]', g.slice(W, [all, { start: 1, stop: 3 }])],
    [
      'W[1:2:4, 2:]',
      g.slice(W, [
        { start: 0, stop: 4, step: 2 },
        { start: 1, stop: 3 },
      ]),
    ],
    [
      'W[1:4, 1:3]',
      g.slice(W, [
        { start: 0, stop: 4 },
        { start: 0, stop: 3 },
      ]),
    ],
    [
      'W[end, 1]',
      g.reshape(
        g.slice(W, [
          { start: 3, stop: 4 },
          { start: 0, stop: 1 },
        ]),
        [],
      ),
    ],
    [
      'W[end:end, 1]',
      g.slice(W, [
        { start: 3, stop: 4 },
        { start: 0, stop: 1 },
      ]),
    ],
    ['T[2, :, 1:4]', g.slice(T, [{ start: 1, stop: 2 }, all, { start: 0, stop: 4 }])],
    ['X[1:2, :]', g.slice(X, [{ start: 0, stop: 2 }, all])],
    ['X[:, 1:64]', g.slice(X, [all, { start: 0, stop: 64 }])],
    ["(2 * W)'[1, :]", g.slice(g.transpose(g.mul(2, W)), [{ start: 0, stop: 1 }, all])],
    [
      'tanh(W[1, :])[1, 2]',
      g.reshape(
        g.slice(g.tanh(g.slice(W, [{ start: 0, stop: 1 }, all])), [
          { start: 0, stop: 1 },
          { start: 1, stop: 2 },
        ]),
        [],
      ),
    ],
    ['X[:, 1:end]', X],
  ])('%s', (text, node) => {
    expect(math(bindings)(`y = ${text}`)['y']).toBe(node);
  });

  test('a function reads the end of its own argument', () => {
    const { y } = math(bindings)`last(x) = x[end, :]; y = last(W) .* last(V[:, 1:3])`;
    const ofV = g.slice(g.slice(V, [all, { start: 0, stop: 3 }]), [{ start: 1, stop: 2 }, all]);
    expect(y).toBe(g.mul(g.slice(W, [{ start: 3, stop: 4 }, all]), ofV));
  });

  test.each([
    ['index 0', 'y = W[0, 1]'],
    ['an index beyond the end', 'y = W[:, 2:4]'],
    ['a fraction', 'y = W[1.5, :]'],
    ['an empty range', 'y = W[3:2, :]'],
    ['a step backwards', 'y = W[end:-1:1, :]'],
    ['too many indices', 'y = W[1, 2, 3]'],
    ['too few indices', 'y = T[1, :]'],
    ['an index of a number', 'y = 2 * (3)[1]'],
    ['the end of an axis that has no number', 'y = X[:, 2:end]'],
    ['a node as an index', 'y = W[X, 1]'],
    ['a list as an index', 'y = W[[1, 2], 1]'],
    ['a range outside', 'y = 1:3'],
    ['an unknown name in a range', 'y = W[:, 1:k] + zz'],
    ['an unknown name after ranges', 'y = W[:2, 2:] + W[:, 1:2:] + zz'],
    ['no index', 'y = W[]'],
    ['assigning to an entry', 'W[1, 1] = 2'],
    ['a property', 'y = X.shape'],
    ['a method', 'y = X.sum(W)'],
  ])('%s is an error', (_, text) => {
    expect(failure(text)).toMatchSnapshot();
  });
});

describe('print and math agree on', () => {
  test.each([
    'sum(T, [0, 2])',
    'sum(maxOver(T, 1), 2) .* logsumexp(T, [0, 1])',
    'permute(T, [2, 0, 1])',
    'softmax(T, 0) + logsumexp(T, 2)',
    'permute(expand(sum(W, 0), [4, 3]), [1, 0])',
    "W' * X",
    "-W' * X .* 2",
    'sum(expand(sum(W, 1), [4, 7]))',
    'where(W < 0, 0.5 * W, W)',
    '0.3 * leakyRelu(W, 0.1)',
    '1/m * sum(X, 1) ./ sqrt(sum(X .^ 2, 1))',
  ])('%s', (text) => {
    // Fresh leaves: what other tests have named would print as its name.
    const [X, W, T] = [g.input(4, 'm'), param(4, 3), param(2, 3, 5)];
    const y = math({ X, W, T })(`y = ${text}`)['y']!;
    const again = math({ X, W, T })(`z = ${g.print(y)}`)['z']!;
    expect(g.print(again)).toBe(g.print(y));
  });
});

describe('lists', () => {
  test.each([
    ['a number for a list', 'y = permute(W, 1)'],
    ['a list for a node', 'y = tanh([1, 2])'],
    ['a node in a list', 'y = sum(W, [0, X])'],
    ['a size that is none', 'y = expand(W, [2, 4, 3.5])'],
    ['a list in a list', 'y = permute(W, [[1, 0]])'],
    ['rows in a list', 'y = sum(W, [1; 0])'],
    ['no order', 'y = permute(W, [0, 0])'],
  ])('%s is an error', (_, text) => {
    expect(failure(text)).toMatchSnapshot();
  });
});

describe('an error points at its place, wherever it is', () => {
  const seed = Number(process.env['CHAINRULE_SEED'] ?? 1);
  const atoms = ['W', '2.5', '.5e-3', '1e3', '0x1F', 'sum(W, [0, 1])', 'W[1:2, :]', '(m)', "X'"];
  const term = fc.letrec<{ term: string }>((tie) => ({
    term: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(...atoms),
      fc
        .tuple(
          tie('term'),
          fc.constantFrom(' + ', '.*', ' * ', './', '%', ' and ', ' < ', '^'),
          tie('term'),
        )
        .map((x) => x.join('')),
      tie('term').map((x) => `(${x})`),
      tie('term').map((x) => `-${x}`),
      tie('term').map((x) => `not ${x}`),
      tie('term').map((x) => `max(${x}, 2)`),
      tie('term').map((x) => `expand(${x}, [4, 3])`),
      tie('term').map((x) => `(${x})'`),
      tie('term').map((x) => `W[:, ${x}]`),
      tie('term').map((x) => `W[:2, (${x}):]`),
      tie('term').map((x) => `(W > ${x} ? ${x} : 2)`),
    ),
  })).term;
  test(`seed ${seed}`, () => {
    const formulas = fc.tuple(term, fc.constantFrom(' + ', ' .* ', ' == '), term);
    fc.assert(
      fc.property(formulas, ([left, operator, right]) => {
        const text = `y = ${left}${operator}strange + ${right}`;
        const column = text.indexOf('strange') + 1;
        expect(failure(text)).toContain(`column ${column})`);
      }),
      { seed, numRuns: 500 },
    );
  });
});
