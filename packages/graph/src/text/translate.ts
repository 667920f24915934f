// The tree of a checked formula becomes nodes. It knows how arguments, calls and indices are read;
// shapes are checked by the ops.
import { FormulaError, ShapeError } from '../errors.ts';
import { constant } from '../leaves.ts';
import type { Dim, Node } from '../node.ts';
import { mul, neg, where } from '../ops.ts';
import { itemsOf } from './check.ts';
import { type Argument, FUNCTIONS, kindsOf, OPERATORS } from './functions.ts';
import { indexed } from './indices.ts';
import type { MathNode } from './parse.ts';
import { at, located, short } from './place.ts';
import { type Environment, lookUp, type Macro, macroOf } from './scope.ts';
import type { SyntaxNode } from './syntax.ts';

/**
 * The most operations of one text, those inside of functions counted at each call: a few lines of
 * functions that call each other twice stand for more nodes than any memory has.
 */
const MAX_STEPS = 50_000;

/** The node of a part of a formula that was checked. @throws FormulaError, ShapeError */
export function translate(tree: MathNode, env: Environment): Node {
  if (++env.scope.steps > MAX_STEPS) throw tooMuch(tree, env);
  const n = tree as unknown as SyntaxNode;
  const read = (child: MathNode): Node => translate(child, env);
  const build = (make: () => Node): Node => located(env.place, tree, make);
  switch (n.type) {
    case 'SymbolNode':
      return n.name === 'end' && env.end !== undefined
        ? endOf(env.end, tree, env)
        : symbol(n, env);
    case 'ParenthesisNode':
      return read(n.content);
    case 'OperatorNode':
      return operation(n, tree, env);
    case 'ConditionalNode': {
      const [c, a, b] = [n.condition, n.trueExpr, n.falseExpr].map(read);
      return build(() => where(c!, a!, b!));
    }
    case 'RelationalNode': {
      const x = n.params.map(read);
      const holds = n.conditionals.map((fn, i) =>
        build(() => OPERATORS.get(fn)!(x[i]!, x[i + 1]!)),
      );
      return build(() => holds.reduce((a, b) => mul(a, b)));
    }
    case 'FunctionNode': {
      const macro = macroOf(n.fn.name!, env);
      if (macro) return callMacro(macro, n.args, tree, env);
      return callFunction(n.fn.name!, n.args, tree, env);
    }
    case 'AccessorNode': {
      const number = (part: MathNode, what: string, end: Dim): number =>
        numberOf(part, what, { ...env, end });
      return indexed(read(n.object), n.index.dimensions, tree, env.place, number);
    }
    default:
      return constant((n as unknown as { value: number }).value);
  }
}

type Operator = Extract<SyntaxNode, { type: 'OperatorNode' }>;

function operation(n: Operator, tree: MathNode, env: Environment): Node {
  // -2 * a is the product with -2.
  const first = n.args[0] as unknown as SyntaxNode;
  const whole = first.type === 'OperatorNode' && first.fn === 'unaryMinus' && isNumber(first.args);
  const { node, minus } = signed(n, tree, env, !whole);
  return minus ? neg(node) : node;
}

const isNumber = ([tree]: readonly MathNode[]): boolean =>
  (tree as unknown as SyntaxNode).type === 'ConstantNode';

const PRODUCTS: ReadonlySet<string> = new Set(['multiply', 'dotMultiply', 'divide', 'dotDivide']);

/** An operation and the sign in front of it: `-a * b` is -(a * b), as print writes it. */
function signed(
  n: Operator,
  tree: MathNode,
  env: Environment,
  leads = true,
): { node: Node; minus: boolean } {
  const [first, second] = n.args as [MathNode, MathNode?];
  if (n.fn === 'unaryMinus') return { node: translate(first, env), minus: true };
  const left = first as unknown as SyntaxNode;
  const { node: a, minus } =
    leads && PRODUCTS.has(n.fn) && left.type === 'OperatorNode'
      ? signed(left, first, env)
      : { node: translate(first, env), minus: false };
  const b = second && translate(second, env);
  return { node: located(env.place, tree, () => OPERATORS.get(n.fn)!(a, b!)), minus };
}

