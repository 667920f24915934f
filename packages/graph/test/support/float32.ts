// float32 arithmetic on float64 numbers: every operation rounded, as a device would at its best.
import { rowOf } from '../../src/elementwise.ts';
import type { Machine } from '../../src/machine.ts';
import { type Node, reachable } from '../../src/node.ts';

const f = Math.fround;

/** Machine ops with one correct rounding each; `exp` and the like as good as hardware gets. */
export const float32: Machine<number> = {
  constant: f,
  add: (a, b) => f(a + b),
  sub: (a, b) => f(a - b),
  mul: (a, b) => f(a * b),
  div: (a, b) => f(a / b),
  min: Math.min,
  max: Math.max,
  less: (a, b) => (a < b ? 1 : 0),
  lessEqual: (a, b) => (a <= b ? 1 : 0),
  select: (c, a, b) => (c !== 0 ? a : b),
  neg: (a) => -a,
  abs: Math.abs,
  floor: Math.floor,
  sqrt: (a) => f(Math.sqrt(a)),
  exp: (a) => f(Math.exp(a)),
  log: (a) => f(Math.log(a)),
  sin: (a) => f(Math.sin(a)),
  cos: (a) => f(Math.cos(a)),
};

/** The smallest normal float32: below it devices may flush to zero. */
export const TINY = 2 ** -126;

/** The distance of neighbouring float32 numbers at x. */
export function ulp(x: number): number {
  const size = Math.max(Math.abs(x), TINY);
  return 2 ** (Math.floor(Math.log2(size)) - 23);
}

/** How far `got` is from the exact `want`, in units in the last place; 0 where both underflow. */
export function ulpsApart(got: number, want: number): number {
  if (Object.is(got, want) || got === want) return 0;
  if (Math.abs(got) < TINY && Math.abs(want) < TINY) return 0;
  return Math.abs(got - want) / ulp(want);
}

/** The value of an elementwise graph in float32 machine ops, given those of its leaves. */
export function inFloat32(root: Node, leaf: (node: Node) => number): number {
  const done = new Map<Node, number>();
  for (const node of reachable([root])) {
    const src = node.src.map((s) => done.get(s)!);
    const row = rowOf(node.op);
    const value = node.op === 'const' ? node.attr.value : row ? 0 : leaf(node);
    done.set(node, row ? row.lower(float32, node.attr, ...src) : f(value));
  }
  return done.get(root)!;
}
