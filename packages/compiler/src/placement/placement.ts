// Where a session runs: it starts there, leaves a device that fails, and takes over a faster one.
// It knows engines and checkpoints; it must not know feeds or values.
import { ChainruleError, type Sizes } from '@chainrule/graph';
import { guard } from '../backends/guard.ts';
import { DeviceError, type DeviceKind, type Refusal, reasonOf } from '../device.ts';
import type { Work } from '../work.ts';
import { type Call, createCheckpoints } from './checkpoint.ts';
import {
  cannotBeHad,
  type DeviceChoice,
  type DeviceRequest,
  findGpus,
  type Platform,
  skippedGpus,
  whyTooSmall,
} from './devices.ts';
import { createEngine, type Engine, type Holdings, type Values } from './engine.ts';
import { createTrial, type Timed, type TrialOf, type Winner } from './trial.ts';

/** What a session starts with. */
export interface Ground extends Holdings {
  readonly platform: Platform;
  readonly request: DeviceRequest;
  /** Sizes to load the task for, if all are known. */
  readonly sizes?: Sizes | undefined;
  readonly work: Work;
  readonly onDevice?: ((choice: DeviceChoice) => void) | undefined;
}

/** What waits for the engine; it may have to load programs. */
export type Job = (engine: Engine) => void | Promise<void>;

export interface Placement {
  /** Where the session is now. */
  readonly engine: Engine;
  readonly choice: DeviceChoice;
  /** May it have to go elsewhere while a call goes on? */
  readonly mayMove: boolean;
  /** Is a GPU being looked at? It needs turns of the event loop. */
  readonly isLooking: boolean;
  /**
   * The move that goes on, or one that has waited for a moment when nothing uses the engine, such
   * as this: until it resolves nothing else may use it.
   */
  moving(): Promise<void> | undefined;
  /** While it resolves a GPU is timed: what can wait should. */
  readonly timing: Promise<unknown> | undefined;
  /** Steps that a loop may do before it looks up again. */
  turns(): number;
  /** Does a job after the move, in the order of calls. @throws ChainruleError if too many wait */
  later(call: string, job: Job): void;
  enter(): Call;
  exit(call: Call): void;
  /** Notes steps that were queued or done; a checkpoint may be due. */
  count(steps: number, call?: Call): void;
  /** Notes how long work has taken. */
  timed(work: Timed, ms: number): void;
  /** Parameters were written. */
  written(values: Values): void;
  /** @throws the error, in a user's words, unless it is a device's that can be left */
  mustLeave(error: unknown): DeviceError;
  /** Leaves a device that has failed. @throws the error if there is nothing to leave, or no way */
  leave(from: Engine, error: unknown): Promise<void>;
  dispose(): void;
}

/** Calls that may wait for a move: as many as a queue of steps that has some 10 ms of work. */
const MOST_WAITING = 32;

/** Opens a device and puts the session there. */
async function begin(ground: Ground, kind: DeviceKind, values: Values, all: readonly Sizes[]) {
  const { platform, task } = ground;
  const device = guard(await platform.open(kind));
  try {
    const engine = createEngine(device, ground, values);
    // These are never released: what has been loaded stays loaded on the next device.
    for (const sizes of all) {
      const lease = await engine.lease(task, sizes);
      engine.main ??= lease;
    }
    // Nothing has been read that would show it.
    const why = device.fault?.();
    if (why !== undefined) throw new DeviceError(why, true);
    return engine;
  } catch (error) {
    device.dispose();
    throw error;
  }
}

/** `values`: what the parameters start with; those that are not there with 0. */
interface Start {
  readonly engine: Engine;
  readonly choice: DeviceChoice;
  readonly values: Values;
}

/** Starts on a device of the CPU. */
async function beginOnCpu(
  ground: Ground,
  values: Values,
  why: string,
  refused: readonly Refusal[],
  kind: DeviceKind,
): Promise<Start> {
  const engine = await begin(ground, kind, values, sizesOf(ground));
  return { engine, values, choice: { kind, why: whyOn(engine, why), refused, lost: [] } };
}

const sizesOf = ({ sizes }: Ground): Sizes[] => (sizes ? [sizes] : []);
const whyOn = ({ device }: Engine, why: string): string =>
  device.kind === 'js' ? why : `${device.label}: ${why}`;

/** Starts on the first GPU of those asked for whose kernels compile. */
async function beginOnGpu(ground: Ground, values: Values): Promise<Start> {
  const { usable, refused } = await findGpus(ground.platform, ground.request);
  const all = [...refused];
  for (const { kind } of usable) {
    try {
      const engine = await begin(ground, kind, values, sizesOf(ground));
      const why = `it was asked for: ${engine.device.label}`;
      return { engine, values, choice: { kind, why, refused: all, lost: [] } };
    } catch (error) {
      all.push({ kind, why: reasonOf(error) });
    }
  }
  throw cannotBeHad(ground.request, all);
}

