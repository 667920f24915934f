// A program on a mode of gpu.js: compiled whole, then run kernel by kernel with everything staying
// on the device. It knows plans and modes; it must not know how a mode works.
import type { Handle, Loaded, Program } from '../../device.ts';
import type { Buffer, Nest } from '../../nest.ts';
import { type GpuKind, type Layout, layoutOf } from './layout.ts';
import type { Built, Mode } from './mode.ts';

/** One kernel of a program; a parameter's new value has two that take turns, see `turn`. */
interface Step {
  readonly nest: Nest;
  readonly kernels: readonly Built[];
  /** Which of them ran last. */
  last: number;
}

/** Compiles every kernel of a program; `gone` is told when it is disposed. */
export async function loadProgram(
  program: Program,
  kind: GpuKind,
  mode: Mode,
  gone: () => void,
): Promise<Loaded> {
  mode.alive();
  const built: Built[] = [];
  const steps: Step[] = [];
  const compile = createCompiler(program, kind, mode, built);
  for (const [i, nest] of program.plan.kernels.entries()) {
    try {
      steps.push(await compile(nest, program.sources[i]!));
    } catch (cause) {
      mode.destroy(built);
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${kind} cannot compile the kernel of ${nest.name}: ${why}`, { cause });
    }
  }
  return {
    run: (env) => {
      mode.alive();
      for (const step of steps) runStep(step, env);
    },
    dispose: () => {
      if (built.length > 0) mode.destroy(built.splice(0));
      gone();
    },
  };
}

function createCompiler({ plan }: Program, kind: GpuKind, mode: Mode, built: Built[]) {
  const buffers = new Map<number, Buffer>(plan.buffers.map((buffer) => [buffer.id, buffer]));
  const layouts = new Map<number, Layout>(
    plan.buffers.map((buffer) => [buffer.id, layoutOf(buffer, kind)]),
  );
  const handles = new Map<number, unknown>();
  const sample = (id: number) => ({ layout: layouts.get(id)!, handle: handles.get(id) });
  return async (nest: Nest, source: string): Promise<Step> => {
    if (nest.inputs.length > mode.inputs) {
      throw new RangeError(`it reads ${nest.inputs.length} arrays of at most ${mode.inputs}`);
    }
    const turns = buffers.get(nest.output)!.role === 'next' ? 2 : 1;
    const kernels: Built[] = [];
    while (kernels.length < turns) {
      const kernel = await mode.build(source, layouts.get(nest.output)!, nest.inputs.map(sample));
      built.push(kernel);
      kernels.push(kernel);
    }
    handles.set(nest.output, kernels[0]!.output);
    return { nest, kernels, last: 0 };
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
