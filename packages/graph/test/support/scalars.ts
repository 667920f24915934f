// Runs graphs of scalars in float32, each elementwise op by its lowering.
import { type Node, nameOf, reachable, rowOf } from '../../src/index.ts';
import { float32 } from './float32.ts';

/** The value of a graph of scalars over named parameters, as a device computes it at its best. */
export function inFloat32(root: Node, values: Readonly<Record<string, number>>): number {
  const done = new Map<Node, number>();
  for (const node of reachable([root])) {
    const row = rowOf(node.op);
    const src = node.src.map((s) => done.get(s)!);
    if (row) done.set(node, row.lower(float32, node.attr, ...src));
    else if (node.op === 'const') done.set(node, Math.fround(node.attr.value));
    else done.set(node, Math.fround(values[nameOf(node)!]!));
  }
  return done.get(root)!;
}
