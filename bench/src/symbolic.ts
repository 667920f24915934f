// Measures the symbolic side: the forward, gradient and update graph of deep nets, built and
// simplified.
import { input, reachable, simplifyAll } from '@chainrule/graph';
import { binaryCrossEntropy, dense, sgd, train } from '@chainrule/nn';

export interface SymbolicRow {
  readonly layers: number;
  /** Nodes of the simplified updates. */
  readonly nodes: number;
  /** The first time, and the best of all. */
  readonly firstMs: number;
  readonly bestMs: number;
  /** p, where the time grows as layers^p from the row above to this one. */
  readonly growth?: number;
}

/** Each net is built so often, and for so long: what runs for the first time is compiled. */
const repeats = 3;
const leastMs = 500;

/** Builds, derives and simplifies nets of so many layers: one row for each. */
export function measureSymbolic(counts: readonly number[]): SymbolicRow[] {
  const rows: SymbolicRow[] = [];
  for (const layers of counts) {
    const runs: ReturnType<typeof once>[] = [];
    for (let ms = 0; runs.length < repeats || ms < leastMs; ms += runs.at(-1)!.ms) {
      runs.push(once(layers));
    }
    const bestMs = Math.min(...runs.map(({ ms }) => ms));
    const last = rows.at(-1);
    rows.push({
      layers,
      nodes: runs[0]!.nodes,
      firstMs: runs[0]!.ms,
      bestMs,
      ...(last && { growth: Math.log(bestMs / last.bestMs) / Math.log(layers / last.layers) }),
    });
  }
  return rows;
}

function once(layers: number): { ms: number; nodes: number } {
  const start = performance.now();
  let A = input(8, 'm', { name: 'X' });
  for (let l = 1; l < layers; l++) A = dense(A, 8, { activation: 'tanh', layer: l });
  A = dense(A, 1, { activation: 'sigmoid', layer: layers });
  const J = binaryCrossEntropy(A, input(1, 'm', { name: 'Y' }));
  const { updates } = train(J, sgd(0.01));
  const values = simplifyAll(updates.map(({ value }) => value));
  const ms = performance.now() - start;
  return { ms, nodes: reachable(values).length };
}
