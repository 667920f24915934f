// What parameters are put back to, which data are kept for it, and for how long.
import { param } from '@chainrule/graph';
import { afterEach, expect, test, vi } from 'vitest';
import { type Device, InterruptedError } from '../src/device.ts';
import { backupSize, createBackup, type Steps } from '../src/placement/backup.ts';
import { mulberry } from './support/nests.ts';

afterEach(() => void vi.unstubAllGlobals());

type Call = Partial<Omit<Steps, 'run' | 'again' | 'free'>>;

/**
 * A parameter of so many numbers, of which steps change the first: what they make of it depends on
 * what they are fed, and on their order. `half` is interrupted when that is half done.
 */
function machine({ size = 1, every = 100 } = {}) {
  const handle = new Float32Array(size);
  const reads = vi.fn();
  const view = (h: unknown) => {
    reads();
    return h as Float32Array;
  };
  const node = param(size, { name: 'w' });
  const device = { view } as unknown as Device;
  const backup = createBackup(device, [{ node, shape: [size], handle }], every);
  const step = (env: readonly unknown[]) => {
    handle[0] = (handle[0]! * 31 + (env[0] as number)) % 1021;
  };
  const given = new Set<readonly unknown[]>();
  let last = 0;
  const stepsOf = (call: Call, run: (steps: Steps) => void | Promise<void>): Steps => {
    const env = call.env ?? [++last];
    const { times = 1 } = call;
    const steps: Steps = {
      ...{ call: 'step', whole: env, times, done: 0, left: times },
      ...{ isShared: true, isAtRisk: true },
      ...{ program: handle, fed: 0, ...call, env },
      run: () => run(steps),
      again: () => {
        expect(given).toContain(env);
        step(env);
      },
      free: () => given.delete(env),
    };
    given.add(env);
    return steps;
  };
  /** As a session does: data go back after the call, unless they are kept. */
  const during = (steps: Steps) => {
    try {
      return backup.during(steps);
    } finally {
      if (!backup.keeps(steps.env)) given.delete(steps.env);
    }
  };
  const done = (call: Call = {}) =>
    during(
      stepsOf(call, ({ times, env }) => {
        for (let i = 0; i < times; i++) step(env);
      }),
    );
  const half = (call: Call = {}, changed = true) =>
    during(
      stepsOf(call, () => {
        if (changed) handle[0]! += 0.5;
        throw new InterruptedError('a worker is gone', changed);
      }),
    );
  return { handle, reads, backup, given, stepsOf, during, done, half };
}

test('steps since the last copy are done again, with their data and in their order', () => {
  const { handle, reads, done, half } = machine();
  for (let i = 0; i < 5; i++) done();
  const before = handle[0];
  const failing = expect(() => half());
  failing.toThrow(
    /^step was interrupted, parameters are what they were before it: a worker is gone$/,
  );
  expect(handle[0]).toBe(before);
  // Once for the copy, and once to put it back.
  expect(reads).toHaveBeenCalledTimes(2);
  done();
  const after = handle[0];
  expect(() => half()).toThrow('what they were before it: a worker');
  expect(handle[0]).toBe(after);
});

test.each([
  { every: 1, fed: 0, copies: 12, what: 'each step' },
  { every: 5, fed: 0, copies: 3, what: 'every few steps' },
  { every: 100, fed: 0, copies: 1, what: 'seldom, where nothing is fed' },
  { every: 100, fed: 200, copies: 12, what: 'each step, where more is fed than there is' },
  { every: 100, fed: 25, copies: 3, what: 'as soon as as much has been fed' },
  { every: 2, fed: 25, copies: 6, what: 'as often as is wanted' },
])('copies are made at $what, and the data between them are kept', (given) => {
  const { every, fed, copies } = given;
  const m = machine({ size: 100, every });
  let most = 0;
  for (let i = 0; i < 12; i++) {
    m.done({ fed });
    most = Math.max(most, m.given.size);
  }
  expect(m.reads).toHaveBeenCalledTimes(copies);
  expect(100 + most * fed).toBe(backupSize(100, fed, every));
  const [before] = m.handle;
  expect(() => m.half({ fed })).toThrow('before it: ');
  expect(m.handle[0]).toBe(before);
});

