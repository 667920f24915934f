// What there is to run on, and how people are told. It asks the platform; it knows no program.
import { ChainruleError } from '@chainrule/graph';
import type { GpuKind } from '../backends/gpujs/layout.ts';
import type { Usable } from '../backends/gpujs/probe.ts';
import { openJs } from '../backends/js/device.ts';
import { openWasm, whyNoWasm } from '../backends/wasm/device.ts';
import { MOST_THREADS } from '../backends/wasm/meet.ts';
import type { Device, DeviceKind, Refusal } from '../device.ts';
import type { Work } from '../work.ts';

/** What a user may ask for: a device, any GPU, or the best choice. */
export const REQUESTS = [
  'auto',
  'gpu',
  'webgpu',
  'webgl2',
  'webgl',
  'headlessgl',
  'wasm',
  'js',
] as const;
export type DeviceRequest = (typeof REQUESTS)[number];

/** A device that failed while the session ran on it. */
export interface Loss {
  readonly kind: DeviceKind;
  readonly why: string;
  /** Steps that are gone: those since the last checkpoint that could not be done again. */
  readonly stepsLost: number;
}

/** Where a session runs, why there, why not elsewhere, and where it could not stay. */
export interface DeviceChoice {
  readonly kind: DeviceKind;
  readonly why: string;
  readonly refused: readonly Refusal[];
  readonly lost: readonly Loss[];
}

/** Milliseconds that a step took on the CPU, and on a GPU. */
export interface Measured {
  readonly cpu: number;
  readonly gpu: number;
}

/** The devices of this page or process. */
export interface Platform {
  /** GPUs that seem to be there, best first: of one kind, if that was asked for by name. */
  probe(
    kind?: GpuKind,
  ): Promise<{ readonly usable: readonly Usable[]; readonly refused: readonly Refusal[] }>;
  /** The CPU's best device, and why not a better one. */
  cpu(): { readonly kind: 'wasm' | 'js'; readonly refused: readonly Refusal[] };
  open(kind: DeviceKind): Promise<Device>;
  /** What was measured here, by GPU, CPU and kernels: it decides for programs to come. */
  readonly measured: Map<string, Measured>;
}

/** As long as the page or process lives: a machine does not change, and measuring is work. */
const measured = new Map<string, Measured>();

/** The devices there are, those of the CPU with so many threads. */
export function createPlatform(threads?: number): Platform {
  return {
    probe: async (kind) => {
      const { loadGpujs, probeGpu } = await import('../backends/gpujs/index.ts');
      if (!kind) return probeGpu();
      // It is needed in any case, so it loads while the platform is asked; `open` says why not.
      void loadGpujs().catch(() => {});
      return probeGpu([kind]);
    },
    cpu: () => {
      const why = whyNoWasm();
      if (why === undefined) return { kind: 'wasm', refused: [] };
      return { kind: 'js', refused: [{ kind: 'wasm', why }] };
    },
    open: async (kind) => {
      if (kind === 'js') return openJs();
      if (kind === 'wasm') return openWasm(threads === undefined ? {} : { threads });
      const { openGpu } = await import('../backends/gpujs/index.ts');
      return openGpu(kind);
    },
    measured,
  };
}

/**
 * Work per kernel below which a GPU cannot win: a launch costs it about 30 microseconds, in which
 * the CPU does about 0.1 million floating-point operations.
 */
const FLOPS_PER_LAUNCH = 1e5;

const GPU_KINDS: readonly GpuKind[] = ['webgpu', 'webgl2', 'webgl', 'headlessgl'];

const isGpu = (request: DeviceRequest): request is GpuKind =>
  (GPU_KINDS as readonly string[]).includes(request);

/** GPUs among the kinds asked for. A software renderer is taken only when asked for by name. */
export async function findGpus(platform: Platform, request: DeviceRequest) {
  const { usable, refused } = await platform.probe(isGpu(request) ? request : undefined);
  const asked = ({ kind }: { kind: DeviceKind }): boolean =>
    request === 'auto' || request === 'gpu' || kind === request;
  const isFit = ({ software }: Usable): boolean => !software || request !== 'auto';
  const imitations = usable
    .filter((gpu) => !isFit(gpu))
    .map(({ kind, label }) => {
      return { kind, why: `${label} is a CPU that imitates a GPU: the CPU itself is faster` };
    });
  return {
    usable: usable.filter((gpu) => asked(gpu) && isFit(gpu)),
    refused: [...refused.filter(asked), ...imitations] as readonly Refusal[],
  };
}

/** @throws ChainruleError for a device or a number of threads that cannot be */
export function checkRequest(device: DeviceRequest, threads = 1): void {
  if (!(REQUESTS as readonly string[]).includes(device)) {
    throw new ChainruleError(
      `compile: there is no device ${JSON.stringify(device)}.`,
      `choose one of ${REQUESTS.join(', ')}.`,
    );
  }
  if (Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS) return;
  throw new ChainruleError(
    `compile: ${threads} is no number of threads.`,
    `give a whole number from 1 to ${MOST_THREADS}, or leave it out.`,
  );
}

/** Why no GPU can pay for so little work; undefined where one might. */
export function whyTooSmall({ flops, loops }: Work): string | undefined {
  if (flops >= loops * FLOPS_PER_LAUNCH) return undefined;
  const count = `${loops} loop${loops === 1 ? '' : 's'}`;
  return (
    `a step is ${(flops / 1e6).toPrecision(2)} MFLOP in ${count}: ` +
    'launching a kernel for each on a GPU takes longer than computing them here'
  );
}

export const skippedGpus = (): Refusal[] =>
  GPU_KINDS.map((kind) => ({ kind, why: 'not asked: the program is too small for a GPU' }));

/** The error of a device that was asked for and cannot be had. */
export function cannotBeHad(request: DeviceRequest, refused: readonly Refusal[]): ChainruleError {
  const reasons = refused.map(({ kind, why }) => `  ${kind}: ${why}`).join('\n');
  return new ChainruleError(
    `compile: the device ${request} cannot be had here:\n${reasons}`,
    "leave device out (it is 'auto'), or ask for 'wasm'.",
  );
}
