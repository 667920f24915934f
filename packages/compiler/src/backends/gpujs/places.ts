// Positions inside a kernel: what each loop variable is called there, and sums of them as text.
// It knows index maps; it must not know expressions or shading languages beyond their literals.
import type { Affine, Term } from '../../nest.ts';
import type { Dialect } from './dialect.ts';

/** A position: `at + sum(step * name)`. */
export interface Sum {
  readonly at: number;
  readonly of: readonly { readonly name: string; readonly step: number }[];
}

/** What a loop variable is: `step * name + at`; one that is `wide` has the lane added. */
export interface Variable {
  readonly name?: string;
  readonly step: number;
  readonly at: number;
  readonly wide?: true;
}

/** The value of each loop variable of a nest, by its number. */
export type Variables = readonly Variable[];

export const constantSum = (at: number): Sum => ({ at, of: [] });
export const nameSum = (name: string): Sum => ({ at: 0, of: [{ name, step: 1 }] });

export function addSums(...sums: readonly Sum[]): Sum {
  const steps = new Map<string, number>();
  for (const { of } of sums) {
    for (const { name, step } of of) steps.set(name, (steps.get(name) ?? 0) + step);
  }
  const of = [...steps].map(([name, step]) => ({ name, step })).filter(({ step }) => step !== 0);
  return { at: sums.reduce((n, { at }) => n + at, 0), of };
}

export const scaleSum = ({ at, of }: Sum, by: number): Sum => ({
  at: at * by,
  of: by === 0 ? [] : of.map(({ name, step }) => ({ name, step: step * by })),
});

/** Is the part that varies a multiple of `by`? */
export const isMultiple = ({ of }: Sum, by: number): boolean =>
  of.every(({ step }) => step % by === 0);

/** Names a part of a position, such as a quotient, where it has none yet. */
export type NamePart = (part: Extract<Term, { part: unknown }>, of: Sum) => Sum;

/** A position in one lane. */
export function positionAt(
  { at, of }: Affine,
  variables: Variables,
  lane: number,
  namePart: NamePart,
): Sum {
  const terms = of.map((term) => {
    if ('axis' in term) return scaleSum(variableAt(variables[term.axis]!, lane), term.step);
    const inner = positionAt(term.of, variables, lane, namePart);
    return scaleSum(namePart(term, inner), term.step);
  });
  return addSums(constantSum(at), ...terms);
}

const variableAt = ({ name, step, at, wide }: Variable, lane: number): Sum => ({
  at: at + (wide ? lane : 0),
  of: name === undefined ? [] : [{ name, step }],
});

/** The text of a position. */
export function textOf({ at, of }: Sum, dialect: Dialect): string {
  const terms = of.map(({ name, step }) => ({
    step,
    text: Math.abs(step) === 1 ? name : `${dialect.whole(Math.abs(step))} * ${name}`,
  }));
  if (at !== 0 || terms.length === 0) {
    terms.push({ step: at, text: dialect.whole(Math.abs(at)) });
  }
  const plus = terms.filter(({ step }) => step >= 0).map(({ text }) => text);
  const minus = terms.filter(({ step }) => step < 0).map(({ text }) => text);
  const less = minus.length > 0 ? `${plus.length > 0 ? ' ' : ''}- ${minus.join(' - ')}` : '';
  return `${plus.join(' + ')}${less}`;
}
