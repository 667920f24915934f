// Rules about exponentials and logarithms, of sums and products too.
import type { Node } from '../../node.ts';
import { abs, add, exp, expm1, log, log1p, mul, sub } from '../../ops.ts';
import { termsOf } from '../collect.ts';
import { INVERSE, OVERFLOW, type Rule, rule } from './rule.ts';

/** Is exp of it at most 1: the logarithm of a softmax? */
const isLogSoftmax = (x: Node): boolean =>
  termsOf(x).some((term) =>
    [...term.factors.keys()].some((f) => [f, ...f.src].some((n) => n.op === 'logsumexp')),
  );

export const exponentialRules = (): readonly Rule[] => [
  rule('log-exp', 'log exp', (x) => [log(exp(x)), x], OVERFLOW),
  rule(
    'exp-log',
    'exp log',
    (x) => [exp(log(x)), x],
    'the rounding of the logarithm is magnified by exp',
  ),
  rule('exp-log1p', 'exp log1p', (x) => [exp(log1p(x)), add(1, x)], INVERSE),
  rule('expm1-log', 'expm1 log', (x) => [expm1(log(x)), sub(x, 1)], INVERSE),
  rule('expm1-log1p', 'expm1 log1p', (x) => [expm1(log1p(x)), x], INVERSE),
  rule('log1p-expm1', 'log1p expm1', (x) => [log1p(expm1(x)), x], OVERFLOW),
  rule('log-of-exps', 'log mul', (x, y) => [log(mul(exp(x), y)), add(x, log(y))], OVERFLOW),
  rule('log-log1p', 'log add', (x) => [log(add(1, x)), log1p(x)], '1 + 1e-8 is 1 in float32'),
  rule(
    'log1p-log',
    'log1p add',
    (x) => [log1p(sub(x, 1)), log(x)],
    '1 is taken away and added again',
  ),
  rule('exp-expm1', 'add exp', (x) => [add(exp(x), -1), expm1(x)], 'exp(1e-8) is 1 in float32'),
  rule(
    'expm1-exp',
    'add expm1',
    (x) => [add(expm1(x), 1), exp(x)],
    '1 is taken away and added again',
  ),
  rule(
    'product-of-exps',
    'mul exp',
    (x, y) => [mul(exp(x), exp(y)), exp(add(x, y))],
    '0 times Infinity is NaN',
    {
      when: (x, y) => x !== y && !(isLogSoftmax(x!) && isLogSoftmax(y!)),
    },
  ),
  rule('abs-of-exp', 'abs exp', (x) => [abs(exp(x)), exp(x)], 'it is positive'),
];
