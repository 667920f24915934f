// Formulas as text become the same nodes as ops called as functions: line by line, each checked,
// then translated. It knows statements and names, no operators.
import { FormulaError, NameError } from '../errors.ts';
import { constant, isConst } from '../leaves.ts';
import { isLeaf, isNode, type Node, named } from '../node.ts';
import { checkFormula } from './check.ts';
import { type MathNode, parseStatement } from './parse.ts';
import { at, frame, type Place, short } from './place.ts';
import { definitions, type Scope } from './scope.ts';
import { locate, type Statement, statements } from './source.ts';
import type { SyntaxNode } from './syntax.ts';
import { translate } from './translate.ts';

/** What a formula may refer to: nodes, and numbers. */
export type Bindings = Readonly<Record<string, Node | number>>;

/** Every name of a formula: the bindings, and what each line defines. */
export type Formula<B> = { readonly [K in keyof B]: Node } & Readonly<Record<string, Node>>;

/**
 * Reads formulas: one definition a line (or separated by `;`), `#` starts a comment. `*` is the
 * matrix product, `.*` `./` `.^` are elementwise, `'` transposes, `c ? a : b` chooses; sizes of
 * bindings, such as m, are numbers. Inputs and parameters take the names that they are bound to.
 *
 *     const { J } = math({ X: input('n', 'm'), w: param('n', 1) })`J = mean(w' * X)`
 *
 * `x[1:3, :]` keeps rows 1 to 3: indices count from 1, the axes of functions from 0. A line
 * `f(x, y) = ...` defines a function for the lines below, also in the place of a built-in one; it
 * is no part of the result. A text has at most 100,000 characters and 50,000 operations, so that
 * one from a stranger is read in a moment.
 *
 * @throws FormulaError, NameError, ShapeError with line, column and a caret
 */
export function math<const B extends Bindings>(
  bindings: B,
): (text: TemplateStringsArray | string, ...values: readonly unknown[]) => Formula<B> {
  return (text, ...values) => readFormula(bindings, sourceOf(text, values)) as Formula<B>;
}

/** Longer texts are no formulas of people; reading takes time in proportion. */
const MAX_LENGTH = 100_000;

function sourceOf(text: unknown, values: readonly unknown[]): string {
  const fix = 'pass a string, or write math(bindings)`y = x`.';
  const template = typeof text === 'object' && text !== null && 'raw' in text;
  if (typeof text !== 'string' && !template) {
    throw new FormulaError(`math: the formula is no text.\n  fix: ${fix}`);
  }
  for (const value of values) {
    if (typeof value === 'string' || typeof value === 'number') continue;
    const what = `math: ${isNode(value) ? 'a node' : `a value of type ${typeof value}`}`;
    const way = 'give it a name: math({ x })`y = x`.';
    throw new FormulaError(`${what} cannot stand in a text.\n  fix: ${way}`);
  }
  const source =
    typeof text === 'string' ? text : String.raw(text as TemplateStringsArray, ...values);
  if (source.length <= MAX_LENGTH) return source;
  const what = `math: the text has ${source.length} characters, more than ${MAX_LENGTH}.`;
  throw new FormulaError(
    `${what}\n  fix: read it in parts, the nodes of one as bindings of the next.`,
  );
}

function readFormula(bindings: Bindings, source: string): Record<string, Node> {
  const scope = scopeOf(bindings);
  for (const statement of statements(source)) {
    notTooDeep(statement, () => readStatement(statement, scope));
  }
  // Object.fromEntries defines its keys: not even __proto__ would reach the prototype.
  return Object.fromEntries([...scope.names].map(([name, { node }]) => [name, node]));
}

function scopeOf(bindings: Bindings): Scope {
  if (typeof bindings !== 'object' || bindings === null) {
    throw new NameError('math: there are no bindings.\n  fix: pass an object: math({ x }).');
  }
  const names: Scope['names'] = new Map();
  const sizes = new Set<string>();
  for (const [name, value] of Object.entries(bindings)) {
    const node = typeof value === 'number' ? constant(value) : value;
    checkBinding(name, node);
    const leaf = isLeaf(node) && !isConst(node);
    names.set(name, { node: leaf ? named(node, name) : node, above: names.size });
    for (const dim of node.shape) if (typeof dim === 'string') sizes.add(dim);
  }
  return { names, macros: new Map(), sizes, steps: 0 };
}

