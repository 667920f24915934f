// Stand-ins for ops that are on their way. It goes when they are there.
import { ShapeError } from '../errors.ts';
import type { Node } from '../node.ts';
import { where } from '../ops.ts';

/** The part of an axis that a slice keeps: from `start` (counted from 0) to before `stop`. */
export interface Range {
  readonly start: number;
  readonly stop: number;
  readonly step?: number;
}

const notYet = (name: string): Error =>
  new ShapeError(`${name}: it is not there yet.\n  fix: wait for it.`);

export function slice(_x: Node, _ranges: readonly (Range | undefined)[]): Node {
  throw notYet('slice');
}

export function mod(_a: Node, _b: Node): Node {
  throw notYet('mod');
}

export const not = (x: Node): Node => where(x, 0, 1);
export const and = (a: Node, b: Node): Node => where(a, where(b, 1, 0), 0);
export const or = (a: Node, b: Node): Node => where(a, 1, where(b, 1, 0));
export const xor = (a: Node, b: Node): Node => where(a, not(b), where(b, 1, 0));
