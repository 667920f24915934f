// Matches the left side of a rule against a node and builds the right side.
import { constant } from '../leaves.ts';
import { type Node, type Shape, withSources } from '../node.ts';
import type { Rule } from './rules.ts';

type Binding = ReadonlyMap<number, Node>;

const commutes = (op: string): boolean =>
  op === 'add' || op === 'mul' || op === 'max' || op === 'min';

/** The node that a rule makes of this one, or undefined where it does not apply. */
export function applyRule(rule: Rule, node: Node): Node | undefined {
  const binding = match(rule.left, node, new Map());
  return binding && instantiate(rule.right, binding, node.shape);
}

function match(pattern: Node, node: Node, binding: Binding): Binding | undefined {
  if (pattern.op === 'hole') {
    const bound = binding.get(pattern.attr.index);
    if (bound) return bound === node ? binding : undefined;
    return new Map(binding).set(pattern.attr.index, node);
  }
  if (pattern.op !== node.op) return undefined;
  if (JSON.stringify(pattern.attr) !== JSON.stringify(node.attr)) return undefined;
  const straight = matchAll(pattern.src, node.src, binding);
  if (straight || !commutes(node.op)) return straight;
  return matchAll(pattern.src, [...node.src].reverse(), binding);
}

function matchAll(
  patterns: readonly Node[],
  nodes: readonly Node[],
  binding: Binding,
): Binding | undefined {
  return patterns.reduce<Binding | undefined>(
    (b, pattern, i) => b && match(pattern, nodes[i]!, b),
    binding,
  );
}

function instantiate(pattern: Node, binding: Binding, shape: Shape): Node {
  if (pattern.op === 'hole') return binding.get(pattern.attr.index)!;
  if (pattern.op === 'const') return constant(pattern.attr.value, shape);
  const src = pattern.src.map((s) => instantiate(s, binding, shape));
  return withSources(pattern, src, shape);
}
