// Starts worker threads, in Node and in pages, and tells how many are worth having.

import { MOST_THREADS } from './meet.ts';
import { workerSource } from './worker.ts';

/** A worker thread. */
export interface Thread {
  post(message: unknown): void;
  /** Should the process live for as long as it works? */
  hold(on: boolean): void;
  /** Ends it, whatever it does; resolves when it does nothing any more. */
  end(): Promise<void>;
}

/** What a worker says, and that it has ended by itself. */
export interface Listener {
  message(data: unknown): void;
  ended(why: string): void;
}

/** What is used of Node's modules; a page has none of it. */
interface NodeWorker {
  on(event: 'message', listener: (data: unknown) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'exit', listener: (code: number) => void): void;
  postMessage(message: unknown): void;
  terminate(): Promise<unknown>;
  ref(): void;
  unref(): void;
}
interface NodeModules {
  readonly 'node:worker_threads': {
    readonly Worker: new (source: string, options: object) => NodeWorker;
  };
  readonly 'node:os': { availableParallelism(): number };
}

interface Process {
  getBuiltinModule?<K extends keyof NodeModules>(name: K): NodeModules[K] | undefined;
}

const nodeProcess = (): Process | undefined => (globalThis as { process?: Process }).process;

/** A module of Node, without an import that a bundler would follow into a page. */
const fromNode = <K extends keyof NodeModules>(name: K): NodeModules[K] | undefined =>
  nodeProcess()?.getBuiltinModule?.(name);

/** Why memory cannot be shared between threads here, or undefined where it can. */
export function whyNoThreads(): string | undefined {
  if (typeof SharedArrayBuffer === 'undefined') {
    return (
      'this page is not cross-origin isolated (Cross-Origin-Opener-Policy: same-origin, ' +
      'Cross-Origin-Embedder-Policy: require-corp), so threads share no memory'
    );
  }
  // Node's module is loaded when a worker is started: that takes a millisecond.
  const some =
    typeof Worker === 'function' || typeof nodeProcess()?.getBuiltinModule === 'function';
  return some ? undefined : 'there are no worker threads here';
}

/** Asked once: the answer takes longer than a small step. */
let counted: number | undefined;

/** Processors that threads of one step may run on. */
export function processors(): number {
  const { hardwareConcurrency = 1 } = globalThis.navigator ?? {};
  counted ??= fromNode('node:os')?.availableParallelism() ?? hardwareConcurrency;
  return Math.min(MOST_THREADS, counted);
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** Starts a worker. @throws if the platform does not allow it */
export function startThread(listener: Listener): Thread {
  const node = fromNode('node:worker_threads');
  return node ? startInNode(node.Worker, listener) : startInPage(listener);
}

// Without `require`: whether the text is taken for a module depends on Node's options.
const NODE = `const { parentPort } = process.getBuiltinModule('node:worker_threads');
const listen = (f) => parentPort.on('message', f);
const post = (message) => parentPort.postMessage(message);
const watched = (f) => f();
`;

function startInNode(
  Worker: NodeModules['node:worker_threads']['Worker'],
  listener: Listener,
): Thread {
  const worker = new Worker(NODE + workerSource, { eval: true, name: 'chainrule' });
  worker.on('message', listener.message);
  worker.on('error', ({ message }) => listener.ended(message));
  worker.on('exit', (code) => listener.ended(`it ended with code ${code}`));
  // A process that is done need not wait for its idle workers. A listener would undo it.
  worker.unref();
  return {
    post: (message) => worker.postMessage(message),
    hold: (on) => (on ? worker.ref() : worker.unref()),
    end: async () => void (await worker.terminate()),
  };
}

// A page is not told when a worker has ended, but a lock that the worker had is free then. It
// takes the lock before it serves: from then on it has no time for promises.
const PAGE = `const listen = (f) => { onmessage = ({ data }) => f(data); };
const post = (message) => postMessage(message);
const watched = (f) => {
  const hold = () => {
    post({ holds: true });
    f();
    return new Promise(() => {});
  };
  if (navigator.locks) navigator.locks.request(location.href, hold).catch(f);
  else f();
};
`;
const GONE = 'it has ended';
/** Milliseconds in which a worker ends of which nobody is told that it has. */
const SETTLING = 50;
const POLICY = "the page's Content-Security-Policy does not allow it (worker-src blob:)";

function startInPage(listener: Listener): Thread {
  const blob = new Blob([PAGE, workerSource], { type: 'text/javascript' });
  const url = URL.createObjectURL(blob);
  const worker = new Worker(url, { name: 'chainrule' });
  let gone: Promise<void> | undefined;
  const watch = (): void => {
    // No other worker has this address.
    gone = navigator.locks.request(url, () => listener.ended(GONE));
    // A document that is about to go is given no lock: nobody is told then.
    gone.catch(() => {
      gone = undefined;
    });
  };
  worker.onmessage = ({ data }) => {
    if (data.holds) watch();
    else listener.message(data);
  };
  worker.onerror = ({ message }) => listener.ended(message || POLICY);
  return {
    post: (message) => worker.postMessage(message),
    hold: () => {},
    end: async () => {
      worker.terminate();
      URL.revokeObjectURL(url);
      await (gone ?? pause(SETTLING));
    },
  };
}
