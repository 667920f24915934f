// Results from sums that wait in scratch memory.
import { $, get, type Local, local, set } from './code.ts';
import { ACC, type Form } from './form.ts';
import { addPart, remember, type Scope } from './scope.ts';
import { evaluate, type Lanes, store, type Values } from './values.ts';

/** What results are computed with: `at` points to the sums, `out` to the output. */
interface From {
  readonly form: Form;
  readonly values: Values;
  readonly out: Local;
  readonly at: Local;
}

/** Computes four results, or one, from the sums at a distance from the pointer. */
export function resultOf(
  { form, values, out, at }: From,
  scope: Scope,
  lanes: Lanes,
  offset = 0,
): void {
  addPart(scope, ACC, (part) => {
    const load = lanes.vector === undefined ? 'v128.load32_splat' : 'v128.load';
    const acc = remember(part, 'acc', 'v128', () => $(load, offset, get(at)));
    const result = local(part.frame, 'v128');
    const value = evaluate({ ...values, acc: () => get(acc) }, part, form.result, lanes);
    part.body.push(set(result, value));
    store(part, out, form.target, lanes, result);
  });
}
