// What is read ahead: its lines of the cache come near while others are computed with. A load at
// each turn of an innermost loop waits for nothing, and many at once do.
import { rangeOf } from '../../affine.ts';
import { $, BYTES, type Code, get, int, type Local, plus, set, WIDTH } from './code.ts';
import { type Form, loadsIn, stepOf } from './form.ts';
import { addressOf, home, remember, type Scope } from './scope.ts';

/** Floats of a matrix that leaves the second cache: it is worth being read ahead. */
export const FAR = 2 ** 19;

/** Reads a float, and goes on. */
export const readAhead = (at: Local, by: Code): Code => [
  $('drop', $('i32.load', 0, get(at))),
  set(at, $('i32.add', get(at), by)),
];

/** A loop of outputs: so many of its turns at once. */
interface Loop {
  readonly axis: number;
  readonly block: number;
}

/** Gives, for a tile of outputs, code that reads a float ahead at each turn of the fold. */
export type Ahead = (tile: Scope) => Code | undefined;

/**
 * How the far matrix is read ahead whose lines along the fold lie one after another, where
 * the outer one of the last two loops walks through them, and all tiles of the inner one use the
 * lines at hand: meanwhile as many come near, evenly.
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
  if (!outside || !inside || across === undefined) return () => undefined;
  const length = extents[across]!;
  const found = loadsIn(fold!.body).find(
    ({ index: [index] }) =>
      index!.of.every((t) => 'axis' in t) &&
      stepOf(index!, across) === 1 &&
      stepOf(index!, outside.axis) === length &&
      stepOf(index!, inside.axis) === 0 &&
      rangeOf(index!, extents).most >= FAR,
  );
  if (!found) return () => undefined;
  const [base, index] = [bases[found.input]!, found.index[0]!];
  const { axis, block } = outside;
  const turns = Math.floor(length / WIDTH);
  const tiles = Math.ceil(extents[inside.axis]! / inside.block);
  const pace = BYTES * Math.ceil((block * length) / (tiles * turns));
  // A tile that begins there reads to the end of the matrix.
  const last = plus(get(base), BYTES * (rangeOf(index, extents).most + 1) - pace * turns);
  return (tile) => {
    const walk = home(tile, [axis]);
    // Where fewer turns are left, what they need has come.
    if (walk.range?.step !== block) return undefined;
    const at = remember(walk, 'ahead', 'i32', () => {
      const { code, offset } = addressOf(walk, base, index, new Map([[axis, block]]));
      return plus(code, offset);
    });
    tile.body.push(set(at, $('select', get(at), last, $('i32.lt_u', get(at), last))));
    return readAhead(at, int(pace));
  };
}
