// A program on a mode of gpu.js: compiled whole, then run kernel by kernel with everything staying
// on the device. It knows plans and modes; it must not know how a mode works.
import type { Handle, Loaded, Program } from '../../device.ts';
import type { Buffer, Nest, Plan } from '../../nest.ts';
import { type GpuKind, layoutOf } from './layout.ts';
import type { Built, Mode } from './mode.ts';

/** One kernel of a program; a parameter's new value has two that take turns, see `turn`. */
interface Step {
  readonly nest: Nest;
  readonly kernels: readonly Built[];
  /** Which of them ran last. */
  last: number;
}

/**
 * Compiles every kernel of a program: at once, or with a promise where the mode compiles in the
 * background. The program is among `programs` for as long as it lives.
 */
export function loadProgram(
  program: Program,
  kind: GpuKind,
  mode: Mode,
  programs: Set<Loaded>,
): Loaded | Promise<Loaded> {
  mode.alive();
  const built: Built[] = [];
  const giveUp = (cause: unknown): never => {
    void Promise.allSettled(built.map(({ ready }) => ready)).then(() => mode.destroy(built));
    throw cause;
  };
  const compile = createCompiler(program.plan, kind, mode, built);
  const steps: Step[] = [];
  try {
    for (const [i, nest] of program.plan.kernels.entries()) {
      steps.push(compile(nest, program.sources[i]!));
    }
  } catch (cause) {
    giveUp(cause);
  }
  const finish = () => running(steps, built, mode, programs);
  const waiting = built.flatMap(({ ready }) => ready ?? []);
  return waiting.length === 0 ? finish() : Promise.all(waiting).then(finish, giveUp);
}

function running(
  steps: readonly Step[],
  built: readonly Built[],
  mode: Mode,
  programs: Set<Loaded>,
): Loaded {
  const loaded: Loaded = {
    run: (env) => {
      if (!programs.has(loaded)) throw new Error('this program is disposed');
      mode.alive();
      for (const step of steps) runStep(step, env);
    },
    dispose: () => {
      if (programs.delete(loaded)) mode.destroy(built);
    },
  };
  programs.add(loaded);
  return loaded;
}

function createCompiler(plan: Plan, kind: GpuKind, mode: Mode, built: Built[]) {
  const buffers = new Map<number, Buffer>(plan.buffers.map((buffer) => [buffer.id, buffer]));
  const at = (id: number) => layoutOf(buffers.get(id)!, kind);
  const makers = new Map<number, Built>();
  const build = (nest: Nest, source: string): Built => {
    if (nest.inputs.length > mode.inputs) {
      throw new RangeError(`it reads ${nest.inputs.length} arrays of at most ${mode.inputs}`);
    }
    const inputs = nest.inputs.map((id) => ({ layout: at(id), maker: makers.get(id) }));
    const kernel = mode.build(source, at(nest.output), inputs);
    built.push(kernel);
    return kernel;
  };
  return (nest: Nest, source: string): Step => {
    const refuse = (cause: unknown): never => {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${kind} cannot compile the kernel of ${nest.name}: ${why}`, { cause });
    };
    try {
      const turns = buffers.get(nest.output)!.role === 'next' ? 2 : 1;
      const kernels = Array.from({ length: turns }, () => build(nest, source));
      for (const kernel of kernels) kernel.ready &&= kernel.ready.catch(refuse);
      makers.set(nest.output, kernels[0]!);
      return { nest, kernels, last: 0 };
    } catch (cause) {
      return refuse(cause);
    }
  };
}

function runStep(step: Step, env: Handle[]): void {
  const { nest } = step;
  const args = nest.inputs.map((id) => env[id]);
  if (args.includes(undefined)) throw new Error(`the kernel of ${nest.name} lacks an input`);
  const kernel = turn(step, args);
  kernel.run(args);
  env[nest.output] = kernel.output;
}

/**
 * The kernel whose turn it is: what it wrote the run before last is overwritten, what the last
 * run wrote is kept. None may write what it reads, should a caller have gone back to a value.
 */
function turn(step: Step, args: readonly Handle[]): Built {
  const next = (step.last + 1) % step.kernels.length;
  if (!args.includes(step.kernels[next]!.output)) step.last = next;
  return step.kernels[step.last]!;
}
