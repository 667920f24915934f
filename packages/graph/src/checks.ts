// What people hand in where the types do not hold them: shapes, lists and options, checked.
// It knows no nodes.
import { ChainruleError, ShapeError } from './errors.ts';
import type { Dim, Shape } from './node.ts';

/** A value, for messages. */
export function show(x: unknown): string {
  if (typeof x === 'object' && x !== null) return Array.isArray(x) ? 'a list' : 'an object';
  const text = typeof x === 'string' ? JSON.stringify(x) : String(x);
  return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}

/** A size: a positive whole number, or a name. */
export const isDim = (x: unknown): x is Dim =>
  typeof x === 'string' ? /^[A-Za-z]\w*$/.test(x) : Number.isSafeInteger(x) && (x as number) > 0;

/** @throws ShapeError for what is no list of sizes, or has more elements than can be counted */
export function checkShape(what: string, shape: Shape): void {
  checkList(what, shape, "[3, 'm']");
  let elements = 1;
  // By index: what is missing in a list is no size either.
  for (let i = 0; i < shape.length; i++) {
    const dim = shape[i];
    if (!isDim(dim)) {
      const fix = "give positive whole numbers or names, e.g. [3, 'm'].";
      throw new ShapeError(`${what}: ${show(dim)} is no size.`, fix);
    }
    if (typeof dim === 'number') elements *= dim;
  }
  if (!Number.isSafeInteger(elements)) {
    throw new ShapeError(`${what}: a tensor of ${elements} elements.`, 'give smaller sizes.');
  }
}

/** @throws for an order in which nothing lies: ChainruleError, or the kind of it that is given */
export function checkOrder(what: string, order: unknown, Failure = ChainruleError): void {
  if (order === 'rows' || order === 'columns') return;
  throw new Failure(`${what}: there is no order ${show(order)}.`, "say 'rows' or 'columns'.");
}

/** @throws ChainruleError for what is no list, with an example of one */
export function checkList(what: string, x: unknown, example: string): void {
  if (Array.isArray(x)) return;
  throw new ChainruleError(`${what}: ${show(x)} is no list.`, `pass a list, e.g. ${example}.`);
}

/** @throws ChainruleError for what is no map of names */
export function checkNames(what: string, x: unknown): void {
  if (x instanceof Map) return;
  throw new ChainruleError(`${what}: ${show(x)} is no map.`, 'pass new Map([[node, name], ...]).');
}

/** @throws ChainruleError for what is no object of `fields` */
export function checkObject(what: string, x: unknown, fields: string): void {
  if (typeof x === 'object' && x !== null && !Array.isArray(x)) return;
  throw new ChainruleError(`${what}: ${show(x)} is no object.`, `pass ${fields}.`);
}

/** @throws ChainruleError for what is no object, or has a field that no option has the name of */
export function checkOptions(what: string, options: object, ...names: readonly string[]): void {
  const known = names.join(', ');
  checkObject(what, options, `options by name, of: ${known}`);
  const strange = Object.keys(options).find((key) => !names.includes(key));
  if (strange === undefined) return;
  throw new ChainruleError(
    `${what}: there is no option ${strange}.`,
    `the options are: ${known}.`,
  );
}
