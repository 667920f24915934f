// What parameters were before a step that may fail half-way, on devices whose memory can be read
// at once. It knows parameters and time, and nothing of threads but that there are some.
import { ChainruleError } from '@chainrule/graph';
import { type Device, InterruptedError } from '../device.ts';
import { sizeOf } from '../nest.ts';
import type { Resident } from '../residents.ts';

/** Steps that are about to run. */
export interface Steps {
  /** How many; undefined for the one of `step`. */
  readonly times: number | undefined;
  /** Do several threads share each? */
  readonly isShared: boolean;
  /** May they go on in the background? One thread alone is interrupted only there. */
  readonly isAway: boolean;
}

/** A copy of the parameters that steps change. */
export interface Backup {
  /**
   * Runs steps. If they are interrupted the parameters are put back: to before the call or, of a
   * single step that threads share, to before some others done lately.
   * @throws ChainruleError that says so
   */
  during(steps: Steps, run: () => void | Promise<void>): void | Promise<void>;
  /** Parameters have been set: what they were before does not matter. */
  forget(): void;
}

/** A copy is made before it must where that takes less than 1/100 of the time since the last. */
const RARITY = 100;
/** Milliseconds that a clock may not see. */
const TICK = 0.005;

/**
 * The backup of these parameters.
 * @param every the most steps that may be lost; with 0 there are no copies
 */
export function createBackup(device: Device, params: readonly Resident[], every: number): Backup {
  const view = every > 0 ? device.view : undefined;
  let copies: Float32Array[] | undefined;
  /** Where the last ones were, and the next may be if it is still there. */
  let room: WeakRef<Float32Array[]> | undefined;
  /** Steps since the copies were made. */
  let age = 0;
  /** When a single step is to make others. */
  let due = 0;
  const makeRoom = (): Float32Array[] => {
    const made = params.map(({ shape }) => new Float32Array(sizeOf(shape)));
    room = new WeakRef(made);
    return made;
  };
  const keep = (read: NonNullable<Device['view']>): void => {
    const start = performance.now();
    age = 0;
    try {
      copies ??= room?.deref() ?? makeRoom();
    } catch (error) {
      // There is no room for them: the step matters more.
      if (!(error instanceof RangeError)) throw error;
    }
    for (const [i, copy] of copies?.entries() ?? []) copy.set(read(params[i]!.handle));
    const now = performance.now();
    due = now + RARITY * Math.max(TICK, now - start);
  };
  const failed = (call: string, error: unknown): never => {
    if (!(error instanceof InterruptedError)) throw error;
    const lost = error.changed ? age : 0;
    if (error.changed) {
      for (const [i, copy] of copies?.entries() ?? []) view!(params[i]!.handle).set(copy);
      age = 0;
    }
    const before = lost === 0 ? 'it' : `it and the last ${lost} steps, which are lost`;
    const are =
      copies || !error.changed ? `are what they were before ${before}` : 'may hold a part of it';
    throw new ChainruleError(`${call} was interrupted, parameters ${are}: ${error.message}`);
  };
  const isDue = (): boolean => !copies || age >= every || performance.now() >= due;
  const during: Backup['during'] = ({ times, isShared, isAway }, run) => {
    const call = times === undefined ? 'step' : 'steps';
    const count = times ?? 1;
    if (view && (isShared ? count > 1 || isDue() : isAway)) keep(view);
    const done = (): void => {
      age += count;
      if (!isShared && isAway) copies = undefined;
    };
    try {
      const running = run();
      return running ? running.then(done, (error: unknown) => failed(call, error)) : done();
    } catch (error) {
      return failed(call, error);
    }
  };
  const forget = (): void => {
    copies = undefined;
  };
  return { during, forget };
}
