// Formulas as text: cut into statements, every part of a syntax tree traced back to its column.
import type { MathNode } from './parse.ts';

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
  let parentheses: number[] = [];
  const length = (): number => {
    const last = pieces.at(-1);
    return last ? last.offset + last.text.length + 1 : 0;
  };
  const add = (text: string, line: number, column: number): void => {
    const code = text.trimEnd();
    if (code.trim() === '') return;
    const indent = code.length - code.trimStart().length;
    const piece = { text: code.slice(indent), offset: length(), line, column: column + indent };
    pieces.push(piece);
  };
  const close = (): void => {
    const [unclosed] = parentheses;
    const text = pieces.map((piece) => piece.text).join(' ');
    if (text) out.push({ text, pieces, ...(unclosed !== undefined && { unclosed }) });
    pieces = [];
    parentheses = [];
  };
  source.split('\n').forEach((row, index) => {
    const code = row.replace(/#.*/, '');
    let from = 0;
    for (let column = 0; column < code.length; column++) {
      const c = code[column]!;
      const indent = code.slice(from).length - code.slice(from).trimStart().length;
      if (c === '(' || c === '[') parentheses.push(length() + column - from - indent);
      if (c === ')' || c === ']') parentheses.pop();
      if (c !== ';' || parentheses.length > 0) continue;
      add(code.slice(from, column), index + 1, from + 1);
      close();
      from = column + 1;
    }
    add(code.slice(from), index + 1, from + 1);
    if (parentheses.length === 0) close();
  });
  close();
  return out;
}

const TOKEN = /[A-Za-z_][\w]*|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+|\.[*/^']|[<>=!]=|\S/g;

/**
 * Where the parts of a statement stand: its tokens in order, laid on the parts of the tree in
 * reading order. Offsets are 0-based; a part without a token of its own is not listed.
 */
export function locate(root: MathNode, text: string): Map<MathNode, number> {
  const tokens = [...text.matchAll(TOKEN)].filter(([t]) => !'()[],'.includes(t));
  return new Map(owners(root).map((node, i) => [node, tokens[i]?.index ?? text.length]));
}

/** The parts that own a token (a name, a number, an operator), in reading order. */
function owners(node: MathNode): MathNode[] {
  const n = node as unknown as SyntaxNode;
  switch (n.type) {
    case 'OperatorNode': {
      const [first, second] = n.args.map(owners);
      const own = n.implicit ? [] : [node];
      if (second) return [...first!, ...own, ...second];
      return n.op === "'" || n.op === '!' ? [...first!, node] : [node, ...first!];
    }
    case 'FunctionNode':
      return [node, ...n.args.flatMap(owners)];
    case 'AssignmentNode':
      return [n.object, node, ...owners(n.value)];
    case 'ParenthesisNode':
      return owners(n.content);
    case 'ConditionalNode':
      return [...owners(n.condition), node, ...owners(n.trueExpr), node, ...owners(n.falseExpr)];
    case 'RelationalNode':
      return n.params.flatMap((p, i) => (i === 0 ? owners(p) : [node, ...owners(p)]));
    default:
      return [node];
  }
}

/** The names that a formula refers to, in the order of their first appearance. */
export function namesIn(root: MathNode): string[] {
  const symbols = owners(root).map((node) => node as unknown as SyntaxNode);
  return [...new Set(symbols.flatMap((n) => (n.type === 'SymbolNode' ? [n.name] : [])))];
}

interface OperatorSyntax {
  readonly type: 'OperatorNode';
  readonly op: string;
  readonly fn: string;
  readonly implicit: boolean;
  readonly args: readonly MathNode[];
}

/** The parts of mathjs's syntax trees that formulas may use. */
export type SyntaxNode =
  | OperatorSyntax
  | {
      readonly type: 'FunctionNode';
      readonly fn: { readonly name?: string };
      readonly args: readonly MathNode[];
    }
  | {
      readonly type: 'AssignmentNode';
      readonly object: MathNode;
      readonly value: MathNode;
      readonly index: unknown;
    }
  | { readonly type: 'ParenthesisNode'; readonly content: MathNode }
  | {
      readonly type: 'ConditionalNode';
      readonly condition: MathNode;
      readonly trueExpr: MathNode;
      readonly falseExpr: MathNode;
    }
  | {
      readonly type: 'RelationalNode';
      readonly conditionals: readonly string[];
      readonly params: readonly MathNode[];
    }
  | { readonly type: 'SymbolNode'; readonly name: string }
  | { readonly type: 'ConstantNode'; readonly value: unknown };
