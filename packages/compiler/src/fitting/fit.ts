// Makes the kernels of a plan those of a device: what one may hold, and the passes that join and
// split them for it. It knows limits and loops; no graph and no device.
import type { Limits } from '../device.ts';
import {
  type Buffer,
  bodiesOf,
  type Expr,
  expressions,
  expressionsIn,
  lineOf,
  type Nest,
  outputsOf,
} from '../nest.ts';
import type { Job } from '../order.ts';
import { foldAcross } from './across.ts';
import { join } from './join.ts';
import { cutForParts, cutForThreads, splitFolds } from './split.ts';

/** Machine ops in one kernel above which a part of it is stored: GPU compilers slow down there. */
const MAX_OPS = 150;

/** May a device with these limits have this kernel? */
export const fits = (nest: Nest, limits: Limits): boolean =>
  nest.inputs.length <= limits.inputs &&
  outputsOf(nest).length <= limits.outputs &&
  countOps(nest) <= MAX_OPS;

/** Machine ops in the text of a kernel; what is folded across is there for each position. */
function countOps(nest: Nest): number {
  const count = (all: readonly Expr[]) => all.filter((e) => 'args' in e).length;
  return count(expressions(nest)) + lineOf(nest) * count(expressionsIn(bodiesOf(nest)));
}

/**
 * The jobs as a device takes them.
 * @param jobs sources first; each writes one buffer, whose id is its number in `buffers`
 * @returns also the buffers that they need
 */
export function fit(
  jobs: readonly Job[],
  buffers: readonly Buffer[],
  limits: Limits,
): { readonly jobs: readonly Job[]; readonly buffers: readonly Buffer[] } {
  const { outputs, threads, parts, line } = limits;
  const isFit = (nest: Nest): boolean => fits(nest, limits);
  const joined = outputs > 1 ? join(jobs, buffers, isFit) : jobs;
  const cutOf = threads ? cutForThreads(threads) : parts ? cutForParts(parts) : () => undefined;
  const split = splitFolds(joined, buffers, cutOf);
  const folded = line ? foldAcross(split.jobs, split.buffers, isFit, line) : split.jobs;
  const written = new Set(folded.flatMap(({ nest }) => outputsOf(nest)));
  const isNeeded = ({ role, id }: Buffer): boolean => role !== 'temp' || written.has(id);
  return { jobs: folded, buffers: split.buffers.filter(isNeeded) };
}
