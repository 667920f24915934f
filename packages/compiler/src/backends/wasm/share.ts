// A part of a kernel: some neighbouring blocks of one of its loops. What a block computes does not
// depend on who computes it, so results are the same for any number of threads.
import {
  $,
  BYTES,
  type Code,
  type Frame,
  get,
  int,
  type Local,
  local,
  type Simd,
  set,
  type Type,
} from './code.ts';

/** The first parameter of a kernel: the address of a list of the buffers' addresses. */
export const TABLE: Local = 0;
/** Behind the table: which of how many equal parts a call computes, and which thread calls. */
const FROM: Local = 1;
const TO: Local = 2;
const OF: Local = 3;
const THREAD: Local = 4;
/** The parameters of a kernel's function. */
export const parametersOf = (divided: boolean): Type[] =>
  divided ? ['i32', 'i32', 'i32', 'i32', 'i32'] : ['i32'];

/** How threads share a kernel. */
export interface Sharing {
  /** The most parts that it can be cut into without more work. */
  readonly most: number;
  /** Floats of scratch memory that each thread needs. */
  readonly scratch: number;
  /** Does each thread prepare some of it before its first part? The last function but one does. */
  readonly prepares: boolean;
}

/** What the functions of a kernel are written for. */
export interface Place {
  /** The position of the first of them. */
  readonly first: number;
  /** Where the table has the address of the scratch memory, and how many floats a thread has. */
  readonly scratchSlot: number;
  readonly scratch: number;
  /** Threads that share the outputs. */
  readonly threads: number;
  readonly simd: Simd;
  /** The functions so far that pack, by what they have in common with others. */
  readonly packs: Map<string, number>;
}

/** The address of a thread's own scratch memory. */
export function scratchOf({ scratchSlot, scratch, threads }: Place): Code {
  const base = $('i32.load', BYTES * scratchSlot, get(TABLE));
  if (threads === 1) return base;
  return $('i32.add', base, $('i32.mul', get(THREAD), int(BYTES * scratch)));
}

/** The turns of a loop that are in a part. */
export interface Share {
  readonly axis: number;
  /** Whole blocks. */
  readonly from: Local;
  readonly to: Local;
  /** Does it have what is left behind the whole blocks, too? */
  readonly last: Code;
}

/** The locals of a share, and the code that sets them: block k of n is in part k parts / n. */
export function shareOf(frame: Frame, axis: number, blocks: number, length: number) {
  const [from, to] = [local(frame, 'i32'), local(frame, 'i32')];
  // part * blocks / of, whose first product may have more than 32 bits.
  const whole = $('i32.div_s', int(blocks), get(OF));
  const rest = $('i32.rem_s', int(blocks), get(OF));
  const before = (part: Local): Code =>
    $(
      'i32.add',
      $('i32.mul', get(part), whole),
      $('i32.div_s', $('i32.mul', get(part), rest), get(OF)),
    );
  const bound = (part: Local): Code => $('i32.mul', before(part), int(length));
  const code = [set(from, bound(FROM)), set(to, bound(TO))];
  const share: Share = { axis, from, to, last: $('i32.eq', get(TO), get(OF)) };
  return { share, code };
}

/** The same for a loop whose last block may be short. */
export function shareToEnd(
  frame: Frame,
  axis: number,
  extent: number,
  blocks: number,
  length: number,
) {
  const { share, code } = shareOf(frame, axis, blocks, length);
  const to = $('select', int(extent), get(share.to), share.last);
  return { share, code: [...code, set(share.to, to)] };
}
