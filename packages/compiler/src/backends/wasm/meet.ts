// How the threads of one program meet: a barrier over a few words of shared memory. It knows no
// kernels and no workers.
import { $, type Code, createFrame, type Func, get, int, local, set, when } from './code.ts';

/** Addresses of words, each in a line of the cache of its own; regions of memory begin after. */
export const SYNC = {
  /** Threads that have come to the barrier. */
  arrived: 64,
  /** How often all have met. */
  meetings: 128,
  /** Threads that sleep until all have met. */
  sleepers: 192,
  /** Set from outside: no further step. */
  stop: 256,
  /** Set by thread 0 for all: there is a further step. */
  more: 320,
  /** Set by a thread that cannot go on: the others must not wait for it. */
  failed: 384,
  /** Set where thread 0 may not sleep: the main thread of a page. */
  restless: 448,
  /** How often a thread looks whether all have met before it sleeps. */
  looks: 512,
  /** Naps, or rounds of looks, after which thread 0 gives the others up; with 0 it never does. */
  naps: 576,
  /** What is taken of each thread's parts: one word for each thread, in lines of their own. */
  taken: 640,
  line: 64,
} as const;
/** Threads of one step: more would wait for each other longer than they help. */
export const MOST_THREADS = 16;
export const SYNC_END = SYNC.taken + SYNC.line * MOST_THREADS;

/**
 * Looks that take about a millisecond: sleeping and waking takes a tenth of that, and a thread
 * that computes alone for longer is rare. Where there are more threads than processors a thread
 * makes room for another one at once.
 */
export const LOOKS = { many: 1_000_000, few: 100 };
/** Nanoseconds after which a sleeper looks whether another thread has failed. */
const NAP = 50_000_000;
/** Half a minute: what is taken at once is half a share, so nobody who lives is so much later. */
export const NAPS = 600;
/**
 * The same for a thread that may not sleep, in rounds of so many looks. A look takes from a third
 * of a nanosecond to one: ten seconds at least. A clock would go on while a machine is suspended.
 */
export const roundsOf = (looks: number): number => Math.ceil((NAPS * NAP) / looks);
const TIMED_OUT = 2;
const ALL = 2 ** 31 - 1;

export const load = (address: number): Code => $('i32.atomic.load', int(address));
export const store = (address: number, value: Code): Code =>
  $('i32.atomic.store', int(address), value);
const add = (address: number, value: number): Code =>
  $('i32.atomic.rmw.add', int(address), int(value));
/**
 * barrier(thread, threads): returns when all threads have called it, and lets nobody through
 * before. A trap if one of them has failed, or does not come.
 */
export function barrierFunction(): Func {
  const frame = createFrame('i32', 'i32');
  const [thread, threads] = [0, 1] as const;
  const [meeting, looks, outcome] = [0, 0, 0].map(() => local(frame, 'i32'));
  const wakeSleepers = when(
    load(SYNC.sleepers),
    $('drop', $('memory.atomic.notify', int(SYNC.meetings), int(ALL))),
  );
  const giveUp = when($('i32.eq', add(SYNC.naps, -1), int(1)), $('unreachable'));
  // Whoever lies down is counted before it looks a last time: it is woken, or need not sleep.
  const nap = $('memory.atomic.wait32', int(SYNC.meetings), get(meeting!), $('i64.const', NAP));
  const sleep = [
    $('drop', add(SYNC.sleepers, 1)),
    set(outcome!, nap),
    $('drop', add(SYNC.sleepers, -1)),
    when(
      [$('i32.eq', get(outcome!), int(TIMED_OUT)), $('i32.eqz', get(thread)), $('i32.and')],
      giveUp,
    ),
  ];
  const restless = [$('i32.eqz', get(thread)), load(SYNC.restless), $('i32.and')];
  const body = [
    when($('i32.eq', get(threads), int(1)), $('return')),
    set(meeting!, load(SYNC.meetings)),
    when(
      $('i32.eq', $('i32.sub', get(threads), int(1)), add(SYNC.arrived, 1)),
      store(SYNC.arrived, int(0)),
      $('drop', add(SYNC.meetings, 1)),
      wakeSleepers,
      $('return'),
    ),
    set(looks!, load(SYNC.looks)),
    $('loop'),
    when($('i32.ne', get(meeting!), load(SYNC.meetings)), $('return')),
    set(looks!, $('i32.sub', get(looks!), int(1))),
    $('br_if', 0, get(looks!)),
    when(load(SYNC.failed), $('unreachable')),
    $('if', restless),
    giveUp,
    $('else'),
    sleep,
    $('end'),
    set(looks!, load(SYNC.looks)),
    $('br', 0),
    $('end'),
  ];
  return { name: 'barrier', params: frame.params, results: [], locals: frame.locals, body };
}
