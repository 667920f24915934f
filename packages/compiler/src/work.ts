// How much work a step is, before anything is planned: enough to tell small nets from large ones.
import { costOf, type Node, reachable, rowOf, type Sizes, structureOf } from '@chainrule/graph';
import { rootsOf, type Task } from './executable.ts';

/** The work of one step, which decides whether a GPU can pay. */
export interface Work {
  readonly flops: number;
  /** Sums and products of matrices: each takes a kernel of its own on a GPU. */
  readonly loops: number;
}

/** Stands for a size, such as the batch, that is not known yet. */
const TYPICAL_SIZE = 64;

type Count = (node: Pick<Node, 'shape'>) => number;

/** The work of a task, sizes that are not known yet taken as typical. */
export function estimateWork(task: Task, sizes: Sizes): Work {
  const count: Count = ({ shape }) =>
    shape.reduce<number>(
      (p, d) => p * (typeof d === 'number' ? d : (sizes[d] ?? TYPICAL_SIZE)),
      1,
    );
  const nodes = reachable(rootsOf(task));
  return {
    flops: nodes.reduce((sum, n) => sum + flopsOf(n, count), 0),
    loops: nodes.filter((n) => turnsOf(n, count) > 1).length,
  };
}

/** Turns of the loop of a node: 1 if it needs none. */
function turnsOf(node: Node, count: Count): number {
  const kind = structureOf(node.op)?.kind;
  const [a] = node.src;
  if (kind === 'reduction') return count(a!) / count(node);
  return kind === 'contraction' ? count(a!) / count({ shape: a!.shape.slice(0, -1) }) : 1;
}

function flopsOf(node: Node, count: Count): number {
  if (rowOf(node.op)) return costOf(node) * count(node);
  const kind = structureOf(node.op)?.kind;
  if (kind === 'reduction') return count(node.src[0]!);
  // A multiply and an add for each output and each turn of the inner loop.
  return kind === 'contraction' ? 2 * count(node) * turnsOf(node, count) : 0;
}
