// Finds out whether a GPU is faster than the CPU, while the session trains there: opens one after
// another in the background, does a few of the session's own steps on it, and compares.
import { type DeviceKind, type Refusal, reasonOf } from '../device.ts';
import type { Task } from '../executable.ts';
import { kept } from '../held.ts';
import { findGpus, type Measured, type Platform } from './devices.ts';
import type { Engine, Values } from './engine.ts';

/** Work that was done and timed: steps of a task, or its values once. */
export interface Timed {
  readonly task: Task;
  readonly sizes: Readonly<Record<string, number>>;
  readonly data: Values;
  /** Times that it was done. */
  readonly turns: number;
}

/** What a trial needs. */
export interface TrialOf {
  readonly platform: Platform;
  readonly cpu: Engine;
  /** What is timed. */
  readonly unit: 'step' | 'value';
  open(kind: DeviceKind): Promise<Engine>;
  /** Hears that the session stays, and why. */
  stay(why: string, refused: readonly Refusal[]): void;
}

/** A faster device. */
export interface Winner {
  readonly engine: Engine;
  readonly why: string;
  readonly refused: readonly Refusal[];
}

export interface Trial {
  /** May it still find a faster device, or has it? */
  readonly isOpen: boolean;
  /** While it resolves the GPU is timed: what else can wait should. */
  readonly timing: Promise<unknown> | undefined;
  /** The faster device, once: who asks takes it over. */
  take(): Winner | undefined;
  /** Turns that take about as long as a frame of a page. */
  turns(): number;
  timed(work: Timed, ms: number): void;
  dispose(): void;
}

/** The latest timings count: the first ones hold what is slow only at first. */
const TIMINGS = 10;
const FRAME_MS = 16;
/** How much is measured on the GPU: so many steps, or what can be done in so many milliseconds. */
const STEPS = 16;
const ROUND = 4;
const MOST_MS = 500;
/** Timings of the CPU after that. */
const FEWEST = 3;

const titles: Readonly<Record<DeviceKind, string>> = {
  webgpu: 'WebGPU',
  webgl2: 'WebGL 2',
  webgl: 'WebGL',
  headlessgl: 'headless-gl',
  wasm: 'WebAssembly',
  js: 'JavaScript',
};
const ms = (x: number): string => `${Number(x.toPrecision(2))} ms`;

/** Starts to look. */
export function createTrial(of: TrialOf): Trial {
  const watch = createWatch();
  let isOpen = true;
  let winner: Winner | undefined;
  let candidate: Engine | undefined;
  let timing: Promise<unknown> | undefined;
  /** Does the session's next work on a GPU, too. */
  const compare = async (engine: Engine): Promise<Measured> => {
    const work = await watch.work();
    const timed = timeWork(engine, work);
    const given = patience(timed).finally(() => {
      timing = undefined;
    });
    timing = given.catch(() => {});
    const gpu = await timed;
    for (let i = 0; i < FEWEST; i++) await watch.work();
    return { gpu, cpu: watch.perTurn() };
  };
  const measured = async (kind: DeviceKind, key: string): Promise<Measured | undefined> => {
    const known = of.platform.measured.get(key);
    if (known && known.gpu >= known.cpu) return known;
    candidate = await of.open(kind);
    if (!isOpen) return undefined;
    const found = known ?? (await compare(candidate));
    of.platform.measured.set(key, found);
    return found;
  };
  const drop = (): void => {
    candidate?.dispose();
    candidate = undefined;
  };
  const look = async (): Promise<void> => {
    const { usable, refused: before } = await findGpus(of.platform, 'auto');
    const refused = [...before];
    // Which kernels they are shows with the first batch, if its size is open.
    if (usable.length > 0 && !of.cpu.main) await watch.work();
    const slower: string[] = [];
    let stays = 'no GPU can be used, see refused';
    for (const { kind, label } of usable) {
      const gpu = `${titles[kind]} (${label})`;
      try {
        const found = await measured(kind, keyOf(of.cpu, gpu));
        if (!isOpen || !found) return drop();
        if (found.gpu < found.cpu) {
          const why = `${gpu}: ${ms(found.gpu)} a ${of.unit}, the CPU ${ms(found.cpu)}`;
          winner = { engine: candidate!, why: [why, ...slower].join(', '), refused };
          return;
        }
        drop();
        slower.push(`${gpu} ${ms(found.gpu)}`);
        stays = [`${ms(found.cpu)} a ${of.unit}`, ...slower].join(', ');
      } catch (error) {
        drop();
        if (!isOpen) return;
        refused.push({ kind, why: reasonOf(error) });
      }
    }
    of.stay(stays, refused);
  };
  const close = (): void => {
    isOpen = false;
  };
  void look().catch(drop).finally(close);
  return {
    get isOpen() {
      return isOpen || winner !== undefined;
    },
    get timing() {
      return timing;
    },
    take: () => {
      const taken = winner;
      winner = undefined;
      return taken;
    },
    turns: () =>
      isOpen || winner ? Math.max(1, Math.floor(FRAME_MS / watch.perTurn())) : Infinity,
    timed: (work, ms) => {
      if (isOpen) watch.timed(work, ms);
    },
    dispose: () => {
      close();
      drop();
    },
  };
}

