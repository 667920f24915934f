// The results of a kernel: computed, from what folds gave if there are any, and stored.
import { $, type Code, get, type Local, local, set } from './code.ts';
import { ACC, type Form } from './form.ts';
import { addPart, home, remember, type Scope } from './scope.ts';
import { baseOf, evaluate, type Lanes, store, type Values } from './values.ts';

/** What results are computed with. */
interface To {
  readonly form: Form;
  readonly values: Values;
}

/** Computes all results at four positions, or at one, then stores them over what they may read. */
export function write({ form, values }: To, scope: Scope, lanes: Lanes): void {
  const results = form.results.map((value) => {
    const result = local(scope.frame, 'v128');
    scope.body.push(set(result, evaluate(values, scope, value, lanes)));
    return result;
  });
  const bases = form.outputs.map((id) => baseOf(home(scope, []), id));
  for (const [i, result] of results.entries()) store(scope, bases[i]!, form.target, lanes, result);
}

/** The same from a folded value. */
export function writeFolded(to: To, scope: Scope, lanes: Lanes, folded: () => Code): void {
  addPart(scope, ACC, (part) => {
    const acc = remember(part, 'acc', 'v128', folded);
    write({ ...to, values: { ...to.values, acc: () => get(acc) } }, part, lanes);
  });
}

/** Four sums that wait in scratch memory, or one, at a distance from a pointer. */
export const loadSum = ({ vector }: Lanes, at: Local, offset: number): Code =>
  $(vector === undefined ? 'v128.load32_splat' : 'v128.load', offset, get(at));

/** The same from sums that wait in scratch memory. */
export const resultOf = (
  { at, ...to }: To & { readonly at: Local },
  scope: Scope,
  lanes: Lanes,
  offset = 0,
): void => writeFolded(to, scope, lanes, () => loadSum(lanes, at, offset));
