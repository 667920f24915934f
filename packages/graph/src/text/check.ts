// Is a formula one? Every name, function, operator and form is looked at before a node is made, so
// that a function with a mistake is an error where it is defined. Shapes are checked later.
import { FormulaError, NameError } from '../errors.ts';
import { type Argument, FUNCTIONS, KNOWN_OPERATORS, kindsOf, OPERATORS } from './functions.ts';
import type { MathNode } from './parse.ts';
import { at, listed, type Place, short } from './place.ts';
import type { Scope } from './scope.ts';
import { type SyntaxNode, strangerName } from './syntax.ts';

interface Checker {
  readonly scope: Scope;
  readonly place: Place;
  readonly params: ReadonlySet<string>;
  /** Inside of `x[...]`, where `end` and ranges have a meaning. */
  readonly index: boolean;
}

/**
 * @param params names of arguments, which mean something inside a function
 * @throws FormulaError, NameError at the first part that has no meaning
 */
export function checkFormula(
  tree: MathNode,
  scope: Scope,
  place: Place,
  params: ReadonlySet<string> = new Set(),
): void {
  check(tree, { scope, place, params, index: false });
}

function check(tree: MathNode, c: Checker): void {
  const n = tree as unknown as SyntaxNode;
  const each = (children: readonly MathNode[]): void => {
    for (const child of children) check(child, c);
  };
  switch (n.type) {
    case 'SymbolNode':
      checkName(n.name, tree, c);
      break;
    case 'ConstantNode':
      checkNumber(n.value, tree, c);
      break;
    case 'ParenthesisNode':
      check(n.content, c);
      break;
    case 'OperatorNode':
      checkOperator(n.op, n.fn, tree, c);
      each(n.args);
      break;
    case 'ConditionalNode':
      each([n.condition, n.trueExpr, n.falseExpr]);
      break;
    case 'RelationalNode':
      each(n.params);
      break;
    case 'FunctionNode':
      checkCall(n, tree, c);
      break;
    case 'AccessorNode':
      checkIndex(n, tree, c);
      break;
    default:
      throw stranger(tree, c);
  }
}

function checkNumber(value: unknown, tree: MathNode, c: Checker): void {
  if (typeof value === 'number') return;
  throw at(c.place, tree, FormulaError, `${shown(value)} is no number.`, 'use numbers only.');
}

const shown = (value: unknown): string =>
  typeof value === 'string' ? `the text ${short(JSON.stringify(value))}` : String(value);

function stranger(tree: MathNode, c: Checker): Error {
  const { type } = tree as unknown as SyntaxNode;
  const fix: Record<string, string> = {
    ArrayNode: 'axes and shapes are lists: sum(x, [0, 2]); numbers stand alone.',
    RangeNode: 'write ranges in an index: x[1:3, :].',
  };
  const what = `${strangerName(type)} is not part of formulas${fix[type] ? ' here' : ''}.`;
  return at(c.place, tree, FormulaError, what, fix[type] ?? 'use operators, functions and names.');
}

function checkName(name: string, tree: MathNode, c: Checker): void {
  const { names, sizes, macros } = c.scope;
  if (c.params.has(name) || names.has(name) || sizes.has(name)) return;
  if (name === 'pi' || name === 'e' || (name === 'end' && c.index)) return;
  if (macros.has(name) || FUNCTIONS.has(name)) {
    const what = `${short(name)} is a function.`;
    throw at(c.place, tree, NameError, what, `call it: ${short(name)}(...).`);
  }
  const known = listed([...c.params, ...names.keys(), ...sizes]);
  const named = short(name);
  const fix =
    name === 'end'
      ? 'write end inside of an index: x[end, 1].'
      : `define ${named} on a line above, or bind it: math({ ${named}: input(...) }).`;
  throw at(c.place, tree, NameError, `${named} is not defined. Known: ${known}.`, fix);
}