test('a step looks at none of those before it, however many are kept', () => {
  const { backup, stepsOf, half } = machine({ every: 1000 });
  let looks = 0;
  for (let i = 0; i < 1000; i++) {
    const steps = stepsOf({}, () => {});
    const { env, program } = steps;
    const look = <T>(value: T) => ({
      get: () => {
        looks++;
        return value;
      },
    });
    Object.defineProperties(steps, { env: look(env), program: look(program) });
    backup.during(steps);
    expect(backup.keeps(env)).toBe(i < 999);
  }
  expect(looks).toBeLessThan(10_000);
  expect(() => half()).toThrow('what they were before it: ');
});

test('with 0 there are no copies, and an error says so', () => {
  const { handle, reads, given, done, half } = machine({ every: 0 });
  done();
  expect(() => half()).toThrow('parameters may hold a part of it: a worker is gone');
  expect(() => half({ times: 2 })).toThrow('parameters may hold a part of it: a worker is gone');
  expect(handle[0]).toBe(2);
  expect([reads.mock.calls.length, given.size, backupSize(1, 1, 0)]).toEqual([0, 0, 0]);
});

test('what has not changed is left alone', () => {
  const { reads, done, half } = machine();
  done();
  expect(() => half({}, false)).toThrow('parameters are what they were before it: ');
  expect(reads).toHaveBeenCalledOnce();
});

test('what has been set is not put back to what was before', () => {
  const { handle, backup, given, done, half } = machine();
  done();
  handle[0] = 7;
  backup.forget();
  expect(given.size).toBe(0);
  expect(() => half()).toThrow('before it: ');
  expect(handle[0]).toBe(7);
});

test('in the background, the steps before are known, too', async () => {
  const { handle, stepsOf, during, done } = machine();
  done();
  const [before] = handle;
  const run = async () => {
    handle[0]! += 0.5;
    throw new InterruptedError('a worker is gone', true);
  };
  const running = during(stepsOf({ call: 'steps', times: 1000 }, run));
  await expect(running).rejects.toThrow('steps was interrupted, parameters are what they were');
  expect(handle[0]).toBe(before);
});

test('a call in parts is undone as a whole', () => {
  const { handle, done, half } = machine();
  done();
  const [before] = handle;
  const call = { call: 'steps', whole: {}, env: [3] } as const;
  done({ ...call, times: 2, left: 150 });
  // Its data may have been given back, and come again.
  done({ ...call, env: [3], times: 90, done: 2, left: 148 });
  expect(() => half({ ...call, times: 58, done: 92, left: 58 }, false)).toThrow(
    'steps was interrupted, parameters are what they were before it',
  );
  expect(handle[0]).toBe(before);
  // One that was given up after a part of it: then the parameters are what that has left.
  done({ ...call, times: 2, left: 150 });
  const [after] = handle;
  expect(() => half()).toThrow('before it');
  expect(handle[0]).toBe(after);
});

test('calls whose parts take turns are undone each for itself', () => {
  const { handle, given, done, half } = machine();
  const [a, b] = [{ call: 'steps', whole: {} } as const, { call: 'steps', whole: {} } as const];
  for (const fails of [false, true]) {
    done({ ...a, env: [3], times: 2, left: 3 });
    done({ ...b, env: [5], times: 1, left: 5 });
    const [before] = handle;
    const last = { ...a, env: [7], done: 2, left: 1 };
    if (fails) {
      expect(() => half(last)).toThrow('parameters are what they were after 2 of its steps: ');
      expect(handle[0]).toBe(before);
    } else done(last);
    done({ ...b, env: [9], times: 4, done: 1, left: 4 });
    for (let i = 0; i < 3; i++) {
      const [after] = handle;
      expect(() => half()).toThrow('what they were before it: ');
      expect(handle[0]).toBe(after);
      done();
    }
  }
  // The end of the second call, and three steps.
  expect(given.size).toBe(4);
});

