// What ops that move elements are called in text: the calls, and the parts, that `math` reads.
import type { Dim, Node } from '../node.ts';
import type { MovingOp } from './notation.ts';

export const list = (items: readonly (Dim | string)[]): string => `[${items.join(', ')}]`;

/** The parts of a slice as in mathjs: counted from 1, both ends included, `start:step:end`. */
export function partsOf(node: Node & { op: 'slice' }): string[] {
  const { starts, steps } = node.attr;
  const source = node.src[0]!.shape;
  // A single position keeps its dimension, but not where all are single: that is a number.
  const isNumber = node.shape.every((dim) => dim === 1);
  return node.shape.map((dim, d) => {
    const [start, step] = [starts[d]!, steps[d]!];
    if (typeof dim === 'string' || dim === source[d]) return ':';
    const [first, last] = [start + 1, start + step * (dim - 1) + 1];
    if (first === last && !isNumber) return `${first}`;
    return step === 1 ? `${first}:${last}` : `${first}:${step}:${last}`;
  });
}

/** The call of an op on text. */
export function moveText(node: Node & { op: MovingOp }, x: string): string {
  switch (node.op) {
    case 'iota':
      return `iota(${list(node.shape)}, ${node.attr.axis})`;
    case 'reshape':
      return `reshape(${x}, ${list(node.shape)})`;
    case 'flip':
      return `flip(${x}, ${list(node.attr.axes)})`;
    case 'slice':
      return `${x}[${partsOf(node).join(', ')}]`;
    case 'pad': {
      const { starts, steps } = node.attr;
      const dense = steps.every((step) => step === 1);
      return `pad(${x}, ${list(node.shape)}, ${list(starts)}${dense ? '' : `, ${list(steps)}`})`;
    }
  }
}