/** Opens what was asked for, or the CPU while GPUs are looked at. */
export async function openPlacement(ground: Ground, values: Values): Promise<Placement> {
  const { request, platform, work } = ground;
  if (request === 'js' || request === 'wasm') {
    return createPlacement(
      ground,
      await beginOnCpu(ground, values, 'it was asked for', [], request),
    );
  }
  if (request !== 'auto') return createPlacement(ground, await beginOnGpu(ground, values));
  const { kind, refused } = platform.cpu();
  const small = whyTooSmall(work);
  if (small !== undefined) {
    const all = [...skippedGpus(), ...refused];
    return createPlacement(ground, await beginOnCpu(ground, values, small, all, kind));
  }
  const why = 'it starts here while GPUs are looked at';
  return createPlacement(ground, await beginOnCpu(ground, values, why, refused, kind), true);
}

const isByName = (request: DeviceRequest): boolean => request !== 'auto' && request !== 'gpu';

/** A device's failure in the words of a user who has asked for that device. */
const told = (kind: DeviceKind, error: DeviceError): Error =>
  error.cause instanceof ChainruleError
    ? error.cause
    : new ChainruleError(
        `${kind}: ${error.message}.`,
        "leave device out (it is 'auto'), or ask for 'wasm'.",
      );

/** The session on the device it starts on. */
function createPlacement(ground: Ground, start: Start, looks = false): Placement {
  const { every, onDevice, request, task } = ground;
  const checkpoints = createCheckpoints(every);
  const waiting: Job[] = [];
  let { engine, choice } = start;
  let live = true;
  let going: Promise<void> | undefined;
  /** Opened anew after a loss, and no checkpoint has come from it since? */
  let isAnew = false;
  /** Why queued calls or a move failed: the next call hears of it. */
  let failure: unknown;
  /** Is there an engine? Without one every call fails. */
  let isHome = true;

  const arrive = (at: Engine, values: Values, news: Partial<DeviceChoice>): void => {
    engine = at;
    isHome = true;
    const isLosable = at.device.fault !== undefined && every > 0;
    checkpoints.start(isLosable ? values : undefined);
    tell({ kind: at.device.kind, ...news });
  };
  const tell = (news: Partial<DeviceChoice>): void => {
    const now = { ...choice, ...news };
    choice = now;
    queueMicrotask(() => live && onDevice?.(now));
  };
  const trial = looks ? createTrial(trialOf(ground, engine, tell, choice.refused)) : undefined;
  checkpoints.start(engine.device.fault && every > 0 ? start.values : undefined);

  const mustLeave: Placement['mustLeave'] = (error) => {
    if (!(error instanceof DeviceError)) throw error;
    if (isByName(request) && !error.isLost) throw told(engine.device.kind, error);
    return error;
  };
  /** From a device that failed to the same kind opened anew, another GPU, or the CPU. */
  const moveOut = async (error: unknown): Promise<void> => {
    const { message: why, isLost } = mustLeave(error);
    const { kind } = engine.device;
    // A device that cannot do one thing may well give back what it has.
    const saved = isLost ? undefined : await engine.state().catch(() => undefined);
    const values = saved ?? checkpoints.last?.values;
    isHome = false;
    const all = [engine.main?.sizes ?? [], engine.known(task)].flat();
    quietly(() => engine.dispose());
    if (!values) throw withoutCheckpoint(kind, why);
    const refused = choice.refused.filter((r) => r.kind !== kind);
    if (saved || isAnew) refused.push({ kind, why });
    for (const to of await waysOut(ground, kind, !saved && !isAnew, saved !== undefined)) {
      try {
        const next = await begin(ground, to, values, all);
        if (!live) return next.dispose();
        const loss = { kind, why, stepsLost: saved ? 0 : checkpoints.goBack() };
        isAnew = to === kind;
        const how = isAnew ? 'opened anew after it failed' : `it moved here when ${kind} failed`;
        const lost = [...choice.lost, loss];
        arrive(next, values, { why: `${next.device.label}: ${how}: ${why}`, refused, lost });
        return;
      } catch (cause) {
        refused.push({ kind: to, why: reasonOf(cause) });
      }
    }
    throw nowhere(kind, why, refused);
  };
  /** To a GPU that has proved faster. */
  const takeOver = async ({ engine: to, why, refused }: Winner): Promise<void> => {
    try {
      for (const sizes of engine.known(task)) (await to.lease(task, sizes)).release();
      to.main = await to.lease(task, engine.main!.sizes);
      const values = await engine.state();
      to.write(values);
      if (!live) return to.dispose();
      engine.dispose();
      arrive(to, values, { why, refused: [...refused, ...choice.refused] });
    } catch (error) {
      quietly(() => to.dispose());
      const failed = { kind: to.device.kind, why: reasonOf(error) };
      tell({ refused: [...refused, ...choice.refused, failed] });
    }
  };
  /** Moves, then does what was asked for in the meantime; never rejects. */
  const run = async (move?: () => Promise<void>): Promise<void> => {
    try {
      await move?.();
      while (live && waiting.length > 0) {
        try {
          await waiting[0]!(engine);
          waiting.shift();
        } catch (error) {
          await moveOut(error);
        }
      }
    } catch (error) {
      failure = error;
    }
    waiting.length = 0;
    going = undefined;
  };
  /** Before `run` begins, so that it can say when it has ended. */
  const go = (move?: () => Promise<void>): Promise<void> => {
    going = Promise.resolve().then(() => run(move));
    return going;
  };
  const moving = (): Promise<void> | undefined => {
    const winner = going ? undefined : trial?.take();
    return winner ? go(() => takeOver(winner)) : going;
  };
  const fail = (): void => {
    const error = failure;
    if (isHome) failure = undefined;
    if (error !== undefined) throw error;
  };
  const leave = async (from: Engine, error: unknown): Promise<void> => {
    if (from === engine && !going) {
      mustLeave(error);
      void go(() => moveOut(error));
    } else if (!(error instanceof DeviceError)) throw error;
    await going;
    fail();
  };
  const checkpoint = (): void => {
    const from = engine;
    const arrived = (isWhole: boolean): void => {
      if (isWhole && from === engine) isAnew = false;
    };
    checkpoints.take(from).then(arrived, (error) => leave(from, error).catch(() => {}));
  };
  return {
    get engine() {
      fail();
      return engine;
    },
    get choice() {
      return choice;
    },
    get mayMove() {
      return engine.device.fault !== undefined || trial?.isOpen === true;
    },
    get isLooking() {
      return trial?.isOpen === true;
    },
    get timing() {
      return trial?.timing;
    },
    moving,
    turns: () => Math.max(1, Math.min(trial?.turns() ?? Infinity, checkpoints.left())),
    later: (call, job) => {
      if (waiting.length >= MOST_WAITING) throw tooMany(call);
      waiting.push(job);
      if (!going) void go();
    },
    enter: checkpoints.enter,
    leave,
    exit: checkpoints.leave,
    count: (steps, call) => {
      checkpoints.count(steps, call);
      if (checkpoints.isDue()) checkpoint();
    },
    timed: (work, ms) => trial?.timed(work, ms),
    written: (values) => {
      const isWhole = values.size === ground.params.length;
      checkpoints.written(values, isWhole);
      if (!isWhole && checkpoints.last) checkpoint();
    },
    mustLeave,
    dispose: () => {
      live = false;
      trial?.dispose();
      engine.dispose();
    },
  };
}

