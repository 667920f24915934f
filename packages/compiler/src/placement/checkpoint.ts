// Copies on the host of all that lives across steps, and which steps they hold. It must not know
// where the session runs, or what to do when it cannot.

import { allFinite } from '../finite.ts';
import type { Engine, Values } from './engine.ts';

/** Parameters as they were after so many steps of the session. */
export interface Checkpoint {
  /** Those that are not there are 0. */
  readonly values: Values;
  readonly step: number;
}

/** A call of `steps`, which can do again what was lost of it. */
export interface Call {
  /** Its steps in the parameters of now, in the copy on its way, and in the last checkpoint. */
  done: number;
  copied: number;
  kept: number;
}

export interface Checkpoints {
  readonly last: Checkpoint | undefined;
  enter(): Call;
  leave(call: Call): void;
  /** Notes steps that were done. */
  count(steps: number, call?: Call): void;
  isDue(): boolean;
  /** Steps until the next one is due. */
  left(): number;
  /**
   * Copies the parameters as they are now, while steps go on. What is finite becomes the last
   * checkpoint; the rest is a training that has diverged. False if it was overtaken.
   */
  take(engine: Engine): Promise<boolean>;
  /** Parameters were written; `whole`: all of them. */
  written(values: Values, whole: boolean): void;
  /** Starts anew with the parameters of a device; without values there is nowhere to go back. */
  start(values: Values | undefined): void;
  /** Goes back to the last one. Returns the steps lost: those that no call does again. */
  goBack(): number;
}

/** No checkpoint yet. One is due every so many steps; with 0 never. */
export function createCheckpoints(every: number): Checkpoints {
  const calls = new Set<Call>();
  let last: Checkpoint | undefined;
  let done = 0;
  let tried = 0;
  /** The copy that counts; an older one that still arrives does not. */
  let turn = 0;
  let onItsWay: number | undefined;
  const accept = (checkpoint: Checkpoint): void => {
    last = checkpoint;
    for (const call of calls) call.kept = call.copied;
  };
  /** Without anything to go back to none is ever due; nor is one before the last has arrived. */
  const left = (): number =>
    last && onItsWay === undefined ? Math.max(0, tried + every - done) : Infinity;
  return {
    get last() {
      return last;
    },
    enter: () => {
      const call = { done: 0, copied: 0, kept: 0 };
      calls.add(call);
      return call;
    },
    leave: (call) => void calls.delete(call),
    count: (steps, call) => {
      done += steps;
      if (call) call.done += steps;
    },
    isDue: () => left() === 0,
    left,
    take: async (engine) => {
      const mine = ++turn;
      const step = done;
      onItsWay = mine;
      tried = step;
      for (const call of calls) call.copied = call.done;
      try {
        const values = await engine.state();
        if (mine !== turn) return false;
        if ([...values.values()].every(allFinite)) accept({ values, step });
        return true;
      } finally {
        if (onItsWay === mine) onItsWay = undefined;
      }
    },
    written: (values, whole) => {
      turn++;
      if (!last) return;
      last = { values: new Map([...last.values, ...values]), step: whole ? done : last.step };
      if (whole) for (const call of calls) call.kept = call.done;
    },
    start: (values) => {
      turn++;
      tried = done;
      last = values && { values, step: done };
      for (const call of calls) call.kept = call.done;
    },
    goBack: () => {
      turn++;
      const undone = done - last!.step;
      const again = [...calls].reduce((sum, call) => sum + call.done - call.kept, 0);
      for (const call of calls) call.done = call.kept;
      done = last!.step;
      tried = done;
      return undone - again;
    },
  };
}
