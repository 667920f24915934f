// Positions as sums of loop variables, kept as simple as the sizes of the loops allow: what views
// are folded into. It knows loops, and no graph.
import type { Positions } from '@chainrule/graph';
import type { Affine, Term } from './nest.ts';

export const ZERO: Affine = { at: 0, of: [] };
export const along = (axis: number): Affine => ({ at: 0, of: [{ axis, step: 1 }] });

/** Positions over loops; `extents[axis]` is how many turns a loop takes. */
export function affinePositions(extents: readonly number[]): Positions<Affine> {
  const range = (i: Affine) => rangeOf(i, extents);
  const fits = (i: Affine, most: number): boolean => {
    const { least, most: largest } = range(i);
    return least >= 0 && largest <= most;
  };
  return {
    zero: ZERO,
    add,
    affine: (i, step, at) => add({ at, of: [] }, scaled(i, step)),
    quotient: (i, by) => {
      const { whole, rest } = divided(i, by);
      return fits(rest, by - 1) ? whole : add(whole, part('quotient', rest, by));
    },
    remainder: (i, by) => {
      const { rest } = divided(i, by);
      return fits(rest, by - 1) ? rest : part('remainder', rest, by);
    },
    clamp: (i, most) => (fits(i, most) ? i : most === 0 ? ZERO : part('clamp', i, most)),
  };
}

const part = (kind: 'quotient' | 'remainder' | 'clamp', of: Affine, by: number): Affine => ({
  at: 0,
  of: [{ part: kind, of, by, step: 1 }],
});

export const scaled = ({ at, of }: Affine, by: number): Affine => ({
  at: at * by,
  of: by === 0 ? [] : of.map((term) => ({ ...term, step: term.step * by })),
});

const withoutStep = (term: Term): string => JSON.stringify({ ...term, step: 0 });

/** The sum; equal terms merge. */
function add(a: Affine, b: Affine): Affine {
  const terms = new Map<string, Term>();
  for (const term of [...a.of, ...b.of]) {
    const key = withoutStep(term);
    terms.set(key, { ...term, step: term.step + (terms.get(key)?.step ?? 0) });
  }
  return { at: a.at + b.at, of: [...terms.values()].filter(({ step }) => step !== 0) };
}

/** i = by * whole + rest, as far as the terms show it. */
function divided({ at, of }: Affine, by: number): { whole: Affine; rest: Affine } {
  const least = Math.floor(at / by);
  const divides = ({ step }: Term): boolean => step % by === 0;
  return {
    whole: {
      at: least,
      of: of.filter(divides).map((term) => ({ ...term, step: term.step / by })),
    },
    rest: { at: at - least * by, of: of.filter((term) => !divides(term)) },
  };
}

/** The least and the largest value of a position. */
export function rangeOf(i: Affine, extents: readonly number[]): { least: number; most: number } {
  let [least, most] = [i.at, i.at];
  for (const term of i.of) {
    const { step } = term;
    const inner = rangeOfTerm(term, extents);
    least += Math.min(step * inner.least, step * inner.most);
    most += Math.max(step * inner.least, step * inner.most);
  }
  return { least, most };
}

function rangeOfTerm(term: Term, extents: readonly number[]): { least: number; most: number } {
  if ('axis' in term) return { least: 0, most: extents[term.axis]! - 1 };
  if (term.part === 'remainder') return { least: 0, most: term.by - 1 };
  if (term.part === 'clamp') return { least: 0, most: term.by };
  const { least, most } = rangeOf(term.of, extents);
  return { least: Math.floor(least / term.by), most: Math.floor(most / term.by) };
}

/** The loop variables that a position depends on. */
export const axesIn = (i: Affine): number[] =>
  i.of.flatMap((term) => ('axis' in term ? [term.axis] : axesIn(term.of)));

/** Is a position this loop variable; or, without one, 0? */
export function isAlong({ at, of }: Affine, axis: number | undefined): boolean {
  const [term] = of;
  if (at !== 0 || of.length > 1) return false;
  return term ? 'axis' in term && term.axis === axis && term.step === 1 : axis === undefined;
}

/** Is it the position at which loops over these axes are? */
export const isOwn = (index: readonly Affine[], axes: readonly number[]): boolean =>
  index.every((i, d) => isAlong(i, axes[d] === 1 ? undefined : d));
