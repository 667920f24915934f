// A running program: parameters on a device, steps, values. It knows plans and devices, not ops.
import {
  ChainruleError,
  type Data,
  NameError,
  type Node,
  nameOf,
  type Sizes,
} from '@chainrule/graph';
import type { Executable, Task } from './executable.ts';
import { checkFeeds, type Feeds, holdFeeds } from './feeds.ts';
import { type Held, kept, ownOf } from './held.ts';
import { check, keep, runSteps, uploadFor, type Wanted, want } from './placement/calls.ts';
import type { Call } from './placement/checkpoint.ts';
import type { DeviceChoice } from './placement/devices.ts';
import type { Engine, Values } from './placement/engine.ts';
import type { Job, Placement } from './placement/placement.ts';
import type { Lease } from './programs.ts';
import { type Report, reportOf } from './report.ts';
import { checkResident, checkValues, findResident } from './residents.ts';
import type { Session, Tensor } from './session.ts';
import { createTasks } from './tasks.ts';

/** What a session is made of. */
export interface Parts {
  readonly placement: Placement;
  readonly task: Task;
  readonly nodes: Session['nodes'];
  /** Sizes given to `compile`. */
  readonly sizes: Sizes;
  /** Those of them that parameters have: they cannot change. */
  readonly fixed: Sizes;
}

/** Milliseconds after which a loop of steps lets the page or process look around. */
const FRAME = 16;

/** A session of its parts. */
export const createSession = (parts: Parts): Session => new RunningSession(parts);

const nameOfLeaf = (node: Node): string => nameOf(node) ?? `an unnamed ${node.op}`;

