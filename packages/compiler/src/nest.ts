// The one loop template (map, reduce and contraction) that every backend prints.
// It knows buffers, loop axes and machine ops; it must not know graph nodes or devices.
import type { Fold as GraphFold } from '@chainrule/graph';
import type { MachineOp } from './machine.ts';

/** A position along one dimension of a buffer: `at + sum(step * term)`. */
export interface Affine {
  readonly at: number;
  readonly of: readonly Term[];
}

/** A loop variable, or a part of a position that is no multiple of one: floor(of / by) or ... */
export type Term =
  | { readonly axis: number; readonly step: number }
  | {
      /** `clamp`: `of`, but at least 0 and at most `by`. */
      readonly part: 'quotient' | 'remainder' | 'clamp';
      readonly of: Affine;
      readonly by: number;
      readonly step: number;
    };

/**
 * A scalar expression inside the loops. Equal subexpressions of one nest are the same object,
 * so a printer finds what to compute once by counting references.
 */
export type Expr =
  | { readonly op: 'const'; readonly value: number }
  | { readonly op: 'load'; readonly input: number; readonly index: readonly Affine[] }
  /** What the fold gives; or the second one, `across`. */
  | { readonly op: 'acc'; readonly across?: true }
  /** A position as a number. */
  | { readonly op: 'position'; readonly index: readonly [Affine] }
  | { readonly op: MachineOp; readonly args: readonly Expr[] };

/**
 * How a nest folds its inner loops. `logsumexp` runs online, a maximum and a scaled sum; so does
 * `norm`, the root of the sum of squares.
 */
export type Fold = GraphFold;

/** A value that a kernel stores, and the buffer where. */
export interface Result {
  readonly result: Expr;
  readonly output: number;
}

/**
 * One kernel. The outer loops run over `axes`, the shape of what is written; loop variables are
 * numbered 0, 1, ... through `axes` and on through `fold.axes`. `result` is stored at the outer
 * position; it may read the folded value as `acc`, and must not use the inner loop variables.
 */
export interface Nest {
  /** Unique in its program, for people: the name of the node it computes. */
  readonly name: string;
  readonly axes: readonly number[];
  readonly fold?: {
    readonly kind: Fold;
    readonly axes: readonly number[];
    readonly body: Expr;
  };
  /**
   * A second fold, on devices where each thread may compute a whole line (`Limits.line`): over the
   * positions along one of the outer loops. `body` may read what the first fold gives there.
   */
  readonly across?: { readonly kind: Fold; readonly axis: number; readonly body: Expr };
  readonly result: Expr;
  /** Further results at the same position, on devices where a kernel may write several. */
  readonly also?: readonly Result[];
  /** Buffer ids that `load` refers to by position; each id once. */
  readonly inputs: readonly number[];
  readonly output: number;
}

/**
 * A buffer of the plan. `order: 'columns'` says that its last dimension varies slowest in memory
 * (a matrix stored one column after another); everything else is row-major.
 */
export interface Buffer {
  readonly id: number;
  readonly name: string;
  readonly shape: readonly number[];
  readonly order: 'rows' | 'columns';
  /**
   * input: fed at each call; param: lives across calls; temp: dies with the call;
   * output: read by the caller; next: the new value of a parameter that could not be
   * updated in place.
   */
  readonly role: 'input' | 'param' | 'temp' | 'output' | 'next';
  /** Offset in floats inside the arena, for temp and output buffers of backends with one. */
  readonly offset?: number;
}

/** A program ready to be printed: kernels in execution order, buffers, and who swaps with whom. */
export interface Plan {
  readonly kernels: readonly Nest[];
  readonly buffers: readonly Buffer[];
  /** Floats in the arena; 0 where the backend's kernels own their outputs. */
  readonly arena: number;
  /** After a run, `param` takes the value of `next` (the two trade places). */
  readonly swaps: readonly { readonly param: number; readonly next: number }[];
}

/** All that a nest stores, the main result first. */
export const resultsOf = ({ result, output, also = [] }: Nest): readonly Result[] => [
  { result, output },
  ...also,
];

/** The number by which a nest that reads `inputs` loads a buffer; a new one goes to their end. */
export function inputOf(inputs: number[], buffer: number): number {
  const known = inputs.indexOf(buffer);
  return known >= 0 ? known : inputs.push(buffer) - 1;
}

/** The buffers that a nest writes, the main one first. */
export const outputsOf = ({ output, also }: Nest): readonly number[] =>
  also ? [output, ...also.map((result) => result.output)] : [output];

/** Every distinct expression of a nest. */
export const expressions = (nest: Nest): Expr[] =>
  expressionsIn([...resultsOf(nest).map((r) => r.result), ...bodiesOf(nest)]);

/** What a nest folds. */
export const bodiesOf = ({ fold, across }: Nest): Expr[] =>
  [fold, across].flatMap((one) => (one ? [one.body] : []));

/** Positions that each thread computes for the second fold. */
export const lineOf = ({ axes, across }: Nest): number => (across ? axes[across.axis]! : 0);

/** The nest with other expressions. */
export const rewritten = <N extends Omit<Nest, 'inputs' | 'output' | 'name'>>(
  nest: N,
  rewrite: (expr: Expr) => Expr,
): N => ({
  ...nest,
  ...(nest.fold && { fold: { ...nest.fold, body: rewrite(nest.fold.body) } }),
  ...(nest.across && { across: { ...nest.across, body: rewrite(nest.across.body) } }),
  result: rewrite(nest.result),
  ...(nest.also && {
    also: nest.also.map(({ result, output }) => ({ result: rewrite(result), output })),
  }),
});

/** Every distinct expression in some others, these included, operands first. */
export function expressionsIn(roots: readonly Expr[]): Expr[] {
  const seen = new Set<Expr>();
  const visit = (e: Expr): void => {
    if (seen.has(e)) return;
    if ('args' in e) e.args.forEach(visit);
    seen.add(e);
  };
  roots.forEach(visit);
  return [...seen];
}

/** How many numbers an array of this shape holds. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((p, d) => p * d, 1);
