// Custom elementwise functions from a formula. They unfold into the ops that the formula names,
// but for those whose derivative is given: these are an op of their own, with tapes of both.
import { ChainruleError, FormulaError } from '../errors.ts';
import { grad } from '../grad.ts';
import { input } from '../leaves.ts';
import { make, type Node, nameOf, type Tape } from '../node.ts';
import { folded } from '../ops/operand.ts';
import { broadcast, type Operand } from '../ops.ts';
import { simplify } from '../rewrite/rewrite.ts';
import { MAX_STEPS, nodesOf, run } from '../rows/custom.ts';
import { FUNCTIONS } from './functions.ts';
import { isName, math } from './math.ts';
import { parseStatement } from './parse.ts';
import { listed, short } from './place.ts';
import { locate, namesIn, statements } from './source.ts';
import type { SyntaxNode } from './syntax.ts';
import { tapeOf } from './tape.ts';

const CONSTANTS = new Set(['pi', 'e']);

/** A function of as many operands as it has argument names. */
export type Elementwise<A extends readonly string[]> = (
  ...operands: { -readonly [I in keyof A]: Operand }
) => Node;

/** What `elementwise` may be told besides the formula. */
export interface ElementwiseOptions<Arg extends string = string> {
  /** The slope along each of these arguments, as a formula of the arguments. */
  readonly derivative?: { readonly [K in Arg]?: string };
}

/**
 * A function of one or more nodes, defined by a formula of numbers:
 *
 *     const mish = elementwise('mish', 'x * tanh(log(1 + exp(x)))')
 *     const prelu = elementwise('prelu', 'x > 0 ? x : a * x', ['x', 'a'])
 *
 * It unfolds into the ops of its formula, and so is stabilized, differentiated, printed and fused
 * like them. Arguments broadcast. With the names of the arguments given, TypeScript knows their
 * number.
 *
 * With a derivative of its own it is one op, which prints by its name: for surrogate gradients,
 * straight-through estimators, and slopes that are better known than derived:
 *
 *     elementwise('spike', 'x > 0', ['x'], { derivative: { x: '1 / (1 + abs(x))^2' } })
 *
 * The slope along an argument without a text is that of the formula; higher orders are the
 * derivatives of the slopes. Nobody checks a given slope, for a surrogate is wrong on purpose:
 * `gradCheck` tells how far it is from that of the formula.
 * @param args the names of the arguments, in order; unless given, those of the formula in the
 *   order in which they first appear
 * @throws FormulaError, NameError where a formula cannot be read, or is by no argument
 */
export function elementwise<const A extends readonly string[] = readonly string[]>(
  name: string,
  formula: string,
  args?: A,
  options?: ElementwiseOptions<NoInfer<A[number]>>,
): Elementwise<A> {
  const names = args ?? argumentsOf(formula);
  checkArguments(name, names);
  const variables = names.map((arg) => input({ name: arg }));
  const body = read({ left: name, formula, what: `the formula of ${name}` }, variables);
  const given = derivativesOf(name, names, options);
  const build = given.size > 0 ? custom(name, body, given, variables) : unfolded(body, variables);
  return (...operands) => {
    if (operands.length === names.length) return build(broadcast(name, operands));
    const takes = `${names.length} argument${names.length === 1 ? '' : 's'}`;
    throw new ChainruleError(
      `${name} takes ${takes}, not ${operands.length}.`,
      `call ${name}(${names.join(', ')}).`,
    );
  };
}

/** A text that a user gave, what it is to them, and the left side of it in errors. */
interface Text {
  readonly left: string;
  readonly formula: unknown;
  readonly what: string;
}

/** The graph of a formula of numbers, on scalars that are named as its arguments. */
function read(text: Text, variables: readonly Node[]): Node {
  const bindings = Object.fromEntries(variables.map((arg) => [nameOf(arg)!, arg]));
  const body = math(bindings)(`${text.left} = ${oneFormula(text)}`)[text.left]!;
  const strange = tapeOf(body, variables);
  if (typeof strange !== 'string') return body;
  throw notOfNumbers(strange);
}

const notOfNumbers = (called: string): FormulaError =>
  failure(`${called} is not a function of numbers.`, 'write a function of nodes, with math.');

/** The tape of what is left of a graph of numbers, of a length that a node may carry. */
function tape(what: string, root: Node, variables: readonly Node[]): Tape {
  const found = tapeOf(simplify(root), variables) as Tape;
  if (found.steps.length <= MAX_STEPS) return found;
  const count = `${found.steps.length} operations, more than ${MAX_STEPS}`;
  throw failure(`${what} has ${count}.`, 'write a function of nodes, with math.');
}

type Build = (operands: readonly Node[]) => Node;

