// What the text of a node means for its shape: reduced dimensions stay in text, with the size 1.
import { expand, type Node, reshape, type Shape } from '../../src/index.ts';

const wide = (shape: Shape): string => shape.filter((d) => d !== 1).join();

/** What was read, in the shape of the node that was printed. It changes the order of nothing. */
export function asMeant(read: Node, shape: Shape): Node {
  if (wide(read.shape) === wide(shape)) return reshape(read, shape);
  // Nobody writes what is only repeated.
  const lead = Math.max(0, read.shape.length - shape.length);
  const rows = reshape(read, read.shape.slice(lead));
  return expand(rows, shape);
}