function checkOperator(sign: string, fn: string, tree: MathNode, c: Checker): void {
  if (OPERATORS.has(fn)) return;
  const what = `the operator ${sign} is not known.`;
  throw at(c.place, tree, FormulaError, what, KNOWN_OPERATORS);
}

/** More dimensions than this has no node of people. */
const MAX_LIST = 32;

type Call = Extract<SyntaxNode, { type: 'FunctionNode' }>;

function checkCall(n: Call, tree: MathNode, c: Checker): void {
  if (n.fn.type !== 'SymbolNode' || n.optional) {
    const what = 'only a function with a name can be called.';
    throw at(c.place, tree, FormulaError, what, 'write f(...), or * for a product.');
  }
  const name = n.fn.name!;
  const macro = c.scope.macros.get(name);
  const known = FUNCTIONS.get(name);
  if (macro) checkCount(name, n, [macro.params.length, macro.params.length], tree, c);
  else if (known) checkCount(name, n, countsOf(known.takes), tree, c);
  else throw unknownFunction(name, tree, c);
  const kinds = macro ? [] : kindsOf(known!.takes, n.args.length);
  n.args.forEach((arg, i) => {
    const items = isList(kinds[i]) ? itemsOf(arg) : undefined;
    if (items && items.length > MAX_LIST) {
      const what = `a list of ${items.length} is longer than any shape.`;
      throw at(c.place, arg, FormulaError, what, 'name each axis once.');
    }
    for (const part of items ?? [arg]) check(part, c);
  });
}

/** What stands in `[...]`; undefined where it is no list. */
export function itemsOf(tree: MathNode): readonly MathNode[] | undefined {
  const n = tree as unknown as SyntaxNode;
  return n.type === 'ArrayNode' ? n.items : undefined;
}

const isList = (argument: Argument | undefined): boolean =>
  argument !== undefined && /^(axes|list|shape)/.test(argument);

/** The least and the most arguments. */
function countsOf(takes: readonly Argument[]): [number, number] {
  const least = takes.filter((argument) => !argument.endsWith('?')).length;
  return [least, takes.includes('...node') ? Number.POSITIVE_INFINITY : takes.length];
}

function checkCount(
  name: string,
  n: Call,
  [least, most]: readonly [number, number],
  tree: MathNode,
  c: Checker,
): void {
  if (n.args.length >= least && n.args.length <= most) return;
  const range = most === Number.POSITIVE_INFINITY ? `${least} or more` : `${least} to ${most}`;
  const takes = `${most > least ? range : most} argument${most === 1 ? '' : 's'}`;
  const what = `${short(name)} takes ${takes}, not ${n.args.length}.`;
  throw at(c.place, tree, FormulaError, what, `give ${short(name)} ${takes}.`);
}

function unknownFunction(name: string, tree: MathNode, c: Checker): Error {
  const what = `the function ${short(name)} is not known.`;
  const isName = c.params.has(name) || c.scope.names.has(name) || c.scope.sizes.has(name);
  const known = listed([...c.scope.macros.keys(), ...FUNCTIONS.keys()]);
  const fix = isName
    ? `write ${short(name)} * (...) for a product.`
    : `define it on a line above, or use one of ${known}.`;
  return at(c.place, tree, NameError, what, fix);
}

function checkIndex(
  n: Extract<SyntaxNode, { type: 'AccessorNode' }>,
  tree: MathNode,
  c: Checker,
): void {
  check(n.object, c);
  if (n.index.dotNotation || n.optionalChaining) {
    const what = 'nodes have no properties in formulas.';
    throw at(c.place, tree, FormulaError, what, 'use an index, x[1:3, :], or .* for a product.');
  }
  const inside = { ...c, index: true };
  for (const dimension of n.index.dimensions) {
    const range = dimension as unknown as SyntaxNode;
    if (range.type !== 'RangeNode') check(dimension, inside);
    else {
      check(range.start, inside);
      check(range.end, inside);
      if (range.step) check(range.step, inside);
    }
  }
}
