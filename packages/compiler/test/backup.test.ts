// Which state parameters are put back to, by a clock that stands still unless it is told.
import { param } from '@chainrule/graph';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Device, InterruptedError } from '../src/device.ts';
import { createBackup, type Steps } from '../src/placement/backup.ts';
import { mulberry } from './support/nests.ts';

let now = 0;
beforeEach(() => {
  now = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => void vi.restoreAllMocks());

/**
 * A counter that each step raises by one, and the half of a step by 0.5.
 * @param isShared by threads; else only several steps go on in the background
 */
function counter(isShared: boolean, every = 100) {
  const handle = new Float32Array(1);
  const view = (h: unknown) => h as Float32Array;
  const node = param(1, { name: 'w' });
  const device = { view } as unknown as Device;
  const backup = createBackup(device, [{ node, shape: [1], handle }], every);
  const ofCall = (times?: number) => ({ times, isShared, isAway: times !== undefined });
  const during = (of: Steps, change: number, fails = false, changed = true) =>
    backup.during(of, () => {
      handle[0]! += change;
      if (fails) throw new InterruptedError('a worker is gone', changed);
    });
  const steps = (times?: number) => during(ofCall(times), times ?? 1);
  const half = (times?: number, changed = true) =>
    during(ofCall(times), changed ? 0.5 : 0, true, changed);
  return { handle, backup, during, steps, half };
}

/** The message of what is thrown. */
function failureOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

test('single steps that come soon after a copy are lost with the one that is interrupted', () => {
  const { handle, steps, half } = counter(true);
  for (let i = 0; i < 5; i++) steps();
  expect(() => half()).toThrow(
    'step was interrupted, parameters are what they were before it and the last 5 steps, ' +
      'which are lost: a worker is gone',
  );
  expect([...handle]).toEqual([0]);
  // Again: the copy is still right, and of no age.
  expect(() => half()).toThrow('what they were before it: a worker');
  steps();
  now += 1;
  steps();
  expect(() => half()).toThrow('before it and the last 1 steps');
  expect([...handle]).toEqual([1]);
});

test.each([
  { every: 1, done: 7, lost: 0 },
  { every: 3, done: 5, lost: 2 },
  { every: 3, done: 6, lost: 0 },
])(
  'a copy every $every steps: of $done that come soon, $lost are lost',
  ({ every, done, lost }) => {
    const { handle, steps, half } = counter(true, every);
    for (let i = 0; i < done; i++) steps();
    expect(() => half()).toThrow(
      lost === 0 ? 'before it: ' : `before it and the last ${lost} steps`,
    );
    expect([...handle]).toEqual([done - lost]);
  },
);

test('with 0 there are no copies, and an error says so', () => {
  const { handle, steps, half } = counter(true, 0);
  steps();
  expect(() => half()).toThrow('parameters may hold a part of it: a worker is gone');
  expect(() => half(2)).toThrow('parameters may hold a part of it: a worker is gone');
  expect([...handle]).toEqual([2]);
});

test('one copy after the other lies in the same place', () => {
  const made = vi.fn();
  const original = Float32Array;
  const { steps } = counter(false);
  vi.stubGlobal('Float32Array', function count(length: number) {
    made();
    return new original(length);
  });
  for (let i = 0; i < 3; i++) steps(2);
  vi.unstubAllGlobals();
  expect(made).toHaveBeenCalledOnce();
});

test('nothing is lost before several steps, nor where nothing has changed', () => {
  const { handle, steps, half } = counter(true);
  steps();
  expect(() => half(2)).toThrow(
    'steps was interrupted, parameters are what they were before it: ',
  );
  expect([...handle]).toEqual([1]);
  steps();
  expect(() => half(1, false)).toThrow('parameters are what they were before it: ');
  expect([...handle]).toEqual([2]);
});

test('what has been set is not put back to what was before', () => {
  const { handle, backup, steps, half } = counter(true);
  steps();
  handle[0] = 7;
  backup.forget();
  expect(() => half()).toThrow('before it: ');
  expect([...handle]).toEqual([7]);
});

test('in the background, the steps before are known, too', async () => {
  const { handle, backup, steps } = counter(true);
  steps();
  const run = async () => {
    handle[0]! += 0.5;
    throw new InterruptedError('a worker is gone', true);
  };
  await expect(backup.during({ times: 100, isShared: true, isAway: true }, run)).rejects.toThrow(
    'before it: a worker',
  );
  expect([...handle]).toEqual([1]);
});

test('one thread makes copies for the background only, and says where it has none', () => {
  const { handle, steps, half } = counter(false);
  steps();
  expect(() => half()).toThrow('parameters may hold a part of it: a worker is gone');
  expect([...handle]).toEqual([1.5]);
  for (const times of [1, 2]) {
    expect(() => half(times)).toThrow('what they were before it: ');
    expect([...handle]).toEqual([1.5]);
  }
});

test('without room for a copy steps run all the same', () => {
  const { handle, steps, half } = counter(true);
  const original = Float32Array;
  vi.stubGlobal('Float32Array', function refuse() {
    throw new RangeError('Array buffer allocation failed');
  });
  steps();
  vi.stubGlobal('Float32Array', original);
  vi.unstubAllGlobals();
  expect([...handle]).toEqual([1]);
  expect(() => half(2)).toThrow('what they were before it');
});

test.each([1, 2, 5, 100, Number.MAX_SAFE_INTEGER])(
  'in any order of calls fewer than %d steps are lost, and the error says how many',
  (every) => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = mulberry(seed);
      const below = (n: number): number => Math.floor(random() * n);
      // Programs for different batches have the same parameters.
      const { handle, backup, during } = counter(true, every);
      for (let i = 0; i < 60; i++) {
        now += below(2) * random();
        const isShared = random() < 0.7;
        const times = random() < 0.5 ? undefined : 1 + below(random() < 0.8 ? 3 : 200);
        const isAway = times !== undefined && random() < 0.5;
        const before = handle[0]!;
        if (random() < 0.1) {
          handle[0] = below(1000);
          backup.forget();
        } else if (random() < 0.8 || !(isShared || isAway)) {
          during({ times, isShared, isAway }, times ?? 1);
        } else {
          const error = failureOf(() => during({ times, isShared, isAway }, 0.5, true));
          const lost = Number(/the last (\d+) steps/.exec(error)?.[1] ?? 0);
          expect(handle[0], `seed ${seed}: ${error}`).toBe(before - lost);
          const most = (times ?? 1) > 1 || !isShared ? 1 : every;
          expect(lost, `seed ${seed}`).toBeLessThan(most);
        }
      }
    }
  },
);
