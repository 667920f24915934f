// Where a part of a formula stands, and how an error shows it: the line, a caret, and the way out.
import { type ChainruleError, ShapeError } from '../errors.ts';
import type { MathNode } from './parse.ts';
import type { Statement } from './source.ts';

/** A statement and its parts; inside a function, also the call that led there. */
export interface Place {
  readonly statement: Statement;
  readonly where: ReadonlyMap<MathNode, number>;
  readonly call?: { readonly place: Place; readonly tree: MathNode; readonly name: string };
}

type ErrorClass = new (message: string) => ChainruleError;

/** The longest part of a line, of a name and of a list that an error shows. */
const SHOWN = 72;
const NAME = 40;
const LISTED = 100;
/** Of longer chains of calls an error shows the ends. */
const CALLS = 4;

/** A name or a sign from the text, shortened: it may be as long as the text. */
export const short = (text: string): string =>
  text.length > NAME ? `${text.slice(0, NAME)}...` : text;

/** Names, separated by commas, the first hundred of them. */
export const listed = (names: readonly string[]): string =>
  names.slice(0, LISTED).map(short).join(', ') + (names.length > LISTED ? ', ...' : '');

/** The message of an error in a formula: the line, a caret, what, and the fix. */
export function frame(statement: Statement, offset: number, what: string, fix: string): string {
  const at = statement.pieces.findLast((piece) => piece.offset <= offset)!;
  const column = offset - at.offset;
  const from = column > SHOWN ? column - SHOWN / 2 : 0;
  const before = from > 0 ? '... ' : '';
  const after = at.text.length > from + SHOWN ? ' ...' : '';
  const shown = `${before}${at.text.slice(from, from + SHOWN)}${after}`;
  return [
    `in  ${shown}   (line ${at.line}, column ${at.column + column})`,
    `    ${' '.repeat(before.length + column - from)}^`,
    ...what.split('\n').map((row) => `  ${row.trim()}`),
    ...(fix ? [`  fix: ${fix}`] : []),
  ].join('\n');
}

/** The error at a part of a formula; inside a function it points at the call. */
export function at(
  place: Place,
  tree: MathNode,
  kind: ErrorClass,
  what: string,
  fix: string,
): ChainruleError {
  const inside: string[] = [];
  let here: { readonly place: Place; readonly tree: MathNode } = { place, tree };
  for (let { call } = place; call; call = call.place.call) {
    const [first] = here.place.statement.pieces;
    inside.push(`inside ${call.name}, which line ${first!.line} defines`);
    here = call;
  }
  const calls = inside.length > CALLS ? [...inside.slice(0, 2), '...', inside.at(-1)!] : inside;
  const { statement, where } = here.place;
  const message = [...calls.toReversed(), what].join(': ');
  return new kind(frame(statement, where.get(here.tree) ?? 0, message, fix));
}

/** What `build` returns; a shape that does not fit is an error at that part of the formula. */
export function located<T>(place: Place, tree: MathNode, build: () => T): T {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw at(place, tree, ShapeError, error.message.replace(/^\w+: /, ''), '');
  }
}
