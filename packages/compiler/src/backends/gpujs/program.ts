// A program on a mode of gpu.js: compiled whole, then run with everything staying on the device.
// It knows plans and modes; it must not know how a mode works.
import { type Handle, type Loaded, type Program, reasonOf } from '../../device.ts';
import { type Buffer, type Nest, outputsOf } from '../../nest.ts';
import type { Kernels, Leased } from './kernels.ts';
import { type Layout, layoutOf } from './layout.ts';
import type { Call, Mode } from './mode.ts';
import { threadsOf } from './threads.ts';

/** One kernel of a program, and where its results go. */
interface Step {
  readonly nest: Nest;
  readonly outputs: readonly number[];
  readonly leased: Leased;
  /** Places that take turns; more than one if a parameter's new value is among the results. */
  readonly places: readonly (readonly Handle[])[];
  /** Which of them was written last. */
  last: number;
}

/**
 * Compiles every kernel of a program: at once, or with a promise where the mode compiles in the
 * background. The program is among `programs` for as long as it lives.
 */
export function loadProgram(
  program: Program,
  mode: Mode,
  kernels: Kernels,
  programs: Set<Loaded>,
): Loaded | Promise<Loaded> {
  mode.alive();
  const steps: Step[] = [];
  const leased: Leased[] = [];
  const freePlaces = (): void => {
    for (const { places } of steps) for (const place of places) mode.free(place);
  };
  const release = (): void => {
    for (const one of leased) one.release();
  };
  const giveUp = (cause: unknown): never => {
    freePlaces();
    // A kernel cannot be given back while it compiles.
    void Promise.allSettled(leased.map(({ ready }) => ready)).then(release);
    throw cause;
  };
  try {
    const lay = createStepMaker(program, mode, kernels);
    program.plan.kernels.forEach((nest, i) => {
      const compiled = lay.compile(nest, program.sources[i]!);
      leased.push(compiled);
      steps.push(lay.step(nest, compiled));
    });
  } catch (cause) {
    return giveUp(cause);
  }
  const dispose = (): void => {
    freePlaces();
    release();
  };
  const finish = () => running(steps, mode, programs, dispose);
  const waiting = leased.flatMap(({ ready }) => ready ?? []);
  return waiting.length === 0 ? finish() : Promise.all(waiting).then(finish, giveUp);
}

function running(
  steps: readonly Step[],
  mode: Mode,
  programs: Set<Loaded>,
  dispose: () => void,
): Loaded {
  const loaded: Loaded = {
    run: (env) => {
      if (!programs.has(loaded)) throw new Error('this program is disposed');
      mode.alive();
      mode.run(steps.map((step) => callOf(step, env)));
    },
    dispose: () => {
      if (programs.delete(loaded)) dispose();
    },
  };
  programs.add(loaded);
  return loaded;
}

function createStepMaker({ plan }: Program, mode: Mode, kernels: Kernels) {
  const buffers = new Map<number, Buffer>(plan.buffers.map((buffer) => [buffer.id, buffer]));
  const at = (id: number): Layout => layoutOf(buffers.get(id)!, mode.space);
  const refuse = (nest: Nest, cause: unknown): never => {
    const what = `${mode.space.kind} cannot compile the kernel of ${nest.name}`;
    throw new Error(`${what}: ${reasonOf(cause)}`, { cause });
  };
  const compile = (nest: Nest, source: string): Leased => {
    try {
      if (nest.inputs.length > mode.inputs) {
        throw new RangeError(`it reads ${nest.inputs.length} arrays of at most ${mode.inputs}`);
      }
      const leased = kernels.lease({
        source,
        threads: threadsOf(nest, at(nest.output), mode.space),
        inputs: nest.inputs.length,
        outputs: outputsOf(nest).length,
      });
      return {
        ...leased,
        ...(leased.ready && { ready: leased.ready.catch((e: unknown) => refuse(nest, e)) }),
      };
    } catch (cause) {
      return refuse(nest, cause);
    }
  };
  const step = (nest: Nest, leased: Leased): Step => {
    const outputs = outputsOf(nest);
    const turns = outputs.some((id) => buffers.get(id)!.role === 'next') ? 2 : 1;
    const allocate = () => mode.allocate(at(nest.output), outputs.length);
    return { nest, outputs, leased, places: Array.from({ length: turns }, allocate), last: 0 };
  };
  return { compile, step };
}

/** The next run of a kernel; its results are in `env` from then on. */
function callOf(step: Step, env: Handle[]): Call {
  const { nest, leased } = step;
  const args = nest.inputs.map((id) => env[id]);
  if (args.includes(undefined)) throw new Error(`the kernel of ${nest.name} lacks an input`);
  const results = turn(step, env);
  step.outputs.forEach((id, i) => {
    env[id] = results[i];
  });
  return { kernel: leased.kernel, args, results };
}

/**
 * The place whose turn it is: what was written the run before last is overwritten, what the last
 * run wrote is kept. None is written that is in use, should a caller have gone back to a value.
 */
function turn(step: Step, env: readonly Handle[]): readonly Handle[] {
  const next = (step.last + 1) % step.places.length;
  if (!step.places[next]!.some((handle) => env.includes(handle))) step.last = next;
  return step.places[step.last]!;
}
