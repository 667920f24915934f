// Starts worker threads, in Node and in pages, and tells how many are worth having.
import { workerSource } from './worker.ts';

/** A worker thread. */
export interface Thread {
  post(message: unknown): void;
  /** Should the process live for as long as it works? */
  hold(on: boolean): void;
  /** Ends it, whatever it does. */
  end(): void;
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
  terminate(): void;
  ref(): void;
  unref(): void;
}
interface NodeModules {
  readonly 'node:worker_threads': {
    readonly Worker: new (source: string, options: object) => NodeWorker;
  };
  readonly 'node:os': { availableParallelism(): number };
}

/** A module of Node, without an import that a bundler would follow into a page. */
function fromNode<K extends keyof NodeModules>(name: K): NodeModules[K] | undefined {
  type Process = { getBuiltinModule?: (name: K) => NodeModules[K] };
  return (globalThis as { process?: Process }).process?.getBuiltinModule?.(name);
}

/** Why memory cannot be shared between threads here, or undefined where it can. */
export function whyNoThreads(): string | undefined {
  if (typeof SharedArrayBuffer === 'undefined') {
    return (
      'this page is not cross-origin isolated (Cross-Origin-Opener-Policy: same-origin, ' +
      'Cross-Origin-Embedder-Policy: require-corp), so threads share no memory'
    );
  }
  const some = typeof Worker === 'function' || fromNode('node:worker_threads') !== undefined;
  return some ? undefined : 'there are no worker threads here';
}

/** Processors that threads of this process may run on. */
export const processors = (): number =>
  fromNode('node:os')?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;

/** Starts a worker. @throws if the platform does not allow it */
export function startThread(listener: Listener): Thread {
  const node = fromNode('node:worker_threads');
  return node ? startInNode(node.Worker, listener) : startInPage(listener);
}

const NODE = `const { parentPort } = require('node:worker_threads');
const listen = (f) => parentPort.on('message', f);
const post = (message) => parentPort.postMessage(message);
`;

function startInNode(
  Worker: NodeModules['node:worker_threads']['Worker'],
  listener: Listener,
): Thread {
  const worker = new Worker(NODE + workerSource, { eval: true, name: 'chainrule' });
  // A process that is done need not wait for its idle workers.
  worker.unref();
  worker.on('message', listener.message);
  worker.on('error', ({ message }) => listener.ended(message));
  worker.on('exit', (code) => listener.ended(`it ended with code ${code}`));
  return {
    post: (message) => worker.postMessage(message),
    hold: (on) => (on ? worker.ref() : worker.unref()),
    end: () => worker.terminate(),
  };
}

const PAGE = `const listen = (f) => { onmessage = ({ data }) => f(data); };
const post = (message) => postMessage(message);
`;
const POLICY = "the page's Content-Security-Policy does not allow it (worker-src blob:)";

function startInPage(listener: Listener): Thread {
  const blob = new Blob([PAGE, workerSource], { type: 'text/javascript' });
  const url = URL.createObjectURL(blob);
  const worker = new Worker(url, { name: 'chainrule' });
  worker.onmessage = ({ data }) => listener.message(data);
  worker.onerror = ({ message }) => listener.ended(message || POLICY);
  return {
    post: (message) => worker.postMessage(message),
    hold: () => {},
    end: () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
}
