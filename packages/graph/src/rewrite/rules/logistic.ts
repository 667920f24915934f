// Rules about sigmoid, softplus and tanh, and the exponentials that people write for them.
import { constant } from '../../leaves.ts';
import type { Node } from '../../node.ts';
import {
  abs,
  add,
  exp,
  expm1,
  less,
  log,
  log1p,
  mul,
  neg,
  pow,
  sigmoid,
  softplus,
  sub,
  tanh,
  where,
} from '../../ops.ts';
import { keyOf, monomialOf } from '../monomial.ts';
import { INVERSE, NEAR_0, ONE, OVERFLOW, type Rule, rule } from './rule.ts';

/** Is it 2 v or -2 v? Then a sigmoid of it is half of a tanh. */
const isDouble = (x: Node): boolean => Math.abs(monomialOf(x).coefficient) === 2;

/** Does one grow without bound where the other falls: x and -2 x? */
function areOpposite(x: Node, y: Node): boolean {
  const [p, q] = [monomialOf(x), monomialOf(y)];
  return p.coefficient * q.coefficient < 0 && keyOf(p) === keyOf(q);
}

const SATURATED = '1 - sigmoid(17) is 0 in float32';

/** 1 + exp(x) and what is made of it. */
export const logisticRules = (): readonly Rule[] => [
  rule(
    'log-sigmoid',
    'log sigmoid',
    (x) => [log(sigmoid(x)), neg(softplus(neg(x)))],
    'sigmoid(-90) is 0 in float32',
  ),
  rule('log-1-sigmoid', 'log add', (x) => [log(sub(1, sigmoid(x))), neg(softplus(x))], SATURATED),
  rule('log1p-sigmoid', 'log1p mul', (x) => [log1p(neg(sigmoid(x))), neg(softplus(x))], SATURATED),
  rule(
    'log-of-sigmoids',
    'log mul',
    (x, y) => [log(mul(sigmoid(x), y)), add(log(y), neg(softplus(neg(x))))],
    'a product of probabilities underflows',
  ),
  rule('softplus', 'log add', (x) => [log(add(1, exp(x))), softplus(x)], OVERFLOW),
  rule('softplus-log1p', 'log1p exp', (x) => [log1p(exp(x)), softplus(x)], OVERFLOW),
  rule('softplus-of-log', 'softplus log', (x) => [softplus(log(x)), log1p(x)], ONE),
  rule('logistic', 'mul add', (x) => [pow(add(1, exp(x)), -1), sigmoid(neg(x))], OVERFLOW),
  rule('logistic-up', 'mul sigmoid', (x) => [mul(exp(x), sigmoid(neg(x))), sigmoid(x)], OVERFLOW),
  rule(
    'logistic-of-two',
    'mul exp',
    (x, y) => [mul(exp(x), pow(add(exp(x), exp(y)), -1)), sigmoid(sub(x, y))],
    'a softmax over two classes: exp(89) overflows float32',
  ),
  rule(
    'exp-times-sigmoid',
    'mul sigmoid',
    (x, y) => [mul(exp(x), sigmoid(y)), exp(sub(x, softplus(neg(y))))],
    '0 times Infinity is NaN',
    { when: (x, y) => areOpposite(x!, y!) },
  ),
  rule(
    'odds',
    'mul sigmoid',
    (x) => [mul(sigmoid(x), pow(sigmoid(neg(x)), -1)), exp(x)],
    'sigmoid(-90) is 0',
  ),
  rule(
    'sigmoid-of-logit',
    'sigmoid log',
    (x) => [sigmoid(log(mul(x, pow(sub(1, x), -1)))), x],
    INVERSE,
  ),
  rule(
    'sigmoid-of-logits',
    'sigmoid add',
    (x) => [sigmoid(sub(log(x), log1p(neg(x)))), x],
    INVERSE,
  ),
  rule(
    'one-minus-sigmoid',
    'add sigmoid',
    (x) => [sub(1, sigmoid(x)), sigmoid(neg(x))],
    SATURATED,
    { alone: true },
  ),
  rule(
    'one-minus-tanh',
    'add tanh',
    (x) => [sub(1, tanh(x)), mul(2, sigmoid(mul(-2, x)))],
    '1 - tanh(10) is 0 in float32',
    { alone: true },
  ),
  rule(
    'one-plus-tanh',
    'add tanh',
    (x) => [add(1, tanh(x)), mul(2, sigmoid(mul(2, x)))],
    '1 + tanh(-10) is 0 in float32',
    { alone: true },
  ),
  rule(
    'log-1-tanh',
    'log add',
    (x) => [
      log(sub(1, tanh(x))),
      where(less(x, 0.5), log1p(neg(tanh(x))), sub(Math.LN2, softplus(mul(2, x)))),
    ],
    '1 - tanh(10) is 0 in float32',
  ),
  rule(
    'log-1-plus-tanh',
    'log add',
    (x) => [
      log(add(1, tanh(x))),
      where(less(-0.5, x), log1p(tanh(x)), sub(Math.LN2, softplus(mul(-2, x)))),
    ],
    '1 + tanh(-10) is 0 in float32',
  ),
  rule(
    'log-tanh-slope',
    'log add',
    (x) => [
      log(sub(1, pow(tanh(x), 2))),
      where(
        less(abs(x), 1),
        log1p(neg(pow(tanh(x), 2))),
        sub(2 * Math.LN2, add(mul(2, x), mul(2, softplus(mul(-2, x))))),
      ),
    ],
    '1 - tanh(10)^2 is 0 in float32',
  ),
  rule('exp-softplus', 'exp mul', (x) => [exp(neg(softplus(x))), sigmoid(neg(x))], ONE),
  rule('exp-of-softplus', 'exp softplus', (x) => [exp(softplus(x)), add(1, exp(x))], INVERSE),
  rule('expm1-of-softplus', 'expm1 softplus', (x) => [expm1(softplus(x)), exp(x)], INVERSE),
  rule(
    'softplus-mirrored',
    'add softplus',
    (x) => [sub(softplus(x), x), softplus(neg(x))],
    'softplus(20) - 20 is 0 in float32',
  ),
  rule(
    'softplus-difference',
    'add softplus',
    (x) => [sub(softplus(x), softplus(neg(x))), x],
    'the logit of a sigmoid is its argument',
  ),
  rule(
    'sigmoid-difference',
    'add sigmoid',
    (x) => [sub(sigmoid(x), sigmoid(neg(x))), tanh(mul(0.5, x))],
    NEAR_0,
  ),
  rule(
    'sigmoid-sum',
    'add sigmoid',
    (x) => [add(sigmoid(x), sigmoid(neg(x))), constant(1)],
    'they are 1',
  ),
  rule(
    'tanh-of-half',
    'mul sigmoid',
    (x) => [mul(expm1(x), sigmoid(neg(x))), tanh(mul(0.5, x))],
    OVERFLOW,
  ),
  rule(
    'tanh-of-sigmoid',
    'add sigmoid',
    (x) => [sub(mul(2, sigmoid(x)), 1), tanh(mul(0.5, x))],
    NEAR_0,
    {
      when: (x) => isDouble(x!),
    },
  ),
];
