// Axes as people give them: one, several, all; negative ones count from the end.
import { show } from '../checks.ts';
import type { Node } from '../node.ts';
import { shapeError } from './operand.ts';

/** The axes meant, sorted. @throws ShapeError for one that is not there, or stands twice */
export function axesOf(
  op: string,
  x: Node,
  axis: number | readonly number[] | undefined,
): number[] {
  const rank = x.shape.length;
  const list = axis === undefined ? x.shape.map((_, i) => i) : [axis].flat();
  const bad = list.findIndex((a) => !Number.isInteger(a) || a < -rank || a >= rank);
  const axes = bad < 0 ? list.map((a) => (a < 0 ? a + rank : a)) : [];
  if (bad >= 0 || new Set(axes).size < axes.length) {
    const why =
      bad >= 0 ? `it has no axis ${show(list[bad])}.` : `${list.join(', ')} repeats an axis.`;
    const fix =
      rank === 0 ? 'a number has no axes.' : `use axes from 0 to ${rank - 1}, each once.`;
    throw shapeError(op, [x], why, fix);
  }
  return axes.sort((p, q) => p - q);
}

/** The one axis meant. @throws ShapeError for one that is not there, or for several */
export function axisOf(op: string, x: Node, axis: number): number {
  if (typeof axis === 'number') return axesOf(op, x, axis)[0]!;
  throw shapeError(op, [x], `${show(axis)} is no axis.`, 'give one whole number, e.g. 0.');
}
