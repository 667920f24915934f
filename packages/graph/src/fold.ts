// Arithmetic on constants, done once: when a node is built, and when it is rewritten.
import { rowOf } from './elementwise.ts';
import { make, type Node } from './node.ts';

/** An elementwise node of constants only is a constant, unless its value is not finite. */
export function foldConstant(node: Node): Node | undefined {
  const row = rowOf(node.op);
  if (!row || node.src.length === 0 || !node.src.every((s) => s.op === 'const')) return undefined;
  const value = row.meaning(node.attr, ...node.src.map((s) => s.attr.value));
  return Number.isFinite(value) ? make('const', [], { value }, node.shape) : undefined;
}