/** Is this a name that a person may give to a node? */
export const isName = (name: string): boolean => /^[A-Za-z]\w*$/.test(name);

function checkBinding(name: string, node: unknown): void {
  if (!isName(name)) {
    throw new NameError(
      `math: ${short(JSON.stringify(name))} is no name.\n  fix: use letters and digits.`,
    );
  }
  if (isNode(node)) return;
  const given = typeof node === 'object' && node !== null ? 'an object' : String(node);
  throw new NameError(
    `math: ${short(name)} is ${Array.isArray(node) ? 'an array' : short(given)}, not a node.`,
    'bind it to input(...), param(...), a number or another node.',
  );
}

function readStatement(statement: Statement, scope: Scope): void {
  if (statement.unclosed !== undefined) {
    const fix = 'close it; a formula may go on over several lines inside parentheses.';
    throw new FormulaError(frame(statement, statement.unclosed, 'this is not closed.', fix));
  }
  const tree = parseOrExplain(statement);
  const place = { statement, where: locate(tree, statement.text) };
  const n = tree as unknown as SyntaxNode;
  const above = definitions(scope);
  if (n.type === 'FunctionAssignmentNode') {
    checkNewFunction(n, tree, scope, place);
    const { name, params, expr: body } = n;
    scope.macros.set(name, { name, params, body, place, above, results: new Map() });
    return;
  }
  if (n.type !== 'AssignmentNode' || n.index) {
    const what = 'this line defines nothing.';
    throw new FormulaError(frame(statement, 0, what, 'write name = formula.'));
  }
  const { name } = n.object as unknown as { name: string };
  checkNew(name, n.object, scope, place);
  checkFormula(n.value, scope, place);
  const node = translate(n.value, { scope, place, above });
  scope.names.set(name, { node: named(node, name), above });
}

function checkNew(name: string, tree: MathNode, scope: Scope, place: Place): void {
  if (!isName(name)) {
    const what = `${short(name)} is no name.`;
    throw at(place, tree, NameError, what, 'use letters and digits, a letter first.');
  }
  if (!scope.names.has(name) && !scope.macros.has(name)) return;
  const fix = `choose another name for this ${short(name)}.`;
  throw at(place, tree, NameError, `${short(name)} is defined already.`, fix);
}

/** A function sees what stands above it, and its arguments; so it cannot call itself. */
function checkNewFunction(
  n: Extract<SyntaxNode, { type: 'FunctionAssignmentNode' }>,
  tree: MathNode,
  scope: Scope,
  place: Place,
): void {
  checkNew(n.name, tree, scope, place);
  const params = new Set<string>();
  for (const name of n.params) {
    if (isName(name) && !params.has(name)) {
      params.add(name);
      continue;
    }
    const shown = short(name);
    const what = isName(name) ? `two arguments are called ${shown}.` : `${shown} is no name.`;
    const fix = 'give each argument a name of its own, of letters and digits.';
    throw at(place, tree, NameError, what, fix);
  }
  checkFormula(n.expr, scope, place, params);
}

/** Trees are walked by recursion: a formula that is too deep for it is an error like others. */
function notTooDeep(statement: Statement, read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const fix = 'define parts of it on lines of their own.';
    throw new FormulaError(frame(statement, 0, 'the formula is nested too deeply.', fix));
  }
}

/** The longest message of mathjs that is shown. */
const MESSAGE = 100;

function parseOrExplain(statement: Statement): MathNode {
  try {
    return parseStatement(statement.text);
  } catch (error) {
    if (error instanceof RangeError) throw error;
    const { message, char } = error as Error & { char?: number };
    const all = message.replace(/ \(char \d+\)$/, '').replace(/\.?$/, '.');
    // It may quote the whole rest of the text.
    const reason = all.length > MESSAGE ? `${all.slice(0, MESSAGE)}...` : all;
    const offset = Math.min((char ?? 1) - 1, statement.text.length);
    const fix = 'complete the formula; mathjs syntax, with .* ./ .^ for elementwise.';
    throw new FormulaError(frame(statement, offset, reason, fix));
  }
}