test('a call that has come from another device says how many of its steps are done', () => {
  const { handle, done, half } = machine();
  const call = { call: 'steps', whole: {} } as const;
  done({ ...call, times: 2, done: 7, left: 9 });
  expect(() => half({ ...call, times: 7, done: 9, left: 7 })).toThrow(
    'steps was interrupted, parameters are what they were after 7 of its steps: ',
  );
  expect(handle[0]).toBe(0);
});

test('a program that one thread runs keeps nothing after steps in the background', () => {
  const { handle, given, done, half } = machine();
  const one = { isShared: false };
  done({ ...one, isAtRisk: false });
  for (const times of [1, 2]) {
    const [before] = handle;
    expect(() => half({ ...one, times })).toThrow('what they were before it: ');
    expect(handle[0]).toBe(before);
    done({ ...one, times });
    expect(given.size).toBe(0);
  }
});

test('what is not at risk makes no copy, and the next one that is makes another', () => {
  const { handle, reads, given, done, half } = machine();
  const safe = { isAtRisk: false };
  done(safe);
  expect(reads).not.toHaveBeenCalled();
  for (const call of [{}, safe, {}, {}]) done(call);
  expect([reads.mock.calls.length, given.size]).toEqual([2, 2]);
  const [before] = handle;
  expect(() => half()).toThrow('before it: ');
  expect(handle[0]).toBe(before);
});

test('without room for a copy steps run all the same', () => {
  const { handle, done, half } = machine();
  vi.stubGlobal('Float32Array', function refuse() {
    throw new RangeError('Array buffer allocation failed');
  });
  done();
  expect(() => half()).toThrow('may hold a part of it');
  vi.unstubAllGlobals();
  const [before] = handle;
  expect(() => half({ times: 2 })).toThrow('what they were before it');
  expect(handle[0]).toBe(before);
});

test.each([1, 2, 5, 100, Number.MAX_SAFE_INTEGER])(
  'in any order of calls what is interrupted is undone to the bit, every %d steps',
  (every) => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = mulberry(seed);
      const below = (n: number): number => Math.floor(random() * n);
      const size = 1 + below(50);
      const m = machine({ size, every });
      // Programs for different batches have the same parameters.
      const programs = [0, 1].map(() => ({ program: {}, fed: below(20) }));
      for (let i = 0; i < 60; i++) {
        const program = programs[random() < 0.9 ? 0 : 1]!;
        const isShared = random() < 0.8;
        const times = random() < 0.5 ? 1 : 1 + below(random() < 0.8 ? 3 : 200);
        const env = [below(1000)];
        const call: Call = { ...program, env, isShared, times, isAtRisk: random() < 0.7 };
        const before = m.handle[0]!;
        const fails = random() < 0.2 && call.isAtRisk === true;
        const parts = random() < 0.2 ? Math.min(times, 3) : 1;
        if (random() < 0.1) {
          m.handle[0] = below(1000);
          m.backup.forget();
          continue;
        }
        for (let part = 0; part < parts; part++) {
          const done = part === 0 ? 0 : times - parts + part;
          const now = part === 0 ? times - parts + 1 : 1;
          const of = { ...call, times: now, done, left: times - done };
          if (!fails || part < parts - 1) m.done(of);
          else {
            expect(() => m.half(of)).toThrow('before it: ');
            expect(m.handle[0], `seed ${seed}`).toBe(before);
          }
        }
        const most = Math.max(...programs.map(({ fed }) => backupSize(size, fed, every) - size));
        const kept = [...m.given].length * Math.min(...programs.map(({ fed }) => fed));
        expect(kept, `seed ${seed}`).toBeLessThanOrEqual(most);
      }
    }
  },
);
