// What is read ahead: its lines of the cache come near while others are computed with. A load at
// each turn of an innermost loop waits for nothing, and many at once do.
import { rangeOf } from '../../affine.ts';
import type { Affine } from '../../nest.ts';
import { $, BYTES, type Code, get, int, LINE, type Local, plus, set } from './code.ts';
import { type Form, loadsIn, stepOf } from './form.ts';
import { addressOf, home, remember, type Scope } from './scope.ts';

/** Floats of a matrix that leaves the second cache: it is worth being read ahead. */
const FAR = 2 ** 19;

/** Does a load go through so much? */
export function isFar(index: Affine, extents: readonly number[]): boolean {
  const { least, most } = rangeOf(index, extents);
  return most - least >= FAR;
}

/** Moves a pointer back to the last place where what is read next may begin. */
export const notBehind = (at: Local, last: Code): Code =>
  set(at, $('select', get(at), last, $('i32.lt_u', get(at), last)));

/** Reads a float, and goes on. */
export const readAhead = (at: Local, by: Code): Code => [
  $('drop', $('i32.load', 0, get(at))),
  set(at, $('i32.add', get(at), by)),
];

/** A loop, and how many of its turns are taken at once. */
interface Loop {
  readonly axis: number;
  readonly block: number;
}

/** Gives, for a tile, what each turn of the fold does; nothing where no tiles follow. */
export type Ahead = (tile: Scope) => Code | undefined;

/**
 * How a far matrix is read ahead whose lines along the fold follow each other at once or nearly,
 * where the outer one of the last two loops walks through them, and all tiles of the inner one use
 * the lines at hand: meanwhile as many come near, evenly. Nothing if there is none.
 * @param bases the addresses of the inputs
 * @param across the fold's loop
 * @param loops those of the outputs, outermost first
 */
export function aheadOf(
  { fold, outer, extents }: Form,
  bases: readonly Local[],
  across: Loop,
  loops: readonly Loop[],
): Ahead | undefined {
  const [outside, inside] = loops.slice(-2);
  // A line that one tile alone uses is read as fast as it comes.
  const tiles = inside ? Math.ceil(extents[inside.axis]! / inside.block) : 0;
  if (!outside || !inside || tiles < 2 || extents.length > outer + 1) return undefined;
  const [length, { axis, block }] = [extents[across.axis]!, outside];
  const found = loadsIn(fold!.body).find(({ index: [index] }) => {
    const steps = [across, outside, inside].map(({ axis }) => stepOf(index!, axis));
    const isPlain = index!.of.every((t) => 'axis' in t);
    const follows = steps[1]! >= length && steps[1]! <= length + LINE;
    return isPlain && steps[0] === 1 && follows && steps[2] === 0 && isFar(index!, extents);
  });
  if (!found) return undefined;
  const [base, index] = [bases[found.input]!, found.index[0]!];
  const turns = Math.floor(length / across.block);
  const pace = BYTES * Math.ceil((block * stepOf(index!, axis)) / (tiles * turns));
  const last = plus(get(base), BYTES * (rangeOf(index, extents).most + 1) - pace * turns);
  return (tile) => {
    const walk = home(tile, [axis]);
    // Turns that are left over are too few to have next ones.
    if (walk.range?.step !== block) return undefined;
    const at = remember(walk, 'ahead', 'i32', () => {
      const { code, offset } = addressOf(walk, base, index, new Map([[axis, block]]));
      return plus(code, offset);
    });
    tile.body.push(notBehind(at, last));
    return readAhead(at, int(pace));
  };
}
