// Does a device compute what the formulas say? The same values there and in float64, compared.
import {
  bindShape,
  createRandom,
  inputsOf,
  interpretAll,
  isNode,
  type Node,
  nameOf,
  type Sizes,
  simplifyAll,
  slotOf,
} from '@chainrule/graph';
import { type CompileOptions, compile } from '../compile.ts';
import type { Feeds } from '../feeds.ts';
import { sizeOf } from '../nest.ts';
import type { Program } from '../program.ts';
import type { Session, Tensor } from '../session.ts';
import type { DeviceChoice } from './devices.ts';

/** Options of `verifyDevice`; those of `compile` count unless a session is given. */
export interface VerifyOptions extends CompileOptions {
  /** Data for some or all inputs; the others get random numbers between 0.05 and 0.95. */
  readonly feeds?: Feeds;
}

/** How far one value is off. */
export interface Deviation {
  /** The worst error, relative to the largest magnitude of this value in float64. */
  readonly error: number;
  /** Where it is, row by row. */
  readonly index: number;
  /** What the device says there, and float64. */
  readonly found: number;
  readonly expected: number;
}

/** What `verifyDevice` has found. */
export interface Verification {
  readonly device: DeviceChoice;
  readonly outputs: Readonly<Record<string, Deviation>>;
  /** The worst error of all. */
  readonly error: number;
  /** What it means, in a sentence. */
  readonly text: string;
}

/** A batch that nobody has given a size: odd, so that vectors of four have a tail. */
const SIZE = 7;

/** Rounding once is 6e-8; a sum of thousands of terms, at random, gathers some hundred of that. */
const FINE = 1e-5;
/** Beyond that it takes cancellation or huge arguments, and beyond this nothing explains it. */
const ROUGH = 1e-2;

/**
 * Runs a program, a node, nodes by name or what a session trains on its device and in float64, on
 * the same data. A session stays as it is; a program is compiled anew, and does one step.
 * @throws ChainruleError if the device cannot be had
 */
export async function verifyDevice(
  what: Program | Node | Readonly<Record<string, Node>> | Session,
  options: VerifyOptions = {},
): Promise<Verification> {
  if (isSession(what)) return verified(what, options, false);
  using run = await compile(what, options);
  // Awaited here: the session ends with this function.
  return await verified(run, options, true);
}

const isSession = (x: object): x is Session =>
  !isNode(x) && typeof x['dispose' as never] === 'function';

async function verified(run: Session, options: VerifyOptions, mayStep: boolean) {
  const { results, updated } = run.nodes;
  const entries = Object.entries({ ...updated, ...results });
  const roots = entries.map(([, node]) => node);
  const sizes = { ...sizesOf(roots), ...run.sizes, ...options.sizes };
  const feeds = { ...randomFeeds(roots, sizes, options.seed ?? 1), ...options.feeds };
  const state = await run.state();
  const expected = interpretAll(simplifyAll(roots), { ...state, ...feeds }, run.sizes);
  const nodes = mayStep ? results : Object.fromEntries(entries);
  const found: Record<string, Tensor> = await run.run(nodes, fedTo(Object.values(nodes), feeds));
  if (mayStep && Object.keys(updated).length > 0) {
    await run.steps(1, feeds);
    for (const name of Object.keys(updated)) found[name] = await run.read(name);
  }
  const outputs = Object.fromEntries(
    entries.map(([name], i) => [name, deviation(found[name]!.data, expected[i]!.data)]),
  );
  return { device: run.device, outputs, ...summary(run.device, outputs) };
}

const sizesOf = (roots: readonly Node[]): Sizes => {
  const dims = [...inputsOf(roots)].flatMap(({ shape }) => shape);
  const symbols = dims.filter((dim) => typeof dim === 'string');
  return Object.fromEntries(symbols.map((name) => [name, SIZE]));
};

/** Only what these nodes need. */
function fedTo(nodes: readonly Node[], feeds: Feeds): Feeds {
  const names = new Set(inputsOf(nodes).map(nameOf));
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => names.has(name)));
}

/** In order of the inputs; inside the domains of log, sqrt and probabilities. */
function randomFeeds(roots: readonly Node[], sizes: Sizes, seed: number): Feeds {
  const random = createRandom(seed);
  const feed = (node: Node): [string, Tensor] => {
    const shape = bindShape(node, sizes);
    const data = Float32Array.from({ length: sizeOf(shape) }, () => 0.05 + 0.9 * random.uniform());
    if (slotOf(node).distribution) normalize(data, shape.at(-1)!);
    return [nameOf(node)!, { shape, data, order: 'rows' }];
  };
  return Object.fromEntries(inputsOf(roots).map(feed));
}

/** Columns that sum to 1. */
function normalize(data: Float32Array, columns: number): void {
  for (let j = 0; j < columns; j++) {
    let sum = 0;
    for (let i = j; i < data.length; i += columns) sum += data[i]!;
    for (let i = j; i < data.length; i += columns) data[i]! /= sum;
  }
}

function deviation(found: Float32Array, expected: Float64Array): Deviation {
  const scale = expected.reduce(
    (most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most),
    0,
  );
  let worst = { error: 0, index: 0 };
  for (const [index, want] of expected.entries()) {
    const got = found[index]!;
    // What is not finite in float64 says nothing about the device.
    if (!Number.isFinite(want)) continue;
    const off = Math.abs(got - want) / (scale || 1);
    const error = Number.isNaN(off) ? Infinity : off;
    if (error > worst.error) worst = { error, index };
  }
  return { ...worst, found: found[worst.index]!, expected: expected[worst.index]! };
}

function summary({ kind }: DeviceChoice, outputs: Readonly<Record<string, Deviation>>) {
  const sorted = Object.entries(outputs).sort(([, a], [, b]) => b.error - a.error);
  const [name, { error, found, expected }] = sorted[0]!;
  const head =
    error === 0
      ? `${kind} agrees with float64 in every digit of float32`
      : `${kind} differs from float64 by ${error.toPrecision(2)} of the largest value of ${name}`;
  const text =
    error <= FINE
      ? `${head}: that is rounding.`
      : error <= ROUGH
        ? `${head}: rounding that cancellation or large arguments have made larger.`
        : `${head} (${found} instead of ${expected}): that is no rounding, do not trust it here.`;
  return { error, text };
}
