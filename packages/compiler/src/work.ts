// How much work a step is, before anything is planned: enough to tell small nets from large ones.
import { costOf, type Node, reachable, rowOf, type Sizes, structureOf } from '@chainrule/graph';
import { rootsOf, type Task } from './executable.ts';

/** The work of one step, which decides whether a GPU can pay. */
export interface Work {
  readonly flops: number;
  /** Kernels, by the loops that need one each. */
  readonly kernels: number;
}

/** Stands for a size, such as the batch, that is not known yet. */
const TYPICAL_SIZE = 64;

/** The work of a task, sizes that are not known yet taken as typical. */
export function estimateWork(task: Task, sizes: Sizes): Work {
  const count = ({ shape }: Pick<Node, 'shape'>): number =>
    shape.reduce<number>(
      (p, d) => p * (typeof d === 'number' ? d : (sizes[d] ?? TYPICAL_SIZE)),
      1,
    );
  const nodes = reachable(rootsOf(task));
  const loops = nodes.filter((n) => LOOPS.has(structureOf(n.op)?.kind));
  return { flops: nodes.reduce((sum, n) => sum + flopsOf(n, count), 0), kernels: loops.length };
}

const LOOPS: ReadonlySet<string | undefined> = new Set(['reduction', 'contraction']);

function flopsOf(node: Node, count: (node: Pick<Node, 'shape'>) => number): number {
  if (rowOf(node.op)) return costOf(node) * count(node);
  const kind = structureOf(node.op)?.kind;
  if (kind === 'reduction') return count(node.src[0]!);
  if (kind !== 'contraction') return 0;
  // A multiply and an add for each output and each turn of the inner loop.
  const a = node.src[0]!;
  const rows = { shape: a.shape.slice(0, -1) };
  return (2 * count(node) * count(a)) / count(rows);
}
