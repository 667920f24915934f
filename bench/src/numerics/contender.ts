// What every contender gives, and asking it. It must not know any of them.
import {
  type Cell,
  type Found,
  judge,
  type Second,
  type Stability,
  type Verdict,
} from './truth.ts';

/** Every row as a formula in a library's own words. */
export type Formulas<F> = Readonly<Record<Stability | Second, F>>;

export interface Contender {
  /** As its users call it, with its version. */
  readonly name: string;
  /** Functions that the library does not have, written from its own ops. */
  readonly composed: readonly Second[];
  /** The value, gradient or second derivative that a cell asks for. May throw. */
  readonly find: (cell: Cell) => Promise<number>;
}

/** What a contender found for a cell, judged. */
export interface Answer {
  readonly cell: Cell;
  readonly found: Found;
  readonly verdict: Verdict;
}

/** What a contender finds for every cell, in their order; an error is a finding. */
export async function ask({ find }: Contender, cells: readonly Cell[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const cell of cells) {
    const found = await find(cell).catch((error: Error) => ({ error: error.message }));
    answers.push({ cell, found, verdict: judge(found, cell.truth) });
  }
  return answers;
}
