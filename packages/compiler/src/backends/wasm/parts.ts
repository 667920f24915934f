// How threads share a kernel out: each has as many of its equal parts, and who is done with its
// own takes those of others that nobody has begun. So a thread on a core that is slow, or has
// other work, keeps the others waiting for what it has begun, and not for all that was its own.
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
  when,
} from './code.ts';
import { SYNC } from './meet.ts';

/** Parts of each thread in a kernel that is long enough. */
const MOST_PARTS = 16;
/** How far apart the numbers of kernels are: more than a thread has parts. */
const KERNEL = 256;

/** Parts of each thread in a kernel that can be cut into so many altogether. */
export const partsOfEach = (most: number, threads: number): number =>
  Math.max(1, Math.floor(Math.min(MOST_PARTS, most / threads)));

/** How many a thread takes at once: half of an owner's that are left, at last a single one. */
const some = (taken: Local, parts: Code): Code => {
  const half = $('i32.shr_s', $('i32.sub', parts, get(taken)), int(1));
  return $('i32.add', half, $('i32.eqz', half));
};

/**
 * take(owner, kernel, parts): takes some of a thread's parts; gives the first of them, or -1 if
 * none is left. The owner's word is the number of a kernel, and how many of its parts are taken.
 * Who comes to a kernel has seen all parts of the one before taken: so an older number says that
 * none of this kernel's is, and a newer one that all are.
 */
export function takeFunction(): Func {
  const frame = createFrame('i32', 'i32', 'i32');
  const [owner, kernel, parts] = [0, 1, 2] as const;
  const [at, word, taken] = [0, 0, 0].map(() => local(frame, 'i32')) as [Local, Local, Local];
  const next = $('i32.add', get(taken), some(taken, get(parts)));
  const before = $('i32.atomic.rmw.cmpxchg', get(at), get(word), $('i32.add', get(kernel), next));
  const body = [
    set(at, plus($('i32.mul', get(owner), int(SYNC.line)), SYNC.taken)),
    $('loop'),
    set(word, $('i32.atomic.load', get(at))),
    // A difference, since numbers begin anew after the last.
    set(taken, $('i32.sub', get(word), get(kernel))),
    set(taken, $('select', int(0), get(taken), $('i32.lt_s', get(taken), int(0)))),
    when($('i32.eqz', $('i32.lt_s', get(taken), get(parts))), int(-1), $('return')),
    $('br_if', 0, $('i32.ne', get(word), before)),
    $('end'),
    get(taken),
  ];
  return { name: 'take', params: frame.params, results: ['i32'], locals: frame.locals, body };
}

/** Locals of the function that calls kernels: which of how many threads it is, and its notes. */
export interface Caller {
  readonly thread: Local;
  readonly threads: Local;
  /** The number of the kernel; 0 before the first. */
  readonly kernel: Local;
  readonly owner: Local;
  readonly from: Local;
  readonly to: Local;
}

/**
 * Calls a kernel until all its parts are taken. A thread's own come first: their data are near.
 * @param take the number of `takeFunction` in the module
 * @param parts of each thread
 * @param call the kernel, for the parts between two of so many
 */
export function takeParts(
  { thread, threads, kernel, owner, from, to }: Caller,
  take: number,
  parts: number,
  call: (from: Code, to: Code, of: Code, thread: Code) => Code,
): Code {
  const many = (count: Local): Code => $('i32.mul', get(count), int(parts));
  const ofAll = (part: Local): Code => $('i32.add', many(owner), get(part));
  const next = plus(get(owner), 1);
  return [
    // Where a thread is alone, others may run another program in this memory.
    ...[$('if', $('i32.eq', get(threads), int(1))), call(int(0), int(1), int(1), int(0))],
    $('else'),
    ...[set(kernel, plus(get(kernel), KERNEL)), set(owner, get(thread))],
    $('loop'),
    $('loop'),
    set(from, $('call', take, get(owner), get(kernel), int(parts))),
    $('if', $('i32.gt_s', get(from), int(-1))),
    set(to, $('i32.add', get(from), some(from, int(parts)))),
    call(ofAll(from), ofAll(to), many(threads), get(thread)),
    ...[$('br', 1), $('end'), $('end')],
    set(owner, $('select', next, int(0), $('i32.lt_s', next, get(threads)))),
    ...[$('br_if', 0, $('i32.ne', get(owner), get(thread))), $('end')],
    $('end'),
  ];
}
