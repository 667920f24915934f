// The one file that imports mathjs: text in, syntax tree out. Nothing is ever evaluated.
import { create, type MathNode, parseDependencies } from 'mathjs/number';

type Parse = (text: string) => MathNode;
let parser: Parse | undefined;

/** The syntax tree of one statement. @throws SyntaxError with `char`, the 1-based place. */
export function parseStatement(text: string): MathNode {
  parser ??= create({ parseDependencies }).parse as unknown as Parse;
  return parser(text);
}

export type { MathNode };
