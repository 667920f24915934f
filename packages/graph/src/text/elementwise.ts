// Custom elementwise functions from a formula. They unfold into the ops that the formula names.
import { ChainruleError, FormulaError } from '../errors.ts';
import { foldConstant } from '../fold.ts';
import { constant, input } from '../leaves.ts';
import { type Node, reachable, withSources } from '../node.ts';
import { broadcast, type Operand } from '../ops.ts';
import { FUNCTIONS } from './functions.ts';
import { isName, math } from './math.ts';
import { parseStatement } from './parse.ts';
import { short } from './place.ts';
import { locate, namesIn, statements } from './source.ts';
import type { SyntaxNode } from './syntax.ts';

const CONSTANTS = new Set(['pi', 'e']);

/** A function of as many operands as it has argument names. */
export type Elementwise<A extends readonly string[]> = (
  ...operands: { -readonly [I in keyof A]: Operand }
) => Node;

/**
 * A function of one or more nodes, defined by a formula of numbers:
 *
 *     const mish = elementwise('mish', 'x * tanh(log(1 + exp(x)))')
 *     const prelu = elementwise('prelu', 'x > 0 ? x : a * x', ['x', 'a'])
 *
 * It unfolds into the ops of its formula, and so is stabilized, differentiated, printed and fused
 * like them. Arguments broadcast. With the names of the arguments given, TypeScript knows their
 * number.
 * @param args the names of the arguments, in order; unless given, those of the formula in the
 *   order in which they first appear
 * @throws FormulaError, NameError where the formula cannot be read
 */
export function elementwise<const A extends readonly string[] = readonly string[]>(
  name: string,
  formula: string,
  args?: A,
): Elementwise<A> {
  const names = args ?? argumentsOf(formula);
  checkArguments(name, names);
  const variables = names.map((arg) => input({ name: arg }));
  const bindings = Object.fromEntries(names.map((arg, i) => [arg, variables[i]!]));
  const body = math(bindings)(`${name} = ${oneFormula(name, formula)}`)[name]!;
  return (...operands) => {
    if (operands.length === names.length)
      return unfold(body, variables, broadcast(name, operands));
    const takes = `${names.length} argument${names.length === 1 ? '' : 's'}`;
    throw new ChainruleError(
      `${name} takes ${takes}, not ${operands.length}.`,
      `call ${name}(${names.join(', ')}).`,
    );
  };
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

/** The text of a formula of numbers: a sum over an axis of a number would say nothing. */
function oneFormula(name: string, formula: unknown): string {
  if (typeof formula !== 'string') {
    throw failure(`the formula of ${name} is no text.`, "write elementwise('double', '2 * x').");
  }
  const [statement, ...more] = statements(formula);
  if (more.length > 0) {
    throw failure(`the formula of ${name} has several lines.`, 'write one; ( ) may span lines.');
  }
  const shapely = callsOf(statement?.text ?? '').find((called) =>
    FUNCTIONS.get(called)?.takes.some((kind) => !/^(node|number)/.test(kind)),
  );
  if (shapely === undefined) return formula;
  throw failure(
    `${shapely} is not a function of numbers.`,
    `write a function of nodes, with math.`,
  );
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

/** The formula on nodes of one shape instead of numbers. */
function unfold(body: Node, variables: readonly Node[], operands: readonly Node[]): Node {
  const shape = operands[0]?.shape ?? [];
  const done = new Map(variables.map((variable, i) => [variable, operands[i]!]));
  for (const node of reachable([body])) {
    if (done.has(node)) continue;
    const src = node.src.map((s) => done.get(s)!);
    if (node.op === 'const') done.set(node, constant(node.attr.value, shape));
    else {
      const next = withSources(node, src, shape);
      done.set(node, foldConstant(next) ?? next);
    }
  }
  return done.get(body)!;
}
