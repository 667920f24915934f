// What is read ahead: its lines of the cache come near while others are computed with. A load at
// each turn of an innermost loop waits for nothing, and many at once do.
import { rangeOf } from '../../affine.ts';
import { $, BYTES, type Code, get, int, type Local, local, plus, set } from './code.ts';
import { type Form, loadsIn, stepOf } from './form.ts';
import { addressOf, home, indexOf, type Scope } from './scope.ts';

/** Floats of a matrix that leaves the second cache: it is worth being read ahead. */
export const FAR = 2 ** 18;

/** Reads a float, and leaves it. */
export const touch = (at: Code, offset = 0): Code => $('drop', $('i32.load', offset, at));

/** Floats of a line up to which the processor does not read ahead enough by itself. */
const SHORT = 512;

/** A loop of outputs: so many of its turns at once. */
interface Loop {
  readonly axis: number;
  readonly block: number;
}

/** Gives, for a tile of outputs, code that reads a float ahead at each turn of the fold. */
export type Ahead = (tile: Scope) => ((turn: Scope) => Code) | undefined;

/**
 * How the far matrix is read ahead whose short lines along the fold lie one after another, where
 * the outer one of the last two loops walks through them, and all tiles of the inner one use the
 * lines at hand. Each of these reads one of the next lines.
 * @param bases the addresses of the inputs
 * @param across the fold's loop
 * @param loops those of the outputs, outermost first
 */
export function aheadOf(
  { fold, extents }: Form,
  bases: readonly Local[],
  across: number | undefined,
  loops: readonly Loop[],
): Ahead {
  const [outside, inside] = loops.slice(-2);
  const isShort = across !== undefined && extents[across]! <= SHORT;
  if (!outside || !inside || !isShort) return () => undefined;
  const found = loadsIn(fold!.body).find(
    ({ index: [index] }) =>
      index!.of.every((t) => 'axis' in t) &&
      stepOf(index!, across) === 1 &&
      stepOf(index!, outside.axis) === extents[across] &&
      stepOf(index!, inside.axis) === 0 &&
      rangeOf(index!, extents).most >= FAR,
  );
  if (!found) return () => undefined;
  const { axis, block } = outside;
  const line = BYTES * extents[across]!;
  return (tile) => {
    const walk = home(tile, [axis]);
    // A few turns that are left have no next ones.
    if (walk.range?.step !== block) return undefined;
    const [which, distance] = [local(tile.frame, 'i32'), local(tile.frame, 'i32')];
    const isLast = $('i32.gt_s', plus(get(walk.index!), 2 * block), int(extents[axis]!));
    tile.body.push(
      set(which, $('i32.div_s', indexOf(tile, inside.axis), int(inside.block))),
      set(which, $('select', get(which), int(block - 1), $('i32.lt_u', get(which), int(block)))),
      set(distance, $('select', int(0), int(block * line), isLast)),
      set(distance, $('i32.add', get(distance), $('i32.mul', get(which), int(line)))),
    );
    return (turn) => {
      const { code, offset } = addressOf(turn, bases[found.input]!, found.index[0]!, new Map());
      return touch($('i32.add', code, get(distance)), offset);
    };
  };
}
