// Formulas as text: cut into statements, every part of a syntax tree traced back to its column.
import type { MathNode } from './parse.ts';

/** One statement of a formula. */
export interface Statement {
  readonly text: string;
  /** 1-based line and column of its first character. */
  readonly line: number;
  readonly column: number;
}

/** Cuts a formula at line ends and semicolons outside parentheses; comments (#) go. */
export function statements(source: string): Statement[] {
  const out: Statement[] = [];
  let depth = 0;
  let open: { text: string; line: number; column: number } | undefined;
  const close = (): void => {
    if (open && open.text.trim() !== '') out.push({ ...open, text: open.text.trimEnd() });
    open = undefined;
  };
  source.split('\n').forEach((row, index) => {
    const code = row.replace(/#.*/, '');
    [...code].forEach((c, column) => {
      if (c === '(' || c === '[') depth++;
      if (c === ')' || c === ']') depth--;
      if (c === ';' && depth <= 0) close();
      else if (open) open.text += c;
      else if (c.trim() !== '') open = { text: c, line: index + 1, column: column + 1 };
    });
    if (depth <= 0) {
      close();
      depth = 0;
    } else if (open) open.text += ' ';
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
