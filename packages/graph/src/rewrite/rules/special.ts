// Rules that end in functions made for the purpose: log1mexp, erfc, sinh, hypot, xlogx and others.
import { isConst } from '../../leaves.ts';
import {
  abs,
  acosh,
  add,
  asinh,
  atanh,
  cosh,
  erf,
  erfc,
  erfcHazard,
  exp,
  expm1,
  hypot,
  less,
  log,
  log1mexp,
  log1p,
  logaddexp,
  logErfc,
  mul,
  neg,
  pow,
  sigmoid,
  sinh,
  softplus,
  sqrt,
  square,
  sub,
  tanh,
  where,
  xlogx,
} from '../../ops.ts';
import { INVERSE, NEAR_0, ONE, OVERFLOW, type Rule, rule } from './rule.ts';

/** log(exp(x) - exp(y)), log(1 - exp(x)), log(exp(x) + exp(y)) */
const logDifferences = (): readonly Rule[] => [
  rule('log-add-exp', 'log add', (x, y) => [log(add(exp(x), exp(y))), logaddexp(x, y)], OVERFLOW),
  rule('log-add-one', 'logaddexp', (x) => [logaddexp(x, 0), softplus(x)], ONE),
  rule(
    'log-add-same',
    'logaddexp',
    (x) => [logaddexp(x, x), add(x, Math.LN2)],
    'the two are the same',
  ),
  rule(
    'log-diff-exp',
    'log add',
    (x, y) => [log(sub(exp(x), exp(y))), add(x, log1mexp(sub(y, x)))],
    OVERFLOW,
  ),
  rule(
    'log-1-exp',
    'log mul',
    (x) => [log(neg(expm1(x))), log1mexp(x)],
    '1 - exp(-17) is 1 in float32',
  ),
  rule(
    'log1p-exp',
    'log1p mul',
    (x) => [log1p(neg(exp(x))), log1mexp(x)],
    'exp(-1e-8) is 1 in float32',
  ),
  rule('log-expm1', 'log expm1', (x) => [log(expm1(x)), add(x, log1mexp(neg(x)))], OVERFLOW),
  rule('exp-log1mexp', 'exp log1mexp', (x) => [exp(log1mexp(x)), neg(expm1(x))], INVERSE),
  rule('expm1-log1mexp', 'expm1 log1mexp', (x) => [expm1(log1mexp(x)), neg(exp(x))], INVERSE),
  rule('entropy', 'mul log', (x) => [mul(x, log(x)), xlogx(x)], '0 times log(0) is NaN'),
];

const errorFunction = (): readonly Rule[] => [
  rule('one-minus-erf', 'add erf', (x) => [sub(1, erf(x)), erfc(x)], '1 - erf(4) is 0 in float32'),
  rule(
    'one-plus-erf',
    'add erf',
    (x) => [add(1, erf(x)), erfc(neg(x))],
    '1 + erf(-4) is 0 in float32',
  ),
  rule(
    'one-minus-erfc',
    'add erfc',
    (x) => [sub(1, erfc(x)), erf(x)],
    'erfc(1e-8) is 1 in float32',
  ),
  rule(
    'two-minus-erfc',
    'add erfc',
    (x) => [sub(2, erfc(x)), erfc(neg(x))],
    '2 - erfc(-4) is 0 in float32',
  ),
  rule('log-erfc', 'log erfc', (x) => [log(erfc(x)), logErfc(x)], 'erfc(11) is 0 in float32'),
  rule(
    'log-of-erfcs',
    'log mul',
    (x, y) => [log(mul(erfc(x), y)), add(logErfc(x), log(y))],
    'erfc(11) is 0 in float32',
  ),
  rule(
    'erfc-hazard',
    'mul erfc',
    (x) => [
      mul(pow(erfc(x), -1), exp(neg(square(x)))),
      mul(Math.sqrt(Math.PI) / 2, erfcHazard(x)),
    ],
    'erfc(11) is 0 in float32, and exp(-11^2) too',
  ),
];

