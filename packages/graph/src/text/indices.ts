// `x[1:3, :]`: indices count from 1 and ranges include both ends, as in mathjs; axes in functions
// count from 0. A row stays a row; where every index is single, the entry is a number.
import { FormulaError, ShapeError } from '../errors.ts';
import type { Dim, Node } from '../node.ts';
import { showShape } from '../node.ts';
import { type Range, reshape, slice } from '../ops.ts';
import type { MathNode } from './parse.ts';
import { at, located, type Place } from './place.ts';
import type { SyntaxNode } from './syntax.ts';

/** Reads a number in an index along an axis of the size `end`. */
type ReadNumber = (tree: MathNode, what: string, end: Dim) => number;

/** The part of x that the indices keep. @throws FormulaError, ShapeError at the index */
export function indexed(
  x: Node,
  indices: readonly MathNode[],
  tree: MathNode,
  place: Place,
  number: ReadNumber,
): Node {
  if (indices.length !== x.shape.length || indices.length === 0) {
    const what = `this is ${showShape(x.shape)}, and has ${indices.length} indices.`;
    const fix = 'give one index for each dimension, : for all of it.';
    throw at(place, tree, ShapeError, what, fix);
  }
  const ranges = indices.map((index, axis) => rangeOf(index, x.shape[axis]!, place, number));
  if (ranges.every((range) => range === undefined)) return x;
  const part = located(place, tree, () => slice(x, ranges));
  const entry = indices.every((index) => (index as unknown as SyntaxNode).type !== 'RangeNode');
  return entry ? reshape(part, []) : part;
}

function rangeOf(index: MathNode, size: Dim, place: Place, number: ReadNumber): Range | undefined {
  const position = (tree: MathNode): number => {
    const value = number(tree, 'an index', size);
    if (Number.isInteger(value) && value >= 1 && !(value > Number(size))) return value;
    const what = `there is no index ${value} along an axis of size ${size}.`;
    throw at(place, tree, ShapeError, what, `indices are whole numbers from 1 to ${size}.`);
  };
  const n = index as unknown as SyntaxNode;
  if (n.type !== 'RangeNode') {
    const only = position(index);
    return { start: only - 1, stop: only };
  }
  if (isAll(n)) return undefined;
  const start = position(n.start);
  const stop = position(n.end);
  const step = n.step ? number(n.step, 'the step of a range', size) : 1;
  if (!Number.isInteger(step) || step < 1) {
    const fix = 'write start:step:end with a step from 1 on; flip reverses.';
    throw at(place, n.step!, FormulaError, `the step of a range is ${step}.`, fix);
  }
  if (stop < start) {
    const fix = 'write the smaller index first.';
    throw at(place, index, ShapeError, `the range ${start}:${stop} is empty.`, fix);
  }
  return { start: start - 1, stop, ...(step > 1 && { step }) };
}

/** `:`, or `1:end`, which is the same. */
function isAll(range: Extract<SyntaxNode, { type: 'RangeNode' }>): boolean {
  const [start, end] = [range.start, range.end] as unknown as [SyntaxNode, SyntaxNode];
  const whole = start.type === 'ConstantNode' && start.value === 1;
  return whole && end.type === 'SymbolNode' && end.name === 'end' && !range.step;
}
