// All elementwise rewrite rules, in the order in which they are tried.
//
// A rule is legal if both sides are equal wherever the left is finite in exact arithmetic, the
// right is at least as accurate in float32, and it never turns finite into non-finite.
import { elementaryRules } from './rules/elementary.ts';
import { exponentialRules } from './rules/exponential.ts';
import { logisticRules } from './rules/logistic.ts';
import type { Rule } from './rules/rule.ts';
import { specialRules } from './rules/special.ts';

export type { Rule };

/** Every rule. Made on first use: nothing happens on import. */
export function allRules(): readonly Rule[] {
  made ??= [...logisticRules(), ...specialRules(), ...exponentialRules(), ...elementaryRules()];
  return made;
}
let made: readonly Rule[] | undefined;
