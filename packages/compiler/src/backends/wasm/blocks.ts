// Loops over blocks of a product; where blocks lie that are packed once for all parts, and how
// those come near that are read as they lie.
import { $, type Code, type Frame, get, int, type Local, local, plus, set } from './code.ts';

const BYTES = 4;
/** Bytes that come from memory at once. */
const CACHE_LINE = 64;

/** The locals of a range. */
export type Bounds = readonly [from: Local, to: Local];

/** A loop over blocks of a range that is not empty, the last block as long as what is left. */
export function blockLoop(
  [index, end]: Bounds,
  [from, to]: Turns,
  step: number,
  body: Code,
): Code {
  const next = plus(get(index), step);
  return [
    set(index, from),
    $('loop'),
    set(end, next),
    set(end, $('select', get(end), to, $('i32.lt_s', get(end), to))),
    body,
    $('br_if', 0, $('i32.lt_s', $('local.tee', index, next), to)),
    $('end'),
  ];
}

/** First and last turn (not included) of a loop. */
export type Turns = readonly [from: Code, to: Code];

/** Where, from the first address, a factor that is packed as a whole has a block. */
export function placeIn(
  common: Code,
  extent: number,
  panel: number,
  first: Local,
  inner: Bounds,
): Code {
  const all = $('i32.mul', get(inner[0]), int(Math.ceil(extent / panel) * panel));
  const before = $('i32.mul', get(first), $('i32.sub', get(inner[1]), get(inner[0])));
  return $('i32.add', common, $('i32.mul', $('i32.add', all, before), int(BYTES)));
}

/**
 * Reads some of each line of the cache in a block, in order: tiles that stride find them near.
 * @param first where the block starts
 * @param all columns of the matrix
 */
export function touched(
  frame: Frame,
  first: Code,
  [j0, j1]: Bounds,
  [k0, k1]: Bounds,
  all: number,
): Code {
  const next = (): Local => local(frame, 'i32');
  const [start, at, end, k] = [next(), next(), next(), next()];
  const length = $('i32.mul', $('i32.sub', get(j1), get(j0)), int(BYTES));
  return [
    set(k, get(k0)),
    set(start, first),
    $('loop'),
    set(at, get(start)),
    set(end, $('i32.add', get(start), length)),
    $('loop'),
    $('drop', $('i32.load', 0, get(at))),
    $('br_if', 0, $('i32.lt_s', $('local.tee', at, plus(get(at), CACHE_LINE)), get(end))),
    $('end'),
    set(start, plus(get(start), BYTES * all)),
    $('br_if', 0, $('i32.lt_s', $('local.tee', k, plus(get(k), 1)), get(k1))),
    $('end'),
  ];
}
