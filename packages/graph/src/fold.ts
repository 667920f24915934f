// Arithmetic on constants, done once: when a node is built, and when it is rewritten.
import { rowOf } from './elementwise.ts';
import { make, type Node } from './node.ts';

/** An elementwise node of constants only is a constant, unless its value is not finite. */
export function foldConstant(node: Node): Node | undefined {
  const row = rowOf(node.op);
  if (!row || node.src.length === 0) return undefined;
  const values: number[] = [];
  for (const s of node.src) {
    if (s.op !== 'const') return undefined;
    values.push(s.attr.value);
  }
  const value = row.meaning(node.attr, ...values);
  return Number.isFinite(value) ? make('const', [], { value }, node.shape) : undefined;
}
