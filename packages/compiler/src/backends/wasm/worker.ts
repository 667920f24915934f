// What a worker thread runs, as text: a package cannot know under which address a bundler would
// put a file of its own. And the words of memory by which it is called.
import { SYNC } from './meet.ts';

/** Words that the caller and its workers share. Those that are waited for have a line each. */
export const WORD = {
  /** The number of the job, and in its lowest byte how many workers have joined it. */
  job: 0,
  /** The number of the job that has begun: nobody else may join. */
  go: 16,
  /** Workers that are done with the job. */
  left: 32,
  /** Workers that have started. */
  ready: 48,
  program: 64,
  table: 65,
  times: 66,
  /** Workers that may join, and the number of the first of them among the threads. */
  wanted: 67,
  first: 68,
  /** Threads that have joined, the caller included where it takes part. */
  threads: 69,
  failed: 70,
  /** The last program that a worker could not load. */
  refused: 71,
} as const;
export const WORDS = 80;

/** In the lowest byte of the job: nobody may join any more. */
export const CLOSED = 255;
/** A program's number that calls workers back to their messages. */
export const NONE = -1;

/** Looks before a worker sleeps: about 100 microseconds, in which a loop of steps comes back. */
const LOOKS = 20_000;
/** Milliseconds that the first worker of a long job looks for the others, and waits for them. */
const GLANCE = 0.5;
const PATIENCE = 20;

/** Bytes of which a few make an engine collect garbage. */
const BALLAST = 2 ** 30;

/**
 * The text of a worker. `listen(f)`, `post(message)` and `watched(f)`, which calls f once it would
 * be noticed that this worker has ended, depend on the platform.
 */
export const workerSource = `'use strict';
const programs = new Map();
let words;
const failure = (id, error) => {
  Atomics.store(words, ${WORD.failed}, 1);
  const { memory } = programs.get(id);
  Atomics.store(new Int32Array(memory.buffer), ${SYNC.failed / 4}, 1);
  post({ error: String(error) });
};
// A worker makes no garbage of its own, so its engine would never look for programs' memory. What
// is asked for here is never touched, and so costs nothing but makes the engine look.
const collect = () => {
  try {
    for (let i = 0; i < 4; i++) new ArrayBuffer(${BALLAST});
  } catch {}
};
const lead = (job, wanted) => {
  const start = performance.now();
  for (let word; ((word = Atomics.load(words, ${WORD.job})) & 255) < wanted; ) {
    const passed = performance.now() - start;
    if (passed > ${PATIENCE}) break;
    // Asleep at last: one that is to come may need this very processor.
    if (passed > ${GLANCE}) Atomics.wait(words, ${WORD.job}, word, ${PATIENCE} - passed);
  }
  const joined = Atomics.or(words, ${WORD.job}, ${CLOSED}) & 255;
  Atomics.store(words, ${WORD.threads}, joined);
  Atomics.store(words, ${WORD.go}, job);
  Atomics.notify(words, ${WORD.go});
};
const follow = (job) => {
  for (let go; (go = Atomics.load(words, ${WORD.go})) !== job; ) {
    Atomics.wait(words, ${WORD.go}, go, 1);
  }
};
const join = (word) => {
  const wanted = Atomics.load(words, ${WORD.wanted});
  for (let now = word; now >>> 8 === word >>> 8 && (now & 255) < wanted; ) {
    const was = Atomics.compareExchange(words, ${WORD.job}, now, now + 1);
    if (was === now) {
      Atomics.notify(words, ${WORD.job});
      return now & 255;
    }
    now = was;
  }
  return -1;
};
const work = (job, id, place) => {
  const [table, times] = [words[${WORD.table}], words[${WORD.times}]];
  const first = words[${WORD.first}];
  const leads = first + place === 0;
  if (leads) lead(job, words[${WORD.wanted}]);
  else follow(job);
  const threads = Atomics.load(words, ${WORD.threads});
  try {
    programs.get(id).run(table, times, first + place, threads);
  } catch (error) {
    failure(id, error);
  }
  Atomics.add(words, ${WORD.left}, 1);
  Atomics.notify(words, ${WORD.left});
  if (!leads) return;
  for (let left; (left = Atomics.load(words, ${WORD.left})) < threads; ) {
    Atomics.wait(words, ${WORD.left}, left);
  }
  post({ done: job });
};
const serve = (from) => {
  for (let job = from; ; ) {
    let word = Atomics.load(words, ${WORD.job});
    for (let looks = ${LOOKS}; word >>> 8 === job; looks--) {
      if (looks < 0) Atomics.wait(words, ${WORD.job}, word);
      word = Atomics.load(words, ${WORD.job});
    }
    job = word >>> 8;
    const id = Atomics.load(words, ${WORD.program});
    const program = programs.get(id);
    // Messages come first.
    if (id === ${NONE} || !program) return;
    if (!program.run) continue;
    const place = join(word);
    if (place >= 0) work(job, id, place);
  }
};
const load = ({ id, module, memory }) => {
  try {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    programs.set(id, { run: exports.run, memory });
  } catch (error) {
    programs.set(id, {});
    Atomics.store(words, ${WORD.refused}, id);
    post({ refused: id, error: String(error) });
  }
};
listen((message) => {
  if (message.words) {
    words = message.words;
    watched(() => Atomics.add(words, ${WORD.ready}, 1));
  } else if (message.module) {
    load(message);
  } else if (message.drop !== undefined) {
    programs.delete(message.drop);
    if (message.last) collect();
  }
  else serve(message.serve);
});
`;
