// The elementwise rewrite rules, one line each. Both sides are graphs over holes, so a rule is
// data: it prints as `log(sigmoid(x)) -> -softplus(-x)` and the sweep proves it numerically.
//
// A rule is legal if both sides are equal wherever the left is finite in exact arithmetic, the
// right is at least as accurate in float32, and it never turns finite into non-finite.
import { hole } from '../leaves.ts';
import type { Node } from '../node.ts';
import {
  abs,
  add,
  exp,
  expm1,
  log,
  log1p,
  mul,
  neg,
  pow,
  sigmoid,
  softplus,
  sub,
  tanh,
} from '../ops.ts';

export interface Rule {
  readonly name: string;
  readonly left: Node;
  readonly right: Node;
  readonly reason: string;
}

const rule = (name: string, sides: (x: Node) => readonly [Node, Node], reason: string): Rule => {
  const [left, right] = sides(hole(0));
  return { name, left, right, reason };
};

/** Every rule. Made on first use: nothing happens on import. */
export function allRules(): readonly Rule[] {
  made ??= [
    rule(
      'log-sigmoid',
      (x) => [log(sigmoid(x)), neg(softplus(neg(x)))],
      'sigmoid(-90) is 0 in float32',
    ),
    rule(
      'log-1-sigmoid',
      (x) => [log(sub(1, sigmoid(x))), neg(softplus(x))],
      '1 - sigmoid(17) is 0 in float32',
    ),
    rule('softplus', (x) => [log(add(1, exp(x))), softplus(x)], 'exp(89) overflows float32'),
    rule('softplus-log1p', (x) => [log1p(exp(x)), softplus(x)], 'exp(89) overflows float32'),
    rule(
      'logistic',
      (x) => [pow(add(1, exp(x)), -1), sigmoid(neg(x))],
      'exp(89) overflows float32',
    ),
    rule(
      'logistic-up',
      (x) => [mul(exp(x), sigmoid(neg(x))), sigmoid(x)],
      'exp(89) overflows float32',
    ),
    rule(
      'exp-softplus',
      (x) => [exp(neg(softplus(x))), sigmoid(neg(x))],
      'one function instead of two',
    ),
    rule(
      'tanh',
      (x) => [mul(add(exp(x), neg(exp(neg(x)))), pow(add(exp(x), exp(neg(x))), -1)), tanh(x)],
      'exp(89) overflows float32',
    ),
    rule('log-exp', (x) => [log(exp(x)), x], 'exp(89) overflows float32'),
    rule('exp-log', (x) => [exp(log(x)), x], 'the rounding of the logarithm is magnified by exp'),
    rule('log-log1p', (x) => [log(add(1, x)), log1p(x)], '1 + 1e-8 is 1 in float32'),
    rule('exp-expm1', (x) => [add(exp(x), -1), expm1(x)], 'exp(1e-8) is 1 in float32'),
    rule('root-of-square', (x) => [pow(pow(x, 2), 0.5), abs(x)], '1e20^2 overflows float32'),
  ];
  return made;
}
let made: readonly Rule[] | undefined;
