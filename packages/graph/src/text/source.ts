// Formulas as text: cut into statements, every part of a syntax tree traced back to its column.
// All of it takes time in proportion to the text, whatever stands in it.
import type { MathNode } from './parse.ts';
import type { SyntaxNode } from './syntax.ts';

/** A part of a line that belongs to a statement. */
export interface Piece {
  readonly text: string;
  /** Where it begins in the statement. */
  readonly offset: number;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
}

/** One statement of a formula, of one line or of several. */
export interface Statement {
  readonly text: string;
  readonly pieces: readonly Piece[];
  /** Where a parenthesis opens that nothing closes. */
  readonly unclosed?: number;
}

/** Cuts a formula at line ends and semicolons outside parentheses; comments (#) go. */
export function statements(source: string): Statement[] {
  const out: Statement[] = [];
  let pieces: Piece[] = [];
  let open: number[] = [];
  const length = (): number => {
    const last = pieces.at(-1);
    return last ? last.offset + last.text.length + 1 : 0;
  };
  const add = (row: string, from: number, to: number, line: number): void => {
    const text = row.slice(from, to).trim();
    if (text !== '') pieces.push({ text, offset: length(), line, column: from + 1 });
  };
  const close = (): void => {
    const [unclosed] = open;
    const text = pieces.map((piece) => piece.text).join(' ');
    if (text) out.push({ text, pieces, ...(unclosed !== undefined && { unclosed }) });
    pieces = [];
    open = [];
  };
  source.split('\n').forEach((row, index) => {
    const comment = row.indexOf('#');
    const end = comment < 0 ? row.length : comment;
    let from = startOf(row, 0);
    for (let column = from; column < end; column++) {
      const c = row[column]!;
      if (c === '(' || c === '[') open.push(length() + column - from);
      if (c === ')' || c === ']') open.pop();
      if (c !== ';' || open.length > 0) continue;
      add(row, from, column, index + 1);
      close();
      from = startOf(row, column + 1);
    }
    add(row, from, end, index + 1);
    if (open.length === 0) close();
  });
  close();
  return out;
}

/** The first column from here on that is not blank. */
function startOf(row: string, from: number): number {
  let column = from;
  while (column < row.length && row[column]!.trim() === '') column++;
  return column;
}

// A letter as mathjs has them: Latin, Greek, letter-like symbols, and mathematical alphanumerics.
const LETTER =
  '(?:[A-Za-z_$\\u00C0-\\u02AF\\u0370-\\u03FF\\u2100-\\u214F]|\\uD835[\\uDC00-\\uDFFF])';
const NUMBER = '0[xbo]\\w*|(?:\\d+(?:\\.(?![*/^]))?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?';
const OPERATOR = "\\.[*/^']|[<>=!]=|>>>|<<|>>|\\?\\?|\\^\\|";
const token = (): RegExp =>
  new RegExp(`${LETTER}(?:${LETTER}|\\d)*|${NUMBER}|${OPERATOR}|\\S`, 'g');

/**
 * Where the parts of a statement stand: its tokens in order, laid on the parts of the tree in
 * reading order. Offsets are 0-based; a part without a token of its own stands where it begins.
 */
export function locate(root: MathNode, text: string): Map<MathNode, number> {
  const tokens = [...text.matchAll(token())];
  const where = new Map<MathNode, number>();
  let next = 0;
  const isAt = (signs: string): boolean => {
    const at = tokens[next]?.[0];
    return at !== undefined && signs.includes(at);
  };
  const skip = (signs: string): number => {
    while (isAt(signs)) next++;
    return tokens[next]?.index ?? text.length;
  };
  const own = (node: MathNode | undefined): void => {
    const index = skip('()[],;');
    if (node && !where.has(node)) where.set(node, index);
    next++;
  };
  const range = (n: Extract<SyntaxNode, { type: 'RangeNode' }>): void => {
    skip('()[],;');
    // What is left out, as in `:3`, has no token.
    if (!isAt(':')) walk(n.start);
    for (const part of n.step ? [n.step, n.end] : [n.end]) {
      own(undefined);
      if (next < tokens.length && !isAt(',)]')) walk(part);
    }
  };
  const walk = (node: MathNode): void => {
    const n = node as unknown as SyntaxNode;
    const first = skip(n.type === 'ArrayNode' ? '(,' : '()[],;');
    if (n.type === 'RangeNode') range(n);
    else
      for (const part of parts(n)) part === SIGN ? own(node) : part ? walk(part) : own(undefined);
    if (!where.has(node)) where.set(node, first);
  };
  walk(root);
  return where;
}

/** The place of a node's own token (a name, a number, an operator) among its parts. */
const SIGN = Symbol('the own token');

/** The parts of a node in reading order; `undefined` is a token that nobody owns. */
function parts(n: SyntaxNode): readonly (MathNode | typeof SIGN | undefined)[] {
  switch (n.type) {
    case 'OperatorNode': {
      const [first, second] = n.args;
      if (second) return n.implicit ? [first!, second] : [first!, SIGN, second];
      return n.op === "'" || n.op === '!' ? [first!, SIGN] : [SIGN, first!];
    }
    case 'FunctionNode':
      return [n.fn.type === 'SymbolNode' ? SIGN : (n.fn as MathNode), ...n.args];
    case 'AssignmentNode':
      return [n.object, SIGN, n.value];
    case 'FunctionAssignmentNode':
      return [SIGN, ...n.params.map(() => undefined), undefined, n.expr];
    case 'ParenthesisNode':
      return [n.content];
    case 'ConditionalNode':
      return [n.condition, SIGN, n.trueExpr, undefined, n.falseExpr];
    case 'RelationalNode':
      return n.params.flatMap((p, i) => (i === 0 ? [p] : [SIGN, p]));
    case 'AccessorNode':
      return n.index.dotNotation ? [n.object, SIGN, undefined] : [n.object, ...n.index.dimensions];
    case 'ArrayNode':
      return n.items;
    default:
      return [SIGN];
  }
}

/** The names that a formula refers to, in the order of their first appearance. */
export function namesIn(root: MathNode, text: string): string[] {
  const symbols = [...locate(root, text).keys()].map((node) => node as unknown as SyntaxNode);
  return [...new Set(symbols.flatMap((n) => (n.type === 'SymbolNode' ? [n.name] : [])))];
}
