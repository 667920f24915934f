// How threads share a kernel out: it is cut into parts, as many for each thread, and who is done
// with its own takes those of others that nobody has begun. So a thread that is slow, on a core
// that is slow or has other work, keeps the others waiting for one part at most.
import {
  $,
  type Code,
  createFrame,
  type Func,
  get,
  int,
  type Local,
  local,
  plus,
  set,
} from './code.ts';
import { SYNC, when } from './meet.ts';

/** Parts of each thread in a kernel that is long enough: more make results no later than a part. */
const MOST_PARTS = 8;
/** Nanoseconds that a part takes at least: to take one costs some tens, to begin it some hundreds. */
const LEAST = 8_000;
/** How far the words of one kernel are from those of the next; parts of a thread are fewer. */
const KERNEL = 256;

/**
 * Into how many parts each thread's share is cut.
 * @param most how many parts there can be altogether
 */
export const partsFor = (nanoseconds: number, most: number, threads: number): number =>
  Math.max(1, Math.floor(Math.min(MOST_PARTS, nanoseconds / LEAST / threads, most / threads)));

/**
 * take(owner, kernel, parts): the next of a thread's parts, or -1 if none is left. The thread's
 * word is the number of a kernel, and how many of its parts are taken. Who comes to a kernel has
 * seen all parts of those before taken: an older number says that no part of this one is.
 */
export function takeFunction(): Func {
  const frame = createFrame('i32', 'i32', 'i32');
  const [owner, kernel, parts] = [0, 1, 2] as const;
  const [at, word, taken] = [0, 0, 0].map(() => local(frame, 'i32')) as [Local, Local, Local];
  const body = [
    set(at, plus($('i32.mul', get(owner), int(SYNC.line)), SYNC.taken)),
    $('loop'),
    set(word, $('i32.atomic.load', get(at))),
    // A difference, since numbers begin anew after the last.
    set(taken, $('i32.sub', get(word), get(kernel))),
    set(taken, $('select', int(0), get(taken), $('i32.lt_s', get(taken), int(0)))),
    when($('i32.eqz', $('i32.lt_s', get(taken), get(parts))), int(-1), $('return')),
    $(
      'br_if',
      0,
      $(
        'i32.ne',
        get(word),
        $(
          'i32.atomic.rmw.cmpxchg',
          get(at),
          get(word),
          plus($('i32.add', get(kernel), get(taken)), 1),
        ),
      ),
    ),
    $('end'),
    get(taken),
  ];
  return { name: 'take', params: frame.params, results: ['i32'], locals: frame.locals, body };
}

/** Locals of a function that calls kernels: its thread of how many, and what it notes. */
export interface Caller {
  readonly thread: Local;
  readonly threads: Local;
  /** The number of the kernel; 0 before the first. */
  readonly kernel: Local;
  readonly owner: Local;
  readonly part: Local;
}

/**
 * Calls a kernel for every part that nobody else takes, its own first: their data are near.
 * @param call the kernel with (part, parts, thread)
 */
export function takeParts(
  { thread, threads, kernel, owner, part }: Caller,
  take: number,
  parts: number,
  call: (part: Code, parts: Code, thread: Code) => Code,
): Code {
  const next = plus(get(owner), 1);
  const wrapped = $('select', next, int(0), $('i32.lt_s', next, get(threads)));
  const many = (count: Local): Code => $('i32.mul', get(count), int(parts));
  return [
    // Alone in the memory or not, one thread writes no words.
    $('if', $('i32.eq', get(threads), int(1))),
    call(int(0), int(1), int(0)),
    $('else'),
    ...[set(kernel, plus(get(kernel), KERNEL)), set(owner, get(thread))],
    $('loop'),
    $('loop'),
    set(part, $('call', take, get(owner), get(kernel), int(parts))),
    $('if', $('i32.gt_s', get(part), int(-1))),
    call($('i32.add', many(owner), get(part)), many(threads), get(thread)),
    ...[$('br', 1), $('end'), $('end')],
    set(owner, wrapped),
    $('br_if', 0, $('i32.ne', get(owner), get(thread))),
    ...[$('end'), $('end')],
  ];
}