// A checked name means something, but for one that a line defines later than the function.
const symbol = (n: { readonly name: string }, env: Environment): Node => lookUp(n.name, env)!;

function tooMuch(tree: MathNode, env: Environment): Error {
  const what = `the text stands for more than ${MAX_STEPS} operations.`;
  const fix = 'split it; a function counts at each of its calls.';
  return at(env.place, tree, FormulaError, what, fix);
}

function endOf(end: Dim, tree: MathNode, env: Environment): Node {
  if (typeof end === 'number') return constant(end);
  const what = `the end of this axis is ${end}, a size that has no number yet.`;
  throw at(
    env.place,
    tree,
    FormulaError,
    what,
    `use : for the whole axis, or numbers below ${end}.`,
  );
}

/** The body of a function with nodes in the place of its names. */
function callMacro(
  macro: Macro,
  trees: readonly MathNode[],
  tree: MathNode,
  env: Environment,
): Node {
  const args = trees.map((arg) => translate(arg, env));
  const key = args.map((arg) => arg.id).join();
  const known = macro.results.get(key);
  if (known) return known;
  const result = translate(macro.body, {
    scope: env.scope,
    place: { ...macro.place, call: { place: env.place, tree, name: short(macro.name) } },
    above: macro.above,
    args: new Map(macro.params.map((name, i) => [name, args[i]!])),
  });
  macro.results.set(key, result);
  return result;
}

function callFunction(
  name: string,
  trees: readonly MathNode[],
  tree: MathNode,
  env: Environment,
): Node {
  const { takes, build } = FUNCTIONS.get(name)!;
  const kinds = kindsOf(takes, trees.length);
  const read = trees.map((arg, i) =>
    argument(kinds[i]!, arg, `argument ${i + 1} of ${name}`, env),
  );
  const rest = takes.indexOf('...node');
  const after = trees.length - (takes.length - rest - 1);
  const args =
    rest < 0 ? read : [...read.slice(0, rest), read.slice(rest, after), ...read.slice(after)];
  return located(env.place, tree, () => build(...(args as never)));
}

function argument(kind: Argument, tree: MathNode, what: string, env: Environment): unknown {
  const number = (part: MathNode): number => numberOf(part, what, env);
  const items = itemsOf(tree);
  switch (kind.replace('?', '')) {
    case 'number':
      return number(tree);
    case 'axes':
      return items ? items.map(number) : number(tree);
    case 'list':
      return list(items, tree, what, env).map(number);
    case 'shape':
      return list(items, tree, what, env).map((item) => dimOf(item, what, env));
    default:
      return translate(tree, env);
  }
}

function list(
  items: readonly MathNode[] | undefined,
  tree: MathNode,
  what: string,
  env: Environment,
): readonly MathNode[] {
  if (items) return items;
  throw at(
    env.place,
    tree,
    FormulaError,
    `${what} must be a list.`,
    'write a list such as [1, 0].',
  );
}

function numberOf(tree: MathNode, what: string, env: Environment): number {
  const node = translate(tree, env);
  if (node.op === 'const') return node.attr.value;
  const fix = 'write a number such as 0 or -1.';
  throw at(env.place, tree, FormulaError, `${what} must be a number.`, fix);
}

function dimOf(tree: MathNode, what: string, env: Environment): Dim {
  const node = translate(tree, env);
  if (node.op === 'size') return node.attr.dim;
  if (node.op === 'const' && Number.isInteger(node.attr.value) && node.attr.value > 0) {
    return node.attr.value;
  }
  const fix = 'write whole numbers and names of sizes, such as [3, m].';
  throw at(env.place, tree, ShapeError, `${what} must be a shape.`, fix);
}
