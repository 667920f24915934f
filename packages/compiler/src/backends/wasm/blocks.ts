// Loops over blocks of a product, and where blocks lie of a factor that is packed as a whole.
import { $, BYTES, type Code, get, int, type Local, plus, set } from './code.ts';

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

/**
 * Where a factor that is packed as a whole has a block.
 * @param at where it begins
 * @param whole all of its rows or columns, and the zeros that fill the last panel
 * @param first the first row or column of the block
 */
export function placeIn(at: Code, whole: number, first: Code, inner: Bounds): Code {
  const all = $('i32.mul', get(inner[0]), int(whole));
  const before = $('i32.mul', first, $('i32.sub', get(inner[1]), get(inner[0])));
  return $('i32.add', at, $('i32.mul', $('i32.add', all, before), int(BYTES)));
}
