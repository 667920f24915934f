// Rules about roots, absolute values, extremes and circular functions.
import { abs, add, cos, max, min, mul, pow, sign, sin, sqrt, sub } from '../../ops.ts';
import { NEAR_0, type Rule, rule } from './rule.ts';

export const elementaryRules = (): readonly Rule[] => [
  rule(
    'root-of-square',
    'pow mul',
    (x) => [pow(pow(x, 2), 0.5), abs(x)],
    '1e20^2 overflows float32',
  ),
  rule(
    'root-minus-1',
    'add add',
    (x) => [sub(sqrt(add(1, x)), 1), mul(x, pow(add(1, sqrt(add(1, x))), -1))],
    NEAR_0,
  ),
  rule(
    'one-minus-cos',
    'add cos',
    (x) => [sub(1, cos(x)), mul(2, pow(sin(mul(0.5, x)), 2))],
    'cos(1e-4) is 1 in float32',
  ),
  rule(
    'cos-of-double',
    'add sin',
    (x) => [sub(mul(2, pow(sin(x), 2)), 1), mul(-1, cos(mul(2, x)))],
    'one function of twice the angle',
  ),
  rule('square-of-abs', 'mul abs', (x) => [pow(abs(x), 2), pow(x, 2)], 'a square has no sign'),
  rule('abs-of-square', 'abs mul', (x) => [abs(pow(x, 2)), pow(x, 2)], 'a square has no sign'),
  rule('abs-of-abs', 'abs abs', (x) => [abs(abs(x)), abs(x)], 'it has no sign'),
  rule(
    'sign-over-abs',
    'mul abs',
    (x) => [mul(sign(x), pow(abs(x), -1)), pow(x, -1)],
    'it is 1/x',
  ),
  rule('sign-of-abs', 'mul abs', (x) => [mul(sign(x), abs(x)), x], 'it is x'),
  rule('max-of-same', 'max', (x) => [max(x, x), x], 'the two are the same'),
  rule('min-of-same', 'min', (x) => [min(x, x), x], 'the two are the same'),
  rule('max-of-min', 'max min', (x, y) => [max(x, min(x, y)), x], 'the smaller one is not larger'),
  rule('min-of-max', 'min max', (x, y) => [min(x, max(x, y)), x], 'the larger one is not smaller'),
  rule('max-of-max', 'max max', (x, y) => [max(x, max(x, y)), max(x, y)], 'once is enough'),
  rule('min-of-min', 'min min', (x, y) => [min(x, min(x, y)), min(x, y)], 'once is enough'),
];