/** The formula on nodes of one shape instead of numbers. */
function unfolded(body: Node, variables: readonly Node[]): Build {
  const steps = tapeOf(body, variables) as Tape;
  return (operands) => run(steps, operands, nodesOf(operands[0]?.shape ?? []));
}

/** One op with slopes of its own: those that are given, and for other arguments the formula's. */
function custom(
  name: string,
  body: Node,
  given: ReadonlyMap<string, unknown>,
  variables: readonly Node[],
): Build {
  if (FUNCTIONS.has(name)) {
    const what = `the name ${name} is taken: it would print as the function that formulas have.`;
    throw failure(what, 'choose another one.');
  }
  const left = variables.some((arg) => nameOf(arg) === `d${name}`) ? name : `d${name}`;
  const slopes = variables.map((arg) => {
    const formula = given.get(nameOf(arg)!);
    const what = `the derivative of ${name} by ${nameOf(arg)}`;
    if (formula === undefined) return tape(what, grad(body, arg), variables);
    return tape(what, read({ left, formula, what }, variables), variables);
  });
  // The op is opaque to rules: what they do for the formula, they do now.
  const attr = { name, body: tape(`the formula of ${name}`, body, variables), slopes };
  return (operands) => folded(make('custom', operands, attr, operands[0]!.shape));
}

/** The texts by argument. */
function derivativesOf(
  name: string,
  args: readonly string[],
  options: unknown,
): ReadonlyMap<string, unknown> {
  const fix = `write elementwise('${name}', formula, args, { derivative: { x: '2 * x' } }).`;
  const isObject = (x: unknown): x is object => typeof x === 'object' && x !== null;
  if (options !== undefined && !isObject(options))
    throw failure('the options are no object.', fix);
  const { derivative } = (options ?? {}) as ElementwiseOptions;
  if (derivative !== undefined && !isObject(derivative)) {
    throw failure(`the derivative of ${name} is no object of formulas by argument.`, fix);
  }
  const given = Object.entries<unknown>(derivative ?? {}).filter(([, text]) => text !== undefined);
  const strange = given.find(([arg]) => !args.includes(arg));
  if (!strange) return new Map(given);
  const what = `a derivative by ${short(strange[0])} is given, which is no argument of ${name}`;
  throw failure(`${what}.`, `give those by ${listed(args) || 'none: it has no arguments'}.`);
}

function argumentsOf(formula: string): string[] {
  try {
    return namesIn(parseStatement(formula), formula).filter((name) => !CONSTANTS.has(name));
  } catch {
    return []; // what is wrong with it, `math` says with line and column
  }
}

const failure = (what: string, fix: string): FormulaError =>
  new FormulaError(`elementwise: ${what}\n  fix: ${fix}`);

function checkArguments(name: unknown, args: unknown): void {
  if (typeof name !== 'string' || !isName(name)) {
    const fix = 'use letters and digits, a letter first.';
    throw failure(`the name of the function, ${short(String(name))}, is no name.`, fix);
  }
  if (!Array.isArray(args)) {
    const fix = `write elementwise('${name}', 'x - y', ['x', 'y']).`;
    throw failure('the arguments are no list of names.', fix);
  }
  const twice: unknown = args.find((arg, i) => arg === name || args.indexOf(arg) < i);
  if (twice === undefined) return;
  const what = twice === name ? 'it is the function' : 'two arguments have it';
  const fix = 'give each argument a name of its own.';
  throw failure(`the name ${short(String(twice))} is taken: ${what}.`, fix);
}

/** Functions that mean something else on each entry of a tensor, or make more of it. */
const OF_TENSORS = new Set(['dropout', 'oneHot']);

/** The text of a formula of numbers: a sum over an axis of a number would say nothing. */
function oneFormula({ formula, what }: Text): string {
  if (typeof formula !== 'string') {
    throw failure(`${what} is no text.`, "write elementwise('double', '2 * x').");
  }
  const [statement, ...more] = statements(formula);
  if (more.length > 0)
    throw failure(`${what} has several lines.`, 'write one; ( ) may span lines.');
  const shapely = callsOf(statement?.text ?? '').find(
    (called) =>
      OF_TENSORS.has(called) ||
      FUNCTIONS.get(called)?.takes.some((kind) => !/^(node|number)/.test(kind)),
  );
  if (shapely === undefined) return formula;
  throw notOfNumbers(shapely);
}

function callsOf(text: string): string[] {
  try {
    const parts = [...locate(parseStatement(text), text).keys()];
    return parts.flatMap((part) => {
      const n = part as unknown as SyntaxNode;
      return n.type === 'FunctionNode' && n.fn.name !== undefined ? [n.fn.name] : [];
    });
  } catch {
    return []; // as above
  }
}
