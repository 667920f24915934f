// Formulas and JSON as strangers send them: good ones, changed at random by a seeded generator.
import type { Random } from '../../src/index.ts';

/** Formulas that use all of the syntax, over `bindings` of the hostile tests. */
export const FORMULAS: readonly string[] = [
  'Z = W * X + b\nA = sigmoid(Z)\nJ = -mean(Y .* log(A) + (1 - Y) .* log(1 - A))',
  'y = X > 0 ? X : 0.1 * X; z = X > 1 ? 1 : X < -1 ? -1 : X',
  'f(x, k) = x .^ k + tanh(x)\ny = f(X, 2) + f(f(X, 3), 0.5)',
  "g(x) = x * x'\nh(x) = g(g(x))\ny = h(W); z = h(W')",
  'y = W[1:2, :] + W[end - 1 : end, 1:2:3] # rows',
  "y = W[2, 3] * expand(s, [3, m]) + permute(X, [1, 0])'",
  'y = sum(T, [0, 2]) ./ softmax(T, -1) .* logsumexp(T, 1)',
  'y = not (X > 0 and X < 1) or X == 2 xor X != 3',
  'y = max(min(X, 1), -1) + where(X < 0, 0, X) + leakyRelu(X, 0.3)',
  "a = 1e-3; b1 = a * 2 / m; y = (W' * (W *\n X)) * b1 # comment 'with' \"quotes\"",
  'y = X .^ 2 ./ 3 - 2X + 1/2 s; z = y % 2 mod 3',
  'J = mean((W * X - Y) .^ 2) + 0.1 / (2 * m) * sum(W .^ 2)',
  'mu = mean(X, 1); v = mean((X - mu) .^ 2, 1); y = (X - mu) ./ sqrt(v + 1e-5)',
  'E = exp(X - maxOver(X, 0)); y = E ./ sum(E, 0)',
  "y = -X' * -X; z = -(-(-s)) ^ 3 ^ 0.5; u = +s",
  'y = 0 < X < 1 <= X; z = abs(sign(relu(softplus(expm1(log1p(X))))))',
];

const TOKENS: readonly string[] = [
  ...'()[]{},;:?.=+-*/^%!\'"#<>&|~\\@$`_ \t\n\r\0'.split(''),
  ...'.* ./ .^ == != <= >= << >>> ?? ?. ^| '.split(' '),
  ...'and or not xor mod to in end true false null undefined NaN Infinity i pi e'.split(' '),
  ...'X Y W b s T m n f g x y z J 0 1 2 -1 0.5 1e3'.split(' '),
  ...'1e999 1e-999 0x1F 0b2 0xZ 1.2.3 .5. 99999999999999999999 .^1e9 ^-1e9 !'.split(' '),
  ...'__proto__ constructor toString hasOwnProperty valueOf this globalThis process'.split(' '),
  'import("fs")',
  'eval("pwned()")',
  'pwned()',
  'X.constructor("pwned()")()',
  'f = function() { pwned() }',
  '{a: 1, "__proto__": X}',
  '__proto__ = X\n',
  'constructor = X; ',
  'f(x) = f(x); ',
  'f(f) = f; ',
  'X[1, 2] = 3; ',
  'x = y = 2',
  '5 cm to inch',
  '"text"',
  "'text'",
  '\u00a0\u2028\ufeff',
  'αβγ',
  '𝔸',
  '\ud835',
  '😀',
  '%(1%(',
  'expand(X, [',
  'sum(X, [0, 0])',
  '[1, 2; 3, 4]',
  'softmax(',
];

const pick = <T>(random: Random, list: readonly T[]): T => list[random.integer(list.length)]!;

/** A formula, changed in up to three places; some parts many times over. */
export function mutatedFormula(random: Random): string {
  let text = pick(random, FORMULAS);
  const changes = 1 + random.integer(3);
  for (let i = 0; i < changes; i++) text = pick(random, TEXT_CHANGES)(text, random);
  return text;
}

type TextChange = (text: string, random: Random) => string;

const span = (text: string, random: Random): [number, number] => {
  const from = random.integer(text.length + 1);
  return [from, Math.min(text.length, from + random.integer(12))];
};

const insert = (text: string, at: number, what: string): string =>
  text.slice(0, at) + what + text.slice(at);

