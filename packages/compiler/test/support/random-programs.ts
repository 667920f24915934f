// Random programs for the planner: they update parameters from each other, in any shape and order.
import {
  add,
  exp,
  logsumexp,
  matmul,
  maxOver,
  mul,
  type Node,
  neg,
  norm,
  param,
  softmax,
  sub,
  sum,
  tanh,
  transpose,
} from '@chainrule/graph';
import type { Goal } from '../../src/plan.ts';
import { mulberry } from './nests.ts';

const DIMS = [1, 3, 4, 9];
/** Large enough for several temporaries, small enough to run by the hundred. */
const NODES = 24;

/**
 * Parameters of many shapes, and updates of most of them by values that read any of them; the
 * values stay below a few units. Now and then some inner value is an output too.
 */
export function randomProgram(seed: number): Goal {
  const random = mulberry(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const params = Array.from({ length: 2 + below(4) }, (_, i) =>
    param(pick(DIMS), pick(DIMS), {
      name: `P${i}`,
      init: { kind: 'uniform', limit: 1 },
    }),
  );
  const nodes: Node[] = [...params];
  const sameShape = (a: Node) => nodes.filter((b) => `${b.shape}` === `${a.shape}`);
  const grow = (): Node => {
    const a = pick(nodes);
    const b = pick(sameShape(a));
    const [rows] = a.shape;
    const right = nodes.filter((n) => n.shape[0] === a.shape[1]);
    const left = nodes.filter((n) => n.shape[1] === rows);
    const bounded = (x: Node): Node => tanh(mul(0.3, x));
    return [
      () => add(a, b),
      () => sub(mul(a, b), b),
      () => exp(neg(mul(a, a))),
      () => transpose(a),
      () => bounded(matmul(a, pick([...right, transpose(a)]))),
      () => bounded(matmul(pick([...left, transpose(a)]), a)),
      () => mul(a, tanh(sum(b))),
      () => sub(a, pick([sum, logsumexp, maxOver, norm])(b, below(2), { keepdims: true })),
      () => softmax(matmul(a, pick([...right, transpose(a)])), below(2)),
    ][below(9)]!();
  };
  for (let i = 0; i < NODES; i++) nodes.push(tanh(grow()));
  const updated = params.filter(() => random() < 0.8);
  const updates = (updated.length > 0 ? updated : params).map((p) => {
    const last = sameShape(p).slice(-3);
    return { param: p, value: random() < 0.2 ? pick(last) : sub(p, mul(0.1, pick(last))) };
  });
  const outputs = nodes.slice(params.length).filter(() => random() < 0.08);
  return { updates, outputs: new Map(outputs.map((node, i) => [`O${i}`, node])) };
}
