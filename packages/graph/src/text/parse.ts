// The one file that imports mathjs: text in, syntax tree out. Nothing is ever evaluated.
import { create, type MathNode, parseDependencies } from 'mathjs/number';

type Parse = (text: string) => MathNode;
let parser: Parse | undefined;

/**
 * The syntax tree of one statement. `%` is read as the word `mod`: mathjs would take it for
 * percent as well, and tries both in time that doubles with each parenthesis.
 * @throws SyntaxError with `char`, the 1-based place
 */
export function parseStatement(text: string): MathNode {
  parser ??= create({ parseDependencies }).parse as unknown as Parse;
  if (!text.includes('%')) return parser(text);
  const spelled = text.replaceAll('%', MOD);
  try {
    return parser(spelled);
  } catch (error) {
    const place = error as { char?: number };
    if (place.char !== undefined) place.char -= added(spelled, place.char);
    throw error;
  }
}

const MOD = ' mod ';

/** How many characters the words before a place have added. */
const added = (spelled: string, char: number): number =>
  (spelled.slice(0, char - 1).split(MOD).length - 1) * (MOD.length - 1);

export type { MathNode };
