// Chooses where a program runs, and says why. It asks the platform; it knows no program's inside.
import { ChainruleError } from '@chainrule/graph';
import { openJs } from './backends/js/device.ts';
import { openWasm, whyNoWasm } from './backends/wasm/device.ts';
import { MOST_THREADS } from './backends/wasm/workers.ts';
import type { Device, DeviceKind, Refusal } from './device.ts';
import type { Work } from './work.ts';

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

/** A device, and threads of its own on the CPU. */
interface Request {
  readonly device: DeviceRequest;
  readonly threads?: number;
}

/** Where a session runs, why there, and why not elsewhere. */
export interface DeviceChoice {
  readonly kind: DeviceKind;
  readonly why: string;
  readonly refused: readonly Refusal[];
}

/**
 * Work per kernel below which a GPU cannot win: a launch costs it about 30 microseconds, in which
 * the CPU does about 0.1 million floating-point operations.
 */
const FLOPS_PER_LAUNCH = 1e5;

const GPU_KINDS: readonly DeviceKind[] = ['webgpu', 'webgl2', 'webgl', 'headlessgl'];

/**
 * Opens the device that was asked for, or the best one.
 * @throws ChainruleError with every reason if it cannot be had
 */
export async function openDevice(
  request: Request,
  estimate: () => Work,
): Promise<{ device: Device; choice: DeviceChoice }> {
  checkRequest(request);
  const { device, threads } = request;
  if (device === 'js') return onJs('it was asked for', []);
  if (device === 'wasm') return onWasm('it was asked for', [], threads);
  if (device !== 'auto') return onGpu(device);
  const work = estimate();
  if (work.flops < work.kernels * FLOPS_PER_LAUNCH) {
    return onCpu(tooSmall(work), skippedGpus(), threads);
  }
  const found = await tryGpus(GPU_KINDS, false);
  if ('device' in found) return found;
  return onCpu('no GPU can be used, see refused', found.refused, threads);
}

function checkRequest({ device, threads = 1 }: Request): void {
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

const tooSmall = ({ flops, kernels }: Work): string =>
  `a step is ${(flops / 1e6).toPrecision(2)} MFLOP in ${kernels} kernels: ` +
  'launching them on a GPU takes longer than computing them here';

const skippedGpus = (): Refusal[] =>
  GPU_KINDS.map((kind) => ({ kind, why: 'not asked: the program is too small for a GPU' }));

async function onJs(why: string, refused: readonly Refusal[]) {
  const device = await openJs();
  return { device, choice: { kind: device.kind, why, refused } };
}

async function onWasm(why: string, refused: readonly Refusal[], threads?: number) {
  const device = await openWasm(threads === undefined ? {} : { threads });
  const choice = { kind: device.kind, why: `${device.label}: ${why}`, refused };
  return { device, choice };
}

/** WebAssembly where it can be used; else JavaScript. */
async function onCpu(why: string, refused: readonly Refusal[], threads?: number) {
  const noWasm = whyNoWasm();
  if (noWasm === undefined) return onWasm(why, refused, threads);
  return onJs(why, [...refused, { kind: 'wasm' as const, why: noWasm }]);
}

async function onGpu(request: Exclude<DeviceRequest, 'auto' | 'wasm' | 'js'>) {
  const kinds = request === 'gpu' ? GPU_KINDS : [request];
  const found = await tryGpus(kinds, true);
  if ('device' in found) return found;
  const reasons = found.refused.map(({ kind, why }) => `  ${kind}: ${why}`).join('\n');
  throw new ChainruleError(
    `compile: the device ${request} cannot be had here:\n${reasons}`,
    "leave device out (it is 'auto'), or ask for 'wasm'.",
  );
}

type Found = { device: Device; choice: DeviceChoice } | { refused: Refusal[] };

/** Tries kinds in order. A software renderer is taken only when a GPU was asked for by name. */
async function tryGpus(kinds: readonly DeviceKind[], software: boolean): Promise<Found> {
  const { openGpu, probeGpu } = await import('./backends/gpujs/index.ts');
  const probe = await probeGpu();
  const refused = probe.refused.filter((r) => kinds.includes(r.kind));
  for (const usable of probe.usable) {
    if (!kinds.includes(usable.kind)) continue;
    if (usable.software && !software) {
      const why = `${usable.label} is a CPU that imitates a GPU: the CPU itself is faster`;
      refused.push({ kind: usable.kind, why });
      continue;
    }
    try {
      const device = await openGpu(usable.kind);
      const why = software
        ? `it was asked for: ${device.label}`
        : `the work is large enough for this GPU: ${device.label}`;
      return { device, choice: { kind: usable.kind, why, refused } };
    } catch (error) {
      refused.push({ kind: usable.kind, why: (error as Error).message });
    }
  }
  return { refused };
}