class RunningSession implements Session {
  readonly #parts: Parts;
  readonly #placement: Placement;
  readonly #taskOf: ReturnType<typeof createTasks>;
  /** Steps that the device may not have done yet. */
  #queued = 0;
  /** Resolves when steps in the background are done, however they end. */
  #busy: Promise<void> | undefined;
  #live = true;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#placement = parts.placement;
    this.#taskOf = createTasks(({ leaves }) =>
      checkResident(leaves, this.#placement.engine.residents, nameOfLeaf),
    );
  }

  get device(): DeviceChoice {
    return this.#placement.choice;
  }

  get nodes(): Session['nodes'] {
    return this.#parts.nodes;
  }

  get sizes(): Sizes {
    return this.#parts.sizes;
  }

  step(feeds: Feeds): void {
    this.#idle('step');
    const wanted = this.#wantStep('step', feeds);
    const once = (engine: Engine, lease: Lease): void => {
      const env = uploadFor(engine, lease, wanted);
      this.#queued++;
      try {
        runSteps(this.#placement, engine, lease, env, wanted);
      } finally {
        engine.free(lease.program, env);
      }
    };
    const job = (engine: Engine): void | Promise<void> => {
      const lease = engine.lease(wanted.task, wanted.sizes);
      return lease instanceof Promise ? lease.then((l) => once(engine, l)) : once(engine, lease);
    };
    this.#now('step', job, () => keep(wanted));
  }

  async steps(n: number, feeds: Feeds): Promise<void> {
    if (!Number.isInteger(n) || n < 0) {
      throw new ChainruleError(`steps: ${n} is no number of steps.`, 'give e.g. 100.');
    }
    const wanted = this.#wantStep('steps', feeds);
    if (n === 0) check(wanted);
    const call = this.#placement.enter();
    try {
      // Where nothing has to be waited for it runs at once: what is called next finds it done.
      while (call.done < n) {
        await this.#on('steps', wanted, (engine, lease) =>
          this.#someSteps(n, call, wanted, engine, lease!),
        );
      }
    } finally {
      this.#placement.exit(call);
    }
  }

  /** Steps until they are done, or the session has to move. */
  async #someSteps(n: number, call: Call, wanted: Wanted, engine: Engine, lease: Lease) {
    const env = uploadFor(engine, lease, wanted);
    try {
      let begin = performance.now();
      do {
        const { done } = call;
        const left = n - done;
        const times = lease.program.loaded.runMany && Math.min(left, this.#placement.turns());
        const of = { whole: call, times, done, left };
        const running = runSteps(this.#placement, engine, lease, env, wanted, call, of);
        wanted.isOver = call.done >= n;
        this.#queued++;
        if (running) await this.#background(running);
        else if (this.#queued >= engine.device.limits.queue) {
          this.#queued = 0;
          await engine.wait();
        }
        if (this.#placement.isLooking && performance.now() - begin > FRAME) {
          await new Promise<void>((resolve) => setTimeout(resolve));
          begin = performance.now();
        }
        this.#alive('steps');
      } while (call.done < n && !this.#occupied() && engine === this.#placement.engine);
    } finally {
      engine.free(lease.program, env);
    }
  }

  /** Waits for steps in the background, and lets others know. */
  async #background(running: Promise<void>): Promise<void> {
    const ended = running.catch(() => {});
    this.#busy = ended;
    try {
      await running;
    } finally {
      this.#busy = undefined;
    }
    this.#alive('steps');
  }

  async value(node: Node, feeds: Feeds = {}): Promise<number | Tensor> {
    const { value } = await this.#evaluate('value', { value: node }, feeds);
    return value.shape.length === 0 ? value.data[0]! : value;
  }

  async run<K extends string>(
    nodes: Readonly<Record<K, Node>>,
    feeds: Feeds = {},
  ): Promise<Record<K, Tensor>> {
    return this.#evaluate('run', nodes, feeds);
  }

  hold<K extends string>(data: Readonly<Record<K, Data>>): Record<K, Held> {
    this.#alive('hold');
    const { task, fixed, sizes } = this.#parts;
    return holdFeeds(task.mayFeed, data, fixed, sizes);
  }

  release(data: Readonly<Record<string, Held>>): void {
    if (!this.#live) return;
    for (const held of Object.values(data)) {
      const own = ownOf(held);
      if (own) this.#placement.engine.release(own.values);
    }
  }

  async read(name: string): Promise<Tensor> {
    this.#alive('read');
    findResident(this.#placement.engine.residents, name);
    return this.#on('read', undefined, (engine) => engine.read(name));
  }

  write(name: string, data: Data): void {
    this.#alive('write');
    this.#idle('write');
    this.#write('write', checkValues(this.#placement.engine.residents, { [name]: data }));
  }

  async state(): Promise<Record<string, Tensor>> {
    const read = async (engine: Engine) => {
      const names = [...engine.residents.keys()];
      const tensors = await Promise.all(names.map((name) => engine.read(name)));
      return Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
    };
    return this.#on('state', undefined, read);
  }

  restore(state: Readonly<Record<string, Data>>): void {
    this.#alive('restore');
    this.#idle('restore');
    if (typeof state !== 'object' || state === null) {
      throw new ChainruleError(
        `restore: ${String(state)} is no state.`,
        'pass what state() gave.',
      );
    }
    const { residents } = this.#placement.engine;
    const missing = [...residents.keys()].filter((name) => !Object.hasOwn(state, name));
    if (missing.length > 0) {
      throw new NameError(
        `restore: the state has no ${missing.join(', ')}.`,
        'pass all that state() gave; to set single parameters use write.',
      );
    }
    this.#write('restore', checkValues(residents, state));
  }

  #write(call: string, values: Values): void {
    // Other devices may share their memory, or have a checkpoint that keeps them.
    let own = this.#placement.engine.device.view ? values : kept(values);
    const job = (engine: Engine): void => {
      engine.write(own);
      this.#placement.written(own);
    };
    this.#now(call, job, () => {
      own = kept(values);
    });
  }

  report(): Report {
    return reportOf(this.#loaded('report'), this.#placement.engine.every);
  }

  source(kernel: string): string {
    const { planned, program } = this.#loaded('source');
    const i = planned.kernels.findIndex((k) => k.name === kernel);
    if (i >= 0) return program.sources[i]!;
    const names = planned.kernels.map((k) => k.name).join(', ');
    throw new NameError(
      `source: there is no kernel ${kernel}; kernels: ${names}.`,
      `name one of these.`,
    );
  }

  print(): string {
    const { planned, program } = this.#loaded('print');
    const text = (name: string, i: number) => `// kernel ${name}\n${program.sources[i]}`;
    return planned.kernels.map(({ name }, i) => text(name, i)).join('\n\n');
  }

  dispose(): void {
    if (!this.#live) return;
    this.#live = false;
    this.#placement.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #alive(call: string): void {
    if (this.#live) return;
    const params = this.#parts.task.leaves.filter((leaf) => leaf.op === 'param');
    throw new ChainruleError(
      `${call}: the session of ${params.map(nameOf).join(', ') || 'this program'} is disposed.`,
      'compile again, or dispose later.',
    );
  }

  /** @throws ChainruleError while steps go on in the background */
  #idle(call: string): void {
    if (!this.#busy) return;
    throw new ChainruleError(`${call}: steps are still going on.`, 'await steps(...) before it.');
  }

  #loaded(call: string): Executable {
    this.#alive(call);
    const { main } = this.#placement.engine;
    if (main) return main.program;
    throw new ChainruleError(
      `${call}: nothing is compiled yet, because a size is open.`,
      'give all sizes to compile, or run a step first.',
    );
  }

  /** What has to end before the engine should be used. */
  #occupied(): Promise<unknown> | undefined {
    return this.#busy ?? this.#placement.moving() ?? this.#placement.timing;
  }

  /**
   * Does a job when nothing else uses the engine, with its program, if it wants one: at once, if
   * nothing has to be waited for. Again on the next device, if this one fails.
   */
  async #on<T>(
    call: string,
    wanted: Wanted | undefined,
    job: (engine: Engine, lease?: Lease) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      this.#alive(call);
      for (let other = this.#occupied(); other; other = this.#occupied()) {
        if (wanted) keep(wanted);
        await other;
        this.#alive(call);
      }
      const { engine } = this.#placement;
      try {
        const found = wanted && engine.lease(wanted.task, wanted.sizes);
        if (wanted && found instanceof Promise) keep(wanted);
        const lease = found instanceof Promise ? await found : found;
        this.#alive(call);
        // While it was loaded, others may have come.
        if (found instanceof Promise && (this.#occupied() || engine !== this.#placement.engine)) {
          lease?.release();
          continue;
        }
        const running = job(engine, lease);
        if (wanted && this.#placement.mayMove) keep(wanted);
        return await running;
      } catch (error) {
        this.#alive(call);
        await this.#placement.leave(engine, error);
      }
    }
  }

  /** Does a job now; or if the session moves, or has to load or to move for it, after that. */
  #now(call: string, job: Job, hold: () => void): void {
    if (this.#placement.moving()) {
      hold();
      this.#placement.later(call, job);
      return;
    }
    const { engine } = this.#placement;
    let running: Promise<void> | undefined;
    try {
      running = job(engine) ?? undefined;
      if (!running) return;
    } catch (error) {
      this.#placement.mustLeave(error);
    }
    hold();
    this.#placement.later(call, (at) => {
      const first = running;
      running = undefined;
      return first ?? job(at);
    });
    // Who waits in the queue hears of it.
    running?.catch(() => {});
  }

  /** All that is fed tells the sizes, also what rewriting has made superfluous. */
  #want(task: Task, feeds: Feeds): Wanted {
    const { task: main, fixed, sizes } = this.#parts;
    const mayFeed = [...main.mayFeed, ...task.mayFeed];
    const fitting = checkFeeds(task.slots, mayFeed, feeds, fixed, sizes);
    return want(task, fitting, () => (this.#occupied() ? undefined : this.#placement.engine));
  }

  #wantStep(call: string, feeds: Feeds): Wanted {
    this.#alive(call);
    const { task } = this.#parts;
    if (task.updates.length > 0) return this.#want(task, feeds);
    throw new ChainruleError(
      `${call}: this session has nothing to train.`,
      'compile train(J, sgd(0.1)).',
    );
  }

  async #evaluate<K extends string>(
    call: string,
    nodes: Readonly<Record<K, Node>>,
    feeds: Feeds,
  ): Promise<Record<K, Tensor>> {
    this.#alive(call);
    const wanted = this.#want(this.#taskOf(nodes), feeds);
    const found = await this.#on(call, wanted, async (engine, lease) => {
      const begin = performance.now();
      const env = uploadFor(engine, lease!, wanted);
      try {
        return await engine.evaluate(lease!.program, env);
      } finally {
        lease!.release();
        const isAll = this.#parts.task.updates.length === 0;
        if (isAll) this.#placement.timed({ ...wanted, turns: 1 }, performance.now() - begin);
      }
    });
    return found as Record<K, Tensor>;
  }
}
