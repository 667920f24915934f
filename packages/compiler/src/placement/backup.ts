// What parameters were before a step that may fail half-way, on devices whose memory can be read
// at once: copies of them, and the calls done since, to be done again. It knows parameters and
// data, and nothing of threads but that there are some.
import { ChainruleError } from '@chainrule/graph';
import { type Device, type Handle, InterruptedError } from '../device.ts';
import { sizeOf } from '../nest.ts';
import type { Resident } from '../residents.ts';

/** Steps that are about to run: those of a call, or of a part of one. */
export interface Steps {
  readonly call: 'step' | 'steps';
  /** That call: parts of several may take turns. */
  readonly whole: object;
  readonly times: number;
  /** Steps of the call that were done before, and that are still to be done, these included. */
  readonly done: number;
  readonly left: number;
  /** May they be interrupted? */
  readonly isAtRisk: boolean;
  /** Is it a program that threads share? Others are at risk now and then, and keep nothing. */
  readonly isShared: boolean;
  /** What runs, and with which data. */
  readonly program: object;
  readonly env: readonly Handle[];
  /** How many numbers these data are, but for those that the call before had, too. */
  readonly fed: number;
  run(): void | Promise<void>;
  /** Does one of them again, on one thread: nothing interrupts it. */
  again(): void;
  /** Gives the data back. */
  free(): void;
}

/** What undoes steps that are interrupted. */
export interface Backup {
  /**
   * Runs steps. If they are interrupted parameters are put back to what they were before the call.
   * @throws ChainruleError that says so
   */
  during(steps: Steps): void | Promise<void>;
  /** Are these data still needed? They are given back when they are not any more. */
  keeps(env: readonly Handle[]): boolean;
  /**
   * What parameters were before does not matter, as when they have been set, or not enough to keep
   * data for it. True if some were given back.
   */
  forget(): boolean;
  /** What ended calls were fed is given back, if none goes on. */
  settle(): void;
}

/** Steps between two copies: so few that the data kept meanwhile take no more than a copy does. */
const interval = (changed: number, fed: number, every: number): number =>
  fed === 0 ? every : Math.min(every, 1 + Math.floor(changed / fed));

/**
 * What the backup of single steps takes, in the unit of its arguments.
 * @param changed what steps change
 * @param fed what each is fed
 * @param every the most steps between copies
 */
export const backupSize = (changed: number, fed: number, every: number): number =>
  every > 0 ? changed + (interval(changed, fed, every) - 1) * fed : 0;

/** A call, as it is done again. */
interface Entry {
  /** Its last part. */
  steps: Steps;
  times: number;
  /** How many of its steps were done before it came here. */
  readonly from: number;
}

/** Calls since copies were made, all of one program, by their data. */
interface Log {
  readonly entries: Map<readonly Handle[], Entry>;
  program: object | undefined;
  /** Steps of these calls. */
  times: number;
}

/**
 * The backup of these parameters.
 * @param every the most steps between copies; with 0 there are none
 */
export function createBackup(device: Device, params: readonly Resident[], every: number): Backup {
  const view = every > 0 ? device.view : undefined;
  const changed = params.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  let copies: Float32Array[] | undefined;
  /** Undefined if the copies say nothing of the parameters of now. */
  let log: Log | undefined;
  /** A call that has begun, and not ended. */
  let open: Entry | undefined;
  const forget = (): boolean => {
    const had = log !== undefined && log.times > 0;
    for (const { steps } of log?.entries.values() ?? []) steps.free();
    log = undefined;
    open = undefined;
    return had;
  };
  const copy = (read: NonNullable<Device['view']>): void => {
    forget();
    try {
      copies ??= params.map(({ shape }) => new Float32Array(sizeOf(shape)));
    } catch (error) {
      // There is no room for them: the step matters more.
      if (!(error instanceof RangeError)) throw error;
      return;
    }
    for (const [i, { handle }] of params.entries()) copies[i]!.set(read(handle));
    log = { entries: new Map(), program: undefined, times: 0 };
  };
  /** May so many steps come before the next copy, with those since the last? */
  const mayWait = ({ fed, program }: Steps, times: number): boolean =>
    log !== undefined &&
    (log.times === 0 || log.program === program) &&
    log.times + times <= interval(changed, fed, every);
  const begin = (steps: Steps): void => {
    // Another call, given up or not ended yet, has changed something.
    if (open) forget();
    const { isAtRisk, times, left, done } = steps;
    if (!view || !(isAtRisk || left > times)) forget();
    else if (!mayWait(steps, left)) copy(view);
    if (log) open = { steps, times: 0, from: done };
  };
  const ended = (steps: Steps): void => {
    if (!open) return;
    open.times += steps.times;
    open.steps = steps;
    if (steps.times < steps.left) return;
    if (log && steps.isShared && mayWait(steps, open.times + 1)) {
      log.entries.set(steps.env, open);
      log.program = steps.program;
      log.times += open.times;
    } else forget();
    open = undefined;
    if (!steps.isShared) copies = undefined;
  };
  const failed = ({ call, done }: Steps, error: unknown): never => {
    if (!(error instanceof InterruptedError)) throw error;
    const from = open?.from ?? done;
    const isChanged = error.changed || done > from;
    if (isChanged && log) {
      for (const [i, values] of copies!.entries()) view!(params[i]!.handle).set(values);
      for (const { steps, times } of log.entries.values()) {
        for (let i = 0; i < times; i++) steps.again();
      }
    }
    const when = from === 0 ? 'before it' : `after ${from} of its steps`;
    const are = isChanged && !log ? 'may hold a part of it' : `are what they were ${when}`;
    open = undefined;
    throw new ChainruleError(`${call} was interrupted, parameters ${are}: ${error.message}`);
  };
  const during = (steps: Steps): void | Promise<void> => {
    if (open?.steps.whole !== steps.whole) begin(steps);
    try {
      const running = steps.run();
      const fail = (error: unknown) => failed(steps, error);
      return running ? running.then(() => ended(steps), fail) : ended(steps);
    } catch (error) {
      return failed(steps, error);
    }
  };
  const keeps = (env: readonly Handle[]): boolean => log?.entries.has(env) === true;
  const settle = (): void => {
    if (!open) forget();
  };
  return { during, keeps, forget, settle };
}