const hyperbolic = (): readonly Rule[] => [
  rule('sinh', 'add exp', (x) => [sub(exp(x), exp(neg(x))), mul(2, sinh(x))], NEAR_0),
  rule(
    'log-sinh',
    'log sinh',
    (x) => [log(sinh(x)), sub(add(x, log1mexp(mul(-2, x))), Math.LN2)],
    OVERFLOW,
  ),
  rule(
    'log-2-sinh',
    'log mul',
    (x) => [log(mul(2, sinh(x))), add(x, log1mexp(mul(-2, x)))],
    OVERFLOW,
  ),
  rule(
    'log-cosh',
    'log cosh',
    (x) => [
      log(cosh(x)),
      where(
        less(abs(x), 1),
        mul(0.5, log1p(square(sinh(x)))),
        add(x, sub(softplus(mul(-2, x)), Math.LN2)),
      ),
    ],
    OVERFLOW,
  ),
  rule(
    'log-of-coshs',
    'log mul',
    (x, y) => [log(mul(cosh(x), y)), add(log(cosh(x)), log(y))],
    OVERFLOW,
  ),
  rule('cosh-of-sinh', 'add sinh', (x) => [add(1, square(sinh(x))), square(cosh(x))], ONE),
  rule(
    'secant',
    'mul add',
    (x) => [pow(add(exp(x), exp(neg(x))), -1), mul(0.5, pow(cosh(x), -1))],
    'its slope is the quotient of two that overflow',
  ),
  rule(
    'logistic-of-cosh',
    'mul cosh',
    (x) => [mul(pow(cosh(x), -1), exp(x)), mul(2, sigmoid(mul(2, x)))],
    OVERFLOW,
  ),
  rule(
    'logistic-of-cosh-down',
    'mul cosh',
    (x) => [mul(pow(cosh(x), -1), exp(neg(x))), mul(2, sigmoid(mul(-2, x)))],
    OVERFLOW,
  ),
  rule('tanh-of-sinh', 'mul cosh', (x) => [mul(sinh(x), pow(cosh(x), -1)), tanh(x)], OVERFLOW),
  rule(
    'arsinh',
    'log add',
    (x) => [log(add(x, sqrt(add(1, square(x))))), asinh(x)],
    'below 0 the sum loses its digits',
  ),
  rule(
    'arcosh',
    'log add',
    (x) => [log(add(x, sqrt(sub(square(x), 1)))), acosh(x)],
    '1e20^2 overflows',
  ),
  rule(
    'artanh',
    'log mul',
    (x) => [log(mul(add(1, x), pow(sub(1, x), -1))), mul(2, atanh(x))],
    NEAR_0,
  ),
  rule('artanh-log1p', 'add log1p', (x) => [sub(log1p(x), log1p(neg(x))), mul(2, atanh(x))], ONE),
  rule('artanh-tanh', 'atanh tanh', (x) => [atanh(tanh(x)), x], 'tanh(10) is 1 in float32'),
  rule('arsinh-sinh', 'asinh sinh', (x) => [asinh(sinh(x)), x], OVERFLOW),
  rule('sinh-arsinh', 'sinh asinh', (x) => [sinh(asinh(x)), x], INVERSE),
  rule('cosh-arcosh', 'cosh acosh', (x) => [cosh(acosh(x)), x], INVERSE),
  rule('tanh-artanh', 'tanh atanh', (x) => [tanh(atanh(x)), x], INVERSE),
  rule(
    'hypot',
    'mul add',
    (x, y) => [sqrt(add(square(x), square(y))), hypot(x, y)],
    '1e20^2 overflows float32; at 0 the slope of a root is infinite',
    { when: (x, y) => !isConst(x!) && !isConst(y!) },
  ),
];

export const specialRules = (): readonly Rule[] => [
  ...logDifferences(),
  ...errorFunction(),
  ...hyperbolic(),
];
