// Slips in calls of the public functions: whatever is passed, a graph of sizes comes back or an
// error that says what is wrong, never a crash or a graph of nonsense.
import { describe, expect, test } from 'vitest';
import { isDim } from '../src/checks.ts';
import * as g from '../src/index.ts';
import { input, param, reachable } from '../src/index.ts';

const A = param(3, 4, { name: 'A' });
const v = param(5, { name: 'v' });
const s = param({ name: 's' });
const M = param(2, 'm', { name: 'M' });

/** What people pass by mistake, and what nobody would. */
const slips: readonly unknown[] = [
  ...[undefined, null, true, 'x', '', 'ij->ji', 10n, Symbol('s'), () => 1, new Date(0)],
  ...[Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 1, 1.5, 2 ** 40, 1e308],
  ...[[], [0], [-1], [1.5], [Number.NaN], [undefined], [null], ['a b'], [0, 0], ['m', -1], [[1]]],
  ...[[1e9, 1e9, 1e9], [{ start: Number.NaN }], [{ step: 0 }], [[1, Number.NaN]], [A, v]],
  ...[{}, { axis: 1 }, { seed: 'x' }, { at: A }, { ddof: 'x' }, { name: 5 }, { order: 'x' }],
  ...[{ init: { kind: 'constant', value: 'x' } }, { init: { kind: 'normal' } }],
  ...[Object.create(null), new Float64Array(3), A, v, s],
];

/** They take what only the other packages have: sizes, slots, rows. */
const inner =
  /^(costOf|explain|flatten|solveSizes|bindShape|sizeOf|slotOf|rowOf|structureOf|isLeaf)$/;
/** They take names and formulas, and have slips of their own below. */
const reading = /^(texOfName|elementwise)$/;

const functions = Object.entries(g).filter(
  ([name, f]) =>
    typeof f === 'function' && ![inner, reading, /Error$/].some((pattern) => pattern.test(name)),
) as unknown as [string, (...args: unknown[]) => unknown][];

const calls = slips.flatMap((x) => [
  [x],
  ...[A, v, s, M].flatMap((y) => [
    [y, x],
    [x, y],
  ]),
  [A, 0, x],
  [A, x, x],
  [[3], x],
  [[A, A], x],
  [[A], x, x],
  ['ij->ji', x],
  [g.sum(A), x, A],
  [g.sum(A), { A: x }],
  [g.sum(A), { A: new Float64Array(12) }, x],
]);

function checkResult(x: unknown): void {
  if (Array.isArray(x)) for (const each of x) checkResult(each);
  if (!g.isNode(x)) return;
  for (const node of reachable([x])) {
    expect(node.shape.every(isDim), `${node.op}: [${node.shape}]`).toBe(true);
    if (node.op === 'const') expect(typeof node.attr.value).toBe('number');
    if ('axes' in node.attr) expect(node.attr.axes.every(Number.isInteger)).toBe(true);
  }
}

test.each(functions)('%s takes slips', (_, f) => {
  for (const args of [[], ...calls]) {
    try {
      checkResult(f(...args));
    } catch (error) {
      if (!(error instanceof g.ChainruleError)) throw error;
    }
  }
});

describe('what is wrong is said', () => {
  const any = g as unknown as Record<string, (...args: unknown[]) => unknown>;
  test.each<readonly [string, () => unknown, string]>([
    ['keepdims', () => any['sum']!(A, 0, true), 'sum: true is no object'],
    ['a typo', () => any['sum']!(A, 0, { keepDims: true }), 'there is no option keepDims'],
    ['gelu', () => any['gelu']!(A, 'tanh'), 'gelu: "tanh" is no object'],
    ['dropout', () => any['dropout']!(A, 0.5, 1), 'uniform: 1 is no object'],
    ['argmax', () => any['argmax']!(A, [0, 1]), 'argmax: A is [3, 4]: a list is no axis'],
    ['cumsum', () => any['cumsum']!(A, [0, 1]), 'cumsum: A is [3, 4]: a list is no axis'],
    ['concat', () => any['concat']!(A, A), 'concat: an object is no list'],
    ['expand', () => g.expand(s, [2, -1]), 'expand: -1 is no size'],
    ['constant', () => g.constant(0, [2 ** 30, 2 ** 30]), 'elements'],
    ['uniform', () => g.uniform([3, 0]), 'uniform: 0 is no size'],
    ['eye', () => g.eye(1.5), 'eye: 1.5 is no size'],
    ['oneHot', () => g.oneHot(v, 0), 'oneHot: 0 is no size'],
    ['size', () => g.size('a b'), 'size: "a b" is no size'],
    ['input', () => input(2, -1), 'input(2, -1): -1 is no size'],
    ['order', () => any['input']!(2, { order: 'cols' }), 'there is no order "cols"'],
    ['init', () => any['param']!(2, { init: { kind: 'normal' } }), 'the first values are'],
    ['paramsOf', () => any['paramsOf']!(g.sum(A)), 'one node is no list of nodes'],
    ['values', () => any['interpret']!(A), 'interpret: undefined is no object'],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message);
    expect(call).toThrow('fix: ');
  });
});
