// Custom elementwise functions from a formula. They unfold into the ops that the formula names.
import { ChainruleError } from '../errors.ts';
import { constant, input } from '../leaves.ts';
import { type Node, reachable, withSources } from '../node.ts';
import { broadcast, type Operand } from '../ops.ts';
import { math } from './math.ts';
import { parseStatement } from './parse.ts';
import { namesIn } from './source.ts';

const CONSTANTS = new Set(['pi', 'e']);

/**
 * A function of one or more nodes, defined by a formula of numbers:
 *
 *     const mish = elementwise('mish', 'x * tanh(log(1 + exp(x)))')
 *
 * It unfolds into the ops of its formula, and so is stabilized, differentiated, printed and fused
 * like them. Arguments broadcast.
 * @param args the names of the arguments, in order; unless given, those of the formula in the
 *   order in which they first appear
 * @throws FormulaError, NameError where the formula cannot be read
 */
export function elementwise(
  name: string,
  formula: string,
  args: readonly string[] = argumentsOf(formula),
): (...operands: readonly Operand[]) => Node {
  const variables = args.map((arg) => input({ name: arg }));
  const bindings = Object.fromEntries(args.map((arg, i) => [arg, variables[i]!]));
  const body = math(bindings)(`${name} = ${formula}`)[name]!;
  return (...operands) => {
    if (operands.length === args.length) return unfold(body, variables, broadcast(name, operands));
    throw new ChainruleError(
      `${name} takes ${args.length} arguments, not ${operands.length}.`,
      `call ${name}(${args.join(', ')}).`,
    );
  };
}

function argumentsOf(formula: string): string[] {
  try {
    return namesIn(parseStatement(formula)).filter((name) => !CONSTANTS.has(name));
  } catch {
    return []; // what is wrong with it, `math` says with line and column
  }
}

/** The formula on nodes of one shape instead of numbers. */
function unfold(body: Node, variables: readonly Node[], operands: readonly Node[]): Node {
  const shape = operands[0]?.shape ?? [];
  const done = new Map(variables.map((variable, i) => [variable, operands[i]!]));
  for (const node of reachable([body])) {
    if (done.has(node)) continue;
    const src = node.src.map((s) => done.get(s)!);
    done.set(
      node,
      node.op === 'const' ? constant(node.attr.value, shape) : withSources(node, src, shape),
    );
  }
  return done.get(body)!;
}
