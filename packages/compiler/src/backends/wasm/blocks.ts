// Loops over blocks of a product, and where blocks lie that are packed once for all parts.
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