/** A trial of the GPUs for a session that runs on the CPU. */
const trialOf = (
  ground: Ground,
  cpu: Engine,
  tell: (news: Pick<DeviceChoice, 'why' | 'refused'>) => void,
  before: readonly Refusal[],
): TrialOf => ({
  platform: ground.platform,
  cpu,
  unit: ground.task.updates.length > 0 ? 'step' : 'value',
  open: async (kind) => begin(ground, kind, await cpu.state(), sizesOf(ground)),
  stay: (why, refused) => tell({ why: whyOn(cpu, why), refused: [...refused, ...before] }),
});

/** Devices to try when one has failed, in order. */
async function waysOut(ground: Ground, kind: DeviceKind, again: boolean, others: boolean) {
  const { platform, request } = ground;
  const { usable } = others && !isByName(request) ? await findGpus(platform, request) : NONE;
  const kinds: readonly DeviceKind[] = usable.map((gpu) => gpu.kind);
  // Those before it were not taken, and for a reason.
  const further = kinds.slice(kinds.indexOf(kind) + 1);
  return [...(again ? [kind] : []), ...further, platform.cpu().kind];
}

const NONE = { usable: [] } as const;

/** A device that is lost may not even be able to end. */
function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // What it had is gone.
  }
}

const withoutCheckpoint = (kind: DeviceKind, why: string): ChainruleError =>
  new ChainruleError(
    `${kind} has failed (${why}), and there is no checkpoint to go back to.`,
    'compile again and restore a state, or leave checkpoint out: 100 steps are lost at most.',
  );

const nowhere = (kind: DeviceKind, why: string, refused: readonly Refusal[]): ChainruleError => {
  const reasons = refused.map((r) => `  ${r.kind}: ${r.why}`).join('\n');
  return new ChainruleError(
    `${kind} has failed (${why}), and no other device can be had:\n${reasons}`,
    'compile again, and restore a state.',
  );
};

const tooMany = (call: string): ChainruleError =>
  new ChainruleError(
    `${call}: ${MOST_WAITING} calls wait while the session moves or loads kernels.`,
    'use await steps(1, feeds), which waits with them.',
  );