/** A name for a name, a number for a number, a sign for a sign: what often is a formula again. */
const exchange: TextChange = (text, random) => {
  const kinds = [
    [/[A-Za-z]\w*/g, ['X', 'Y', 'W', 'b', 's', 'T', 'm', 'tanh', 'exp', 'sum', 'softmax', 'max']],
    [/\d+(?:\.\d+)?/g, ['0', '1', '2', '3', '0.5', '1e9', '1e-9', '1e308', 'Infinity', 'NaN']],
    [/\.?[*/^]|[-+<>]|==|and|or|mod/g, ['+', '-', '.*', './', '.^', '*', '<', '==', ' and ', '%']],
  ] as const;
  const [pattern, words] = pick(random, kinds);
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const { 0: word, index } = pick(random, found);
  return text.slice(0, index) + pick(random, words) + text.slice(index + word.length);
};

const TEXT_CHANGES: readonly TextChange[] = [
  ...[exchange, exchange, exchange, exchange, exchange, exchange],
  (text, random) => insert(text, random.integer(text.length + 1), pick(random, TOKENS)),
  (text, random) => insert(text, random.integer(text.length + 1), pick(random, TOKENS)),
  (text, random) => {
    const [from, to] = span(text, random);
    return text.slice(0, from) + text.slice(to);
  },
  (text, random) => {
    const [from, to] = span(text, random);
    return text.slice(0, from) + pick(random, TOKENS) + text.slice(to);
  },
  (text, random) => {
    const [from, to] = span(text, random);
    // Mostly a few times, sometimes up to the limit of a text.
    const times = random.integer(20) === 0 ? random.integer(3000) : random.integer(5);
    return insert(text, from, text.slice(from, to).repeat(times));
  },
  (text, random) => {
    const token = pick(random, TOKENS);
    const times = random.integer(20) === 0 ? random.integer(3000) : random.integer(5);
    return insert(text, random.integer(text.length + 1), token.repeat(times));
  },
  (text, random) => {
    const other = pick(random, FORMULAS);
    return text.slice(0, span(text, random)[0]) + other.slice(span(other, random)[0]);
  },
  (text, random) => {
    const code = random.integer(10) === 0 ? random.integer(65536) : random.integer(128);
    const at = random.integer(text.length + 1);
    return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
  },
  (text, random) => {
    const [from, to] = span(text, random);
    const depth = random.integer(20) === 0 ? random.integer(3000) : random.integer(6);
    const inside = text.slice(from, to);
    return `${text.slice(0, from)}${'('.repeat(depth)}${inside}${')'.repeat(depth)}${text.slice(to)}`;
  },
];

const VALUES: readonly unknown[] = [
  ...[null, true, '', '__proto__', 'constructor', 'm', 'NaN', 'Infinity', 'x'.repeat(2000)],
  ...[0, 1, 2, 3, -1, 0.5, 1e9, 2 ** 40, 1e308, -0],
  ...[
    [],
    [0],
    [1],
    [1, 0],
    [0, 1],
    [0, 1, 2],
    [[]],
    ['m'],
    [3, 'm'],
    [1, 1],
    new Array(50).fill(1),
  ],
  ...[{}, { axes: [0] }, { axes: [1, 0] }, { dims: [0, 1] }, { exponent: 1e9 }, { value: 'NaN' }],
  JSON.parse('{ "__proto__": { "op": "const" } }'),
  ...'add mul pow exp log sum permute expand matmul where const size param hole eval'.split(' '),
];

/** JSON, changed in up to four places: parts lost, exchanged, doubled, or of another kind. */
export function mutatedJson(json: unknown, random: Random): unknown {
  const copy = structuredClone(json);
  const holder = { json: copy };
  const changes = 1 + random.integer(4);
  for (let i = 0; i < changes; i++) changeOne(holder, random);
  return holder.json;
}

type Parent = Record<string, unknown>;

function changeOne(holder: Parent, random: Random): void {
  let parent = holder;
  let key = 'json';
  // Downwards, until a leaf or until chance says here.
  for (;;) {
    const value = parent[key];
    if (typeof value !== 'object' || value === null) break;
    const keys = Object.keys(value);
    if (keys.length === 0 || random.integer(8) === 0) break;
    parent = value as Parent;
    key = pick(random, keys);
  }
  switch (random.integer(5)) {
    case 0:
      if (parent !== holder) delete parent[key];
      return;
    case 1:
      parent[pick(random, Object.keys(parent))] = structuredClone(parent[key]);
      return;
    case 2:
      if (typeof parent[key] === 'number') {
        parent[key] = (parent[key] as number) + random.integer(5) - 2;
        return;
      }
      parent[key] = structuredClone(pick(random, VALUES));
      return;
    default:
      parent[key] = structuredClone(pick(random, VALUES));
  }
}
