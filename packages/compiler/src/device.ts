// What a backend is to the rest of the compiler. It must not know any particular backend.
import { ChainruleError } from '@chainrule/graph';
import type { Plan } from './nest.ts';

/** Where a program runs. */
export type DeviceKind = 'webgpu' | 'webgl2' | 'webgl' | 'headlessgl' | 'wasm' | 'js';

/** What a kernel may hold on this device; fusion keeps to it. */
export interface Limits {
  /** Buffers that one kernel may read. */
  readonly inputs: number;
  /** Buffers that one kernel may write. */
  readonly outputs: number;
  /** May a kernel write the parameter that it reads at the same position? */
  readonly inPlace: boolean;
  /** Do temporaries share one arena with reuse? Otherwise every kernel owns its output. */
  readonly arena: boolean;
  /** Numbers to compute at once, below which the device is idle: long folds are split for it. */
  readonly threads?: number;
  /** Equal parts of a long fold with few results, which threads share. None unless given. */
  readonly parts?: number;
  /**
   * Positions along a loop up to which each thread may compute all of them: a short fold over what
   * a kernel computes is a part of it, because a launch costs more. None unless given.
   */
  readonly line?: number;
  /** Steps that may wait in the device's queue before a loop of steps waits for it. */
  readonly queue: number;
}

/** Those of a CPU: an update writes what moves along with a parameter, such as its averages. */
export const cpu: Limits = { inputs: 64, outputs: 4, inPlace: true, arena: true, queue: Infinity };

/** Generated source, one text a kernel, in execution order. */
export interface Program {
  readonly plan: Plan;
  readonly sources: readonly string[];
  /** Bytes that the device needs beside the buffers of the plan; none unless given. */
  readonly scratch?: number;
  /** Threads that share the kernels; one unless given. */
  readonly threads?: number;
}

/** A device's own name for data: a typed array on the CPU, a texture or a buffer on a GPU. */
export type Handle = unknown;

/** A run that has begun, and fails. */
export class InterruptedError extends ChainruleError {
  override name = 'InterruptedError';
  /** May it have changed parameters? */
  readonly changed: boolean;

  constructor(why: string, changed: boolean) {
    super(why);
    this.changed = changed;
  }
}

/** A program that is compiled on its device. */
export interface Loaded {
  /**
   * Runs every kernel once. `env[buffer.id]` holds the handles of inputs and parameters; the run
   * fills in those of temp, output and next buffers. A handle it fills in stays valid until the
   * next run of the same program.
   * @param alone on the caller's thread alone, where nothing interrupts it
   */
  run(env: Handle[], alone?: boolean): void;
  /**
   * Runs `times` times (at least once), on devices that loop themselves; after each time
   * parameters take their new values, and `env` ends with the handles of the last. What takes
   * long goes on in the background: until the promise resolves the device can do nothing else.
   * @throws InterruptedError, or rejects with it
   */
  runMany?(env: Handle[], times: number, alone?: boolean): void | Promise<void>;
  /** May so many runs be interrupted as things are now, or without a number the one of `run`? */
  isAtRisk?(times?: number): boolean;
  /** Why one thread runs what several could share, or undefined. */
  whyAlone?(): string | undefined;
  dispose(): void;
}

/** An open device. */
export interface Device {
  readonly kind: DeviceKind;
  /** For people: the adapter, the renderer, or the engine. */
  readonly label: string;
  readonly limits: Limits;
  emit(plan: Plan): Program;
  /** Compiles every kernel, on some GPUs in the background; errors show here. */
  load(program: Program): Loaded | Promise<Loaded>;
  /**
   * Puts data on the device. `order` as in Buffer. The handle may share their memory: they must
   * not change while it lives.
   */
  upload(data: Float32Array, shape: readonly number[], order: 'rows' | 'columns'): Handle;
  /** A handle to so many zeros, where they need not be uploaded. */
  zeros?(length: number): Handle;
  /** Reads a handle back as row-major data (a copy). */
  read(handle: Handle, shape: readonly number[], order: 'rows' | 'columns'): Promise<Float32Array>;
  /** The data of a handle themselves, where steps are done on return; until the next upload. */
  view?(handle: Handle): Float32Array;
  /** Are all numbers of a handle finite? Only where a loop over the data uploaded is slower. */
  isFinite?(handle: Handle): boolean;
  /** Gives back what `upload` or `zeros` made. */
  free(handle: Handle): void;
  /**
   * Why nothing on it can be trusted any more, if that is so: it was lost, or out of memory. Only
   * devices that this can happen to have it. It may be told late: see `guard`.
   */
  fault?(): string | undefined;
  dispose(): void;
}

/** A failure of a device, not of what was asked for; `message` is the device's reason. */
export class DeviceError extends Error {
  /** Is all that was on it gone? */
  readonly isLost: boolean;

  constructor(why: string, isLost: boolean, options?: ErrorOptions) {
    super(why, options);
    this.isLost = isLost;
  }
}

/** Why a device was not taken. */
export interface Refusal {
  readonly kind: DeviceKind;
  readonly why: string;
}

/** What an error says. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
