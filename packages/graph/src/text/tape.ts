// Graphs of numbers as tapes, which the op `custom` carries. It knows nodes, and no text.
import { rowOf } from '../elementwise.ts';
import { type Node, type OpName, reachable, type Tape } from '../node.ts';

/**
 * The program of a graph of scalars.
 * @param args its arguments, in order
 * @returns the name of an op that is not elementwise, if there is one
 */
export function tapeOf(root: Node, args: readonly Node[]): Tape | OpName {
  const place = new Map(args.map((arg, i) => [arg, i]));
  const between = reachable([root]).filter((node) => !place.has(node));
  const strange = between.find((node) => !isOfNumbers(node));
  if (strange) return strange.op;
  between.forEach((node, i) => {
    place.set(node, args.length + i);
  });
  const at = (node: Node): number => place.get(node)!;
  const steps = between.map(({ op, attr, src }) => ({ op, attr, src: src.map(at) }));
  return { steps, result: at(root) };
}

const isOfNumbers = (node: Node): boolean =>
  node.shape.length === 0 && (node.op === 'const' || rowOf(node.op) !== undefined);
