// What a running program offers: steps, values, parameters. It knows no devices.
import type { Data, Node, Sizes } from '@chainrule/graph';
import type { Feeds } from './feeds.ts';
import type { Held } from './held.ts';
import type { DeviceChoice } from './placement/devices.ts';
import type { Report } from './report.ts';

/** Numbers and their shape, row-major. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly order: 'rows';
}

/** A compiled program with its parameters. Nothing in it is freed by hand but the whole. */
export interface Session {
  /**
   * One training step: every parameter takes its new value. Queued on a GPU, done on return on a
   * CPU. Sizes that no parameter has (the batch) may differ from call to call.
   *
   * While a session moves to another device or loads kernels for another size, the step waits with
   * a copy of its data, with up to 31 others: they are done in the order of calls, before anything
   * else that is asked for. If the device is lost, no step is done on what it has left: the
   * session goes back to its last checkpoint, and steps since then are lost; `device.lost` says
   * how many.
   * @throws FeedError, NameError for feeds that do not fit, ChainruleError while `steps` go on, or
   *   if too many wait, or a worker ends in the middle: parameters are then as before (unless
   *   `checkpoint` of `compile` is 0)
   */
  step(feeds: Feeds): void;
  /**
   * `n` steps on the same data; loads what is missing for other batch sizes. On the CPU short ones
   * are done on return; long ones go on in the background (worker threads, or slices of a few
   * milliseconds): until the promise resolves, `step`, `write` and `restore` are errors, and what
   * else is asked for waits. If it rejects because a worker ends, parameters are as before (unless
   * `checkpoint` is 0), or what the error says where another call has taken turns with it.
   *
   * If its device is lost it goes on, from the last checkpoint, on the same kind of device opened
   * anew or on the CPU, and does again what was lost of these `n` steps.
   */
  steps(n: number, feeds: Feeds): Promise<void>;
  /**
   * The value of a node: a number if it is a scalar. Compiled once, apart from the step. WebGPU
   * loads in the background: await a first value before the step that is to come after it. After a
   * device was lost it is the value at the last checkpoint.
   */
  value(node: Node, feeds?: Feeds): Promise<number | Tensor>;
  /** The values of several nodes, computed in one program. */
  run<K extends string>(
    nodes: Readonly<Record<K, Node>>,
    feeds?: Feeds,
  ): Promise<Record<K, Tensor>>;
  /**
   * Data that are fed more than once: checked and copied now, put on the device when first fed,
   * and left there until nobody has them any more. Each comes back under its name, to be fed alone
   * or with others: `const data = run.hold({ X, Y }); run.step({ ...data, alpha: 0.1 })`.
   * @throws FeedError, NameError for data that do not fit an input of this program
   */
  hold<K extends string>(data: Readonly<Record<K, Data>>): Record<K, Held>;
  /**
   * Gives the place of held data on the device back now. Otherwise it is given back when the
   * garbage collector sees that nobody has them: never while a loop runs that awaits nothing. Fed
   * again they are put there anew.
   */
  release(data: Readonly<Record<string, Held>>): void;
  /** A copy of a parameter. @throws NameError for an unknown name */
  read(name: string): Promise<Tensor>;
  /** Sets a parameter. @throws FeedError if the data do not fit, NameError for an unknown name */
  write(name: string, data: Data): void;
  /** Copies of everything that lives across steps. */
  state(): Promise<Record<string, Tensor>>;
  /** Sets all that lives across steps; nothing changes if anything is missing or does not fit. */
  restore(state: Readonly<Record<string, Data>>): void;
  /** Where it runs now, why there, why not elsewhere, and which devices it has lost. */
  readonly device: DeviceChoice;
  /** What it was compiled for: results by name, and the new values of parameters by theirs. */
  readonly nodes: {
    readonly results: Readonly<Record<string, Node>>;
    readonly updated: Readonly<Record<string, Node>>;
  };
  /** The sizes that were given to `compile`. */
  readonly sizes: Sizes;
  /**
   * The kernels of one step (or of the value, if nothing is trained), their work and memory, for
   * the sizes given to `compile`, or else those of the first step.
   */
  report(): Report;
  /** The generated source of a kernel. @throws NameError for an unknown name */
  source(kernel: string): string;
  /** Every kernel's generated source. */
  print(): string;
  /** Gives everything back; any further call is an error. */
  dispose(): void;
  [Symbol.dispose](): void;
}
