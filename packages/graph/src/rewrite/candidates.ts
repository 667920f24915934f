// Which elementwise rules may match a node, told at a glance from its op and those right below:
// the others are not looked at, and their graphs not even made.
import { rowOf } from '../elementwise.ts';
import type { Node, OpName } from '../node.ts';
import { withoutExpand } from '../ops.ts';
import { allTerms, applyRule, isOfFactors } from './match.ts';
import { monomialOf } from './monomial.ts';
import { allRules, type Rule } from './rules.ts';

/** A rule, and its place in the order in which rules are tried. */
type Placed = readonly [place: number, rule: Rule];

/** All rules, by their ops. */
let index: ReadonlyMap<string, readonly Placed[]> | undefined;

function indexed(): ReadonlyMap<string, readonly Placed[]> {
  const made = new Map<string, Placed[]>();
  for (const placed of allRules().entries()) {
    const { ops } = placed[1];
    made.set(ops, [...(made.get(ops) ?? []), placed]);
  }
  return made;
}

/** The rules that may match a node, in order. */
function candidates(node: Node): readonly Placed[] {
  index ??= indexed();
  const found = [...opsOf(node)].flatMap((ops) => index!.get(ops) ?? []);
  return found.sort(([a], [b]) => a - b);
}

/**
 * What the first rule that applies makes of a node, and that rule: of those for what stands alone,
 * or of all others.
 */
export function applyRules(node: Node, alone: boolean) {
  if (!rowOf(node.op)) return undefined;
  for (const [, rule] of candidates(node)) {
    const after = (rule.alone ?? false) === alone ? applyRule(rule, node) : undefined;
    if (after && after !== node) return { rule, after };
  }
  return undefined;
}

/** What the ops of a rule may be that matches a node. A power of one factor is a product, too. */
export function opsOf(node: Node): ReadonlySet<string> {
  const root = node.op === 'pow' && isOfFactors(node) ? 'mul' : node.op;
  return new Set([root, ...below(root, node).map((op) => `${root} ${op}`)]);
}

/** The ops of the terms' factors, of the factors, or of the arguments. */
function below(root: OpName, node: Node): readonly OpName[] {
  if (root !== 'add' && root !== 'mul') return node.src.flatMap(asArgument);
  const terms = root === 'add' ? allTerms(node) : [monomialOf(node)];
  return terms.flatMap((term) => [...term.factors.keys()].map((f) => withoutExpand(f).op));
}

/** As what an argument may match: -(a - b) is a sum, too. */
function asArgument(x: Node): readonly OpName[] {
  const seen = withoutExpand(x);
  if (seen.op === 'const' || !isOfFactors(seen)) return [seen.op];
  return seen.op === 'mul' ? ['mul', 'add'] : ['mul'];
}
