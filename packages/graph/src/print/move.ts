// What ops that move elements are called in text: the calls, and the parts, that `math` reads.
import type { AttrOf, Dim, Node } from '../node.ts';
import type { MovingOp } from './show.ts';

export const list = (items: readonly (Dim | string)[]): string => `[${items.join(', ')}]`;

/** The parts of a slice as in mathjs: counted from 1, both ends included, `start:step:end`. */
export function partsOf(node: Node & { op: 'slice' }): string[] {
  const { starts, steps } = node.attr;
  const source = node.src[0]!.shape;
  return node.shape.map((dim, d) => {
    const [start, step] = [starts[d]!, steps[d]!];
    if (typeof dim === 'string' || dim === source[d]) return ':';
    const [first, last] = [start + 1, start + step * (dim - 1) + 1];
    if (first === last) return `${first}`;
    return step === 1 ? `${first}:${last}` : `${first}:${step}:${last}`;
  });
}

/** The zeros before and after, and how far apart the elements come to stand. */
export function widthsOf(node: Node & { op: 'pad' }) {
  const { starts, steps }: AttrOf['pad'] = node.attr;
  const after = node.shape.map((dim, d) => {
    const n = node.src[0]!.shape[d]!;
    if (typeof dim === 'string' || typeof n === 'string') return 0;
    return dim - starts[d]! - ((n - 1) * steps[d]! + 1);
  });
  return { before: starts, after, steps, dense: steps.every((step) => step === 1) };
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
      const { before, after, steps, dense } = widthsOf(node);
      return `pad(${x}, ${list(before)}, ${list(after)}${dense ? '' : `, ${list(steps)}`})`;
    }
  }
}