/** The same, or the end of waiting for it: a GPU may never answer. */
async function patience(work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, 4 * MOST_MS);
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** What makes programs the same: the kernels, and where they are compared. */
function keyOf({ device, main }: Engine, gpu: string): string {
  const { kernels, buffers } = main!.program.planned;
  // By its hash (FNV-1a): the text is long, and two that meet cost speed at most.
  let hash = 0x811c9dc5;
  for (const c of JSON.stringify([kernels, buffers])) {
    hash = Math.imul(hash ^ c.charCodeAt(0), 0x01000193);
  }
  return `${gpu} ${device.label} ${hash}`;
}

/** The session's own work on the CPU: how long it takes, and what it is. */
interface Watch {
  timed(work: Timed, ms: number): void;
  /** Milliseconds of a turn; Infinity if there were none. */
  perTurn(): number;
  /** The next work, with data of its own. */
  work(): Promise<Timed>;
}

function createWatch(): Watch {
  const latest: { readonly turns: number; readonly ms: number }[] = [];
  let ask: ((work: Timed) => void) | undefined;
  return {
    timed: (work, ms) => {
      latest.push({ turns: work.turns, ms });
      if (latest.length > TIMINGS) latest.shift();
      if (!ask) return;
      ask({ ...work, data: kept(work.data) });
      ask = undefined;
    },
    perTurn: () =>
      latest.length === 0
        ? Infinity
        : latest.reduce((sum, { ms }) => sum + ms, 0) /
          latest.reduce((sum, { turns }) => sum + turns, 0),
    work: () =>
      new Promise((resolve) => {
        ask = resolve;
      }),
  };
}

/** Milliseconds of a turn, with waiting for the device. */
async function timeWork(engine: Engine, { task, sizes, data }: Timed): Promise<number> {
  const lease = await engine.lease(task, sizes);
  const env = engine.upload(lease.program, data);
  const turns = async (n: number): Promise<number> => {
    const begin = performance.now();
    for (let i = 0; i < n; i++) {
      if (task.updates.length > 0) engine.step(lease, env);
      else await engine.evaluate(lease.program, engine.upload(lease.program, data));
    }
    await engine.wait();
    return performance.now() - begin;
  };
  // Each of two buffers that take turns is met once.
  let spent = await turns(2);
  let best = Infinity;
  for (let done = 0; done < STEPS && (done === 0 || spent < MOST_MS); done += ROUND) {
    const ms = await turns(ROUND);
    // The shortest: a page may have been doing something else meanwhile.
    best = Math.min(best, ms / ROUND);
    spent += ms;
  }
  engine.free(lease.program, env);
  return best;
}
