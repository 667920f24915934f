// The parts of mathjs's syntax trees that formulas may use. Everything else is refused by name.
import type { MathNode } from './parse.ts';

/** Every kind of part that has a meaning in formulas. */
export type SyntaxNode =
  | {
      readonly type: 'OperatorNode';
      readonly op: string;
      readonly fn: string;
      readonly implicit: boolean;
      readonly args: readonly MathNode[];
    }
  | {
      readonly type: 'FunctionNode';
      readonly fn: { readonly type: string; readonly name?: string };
      readonly args: readonly MathNode[];
      readonly optional?: boolean;
    }
  | {
      readonly type: 'AssignmentNode';
      readonly object: MathNode;
      readonly value: MathNode;
      readonly index: unknown;
    }
  | {
      readonly type: 'FunctionAssignmentNode';
      readonly name: string;
      readonly params: readonly string[];
      readonly expr: MathNode;
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
  | {
      readonly type: 'AccessorNode';
      readonly object: MathNode;
      readonly index: { readonly dotNotation: boolean; readonly dimensions: readonly MathNode[] };
      readonly optionalChaining?: boolean;
    }
  | {
      readonly type: 'RangeNode';
      readonly start: MathNode;
      readonly end: MathNode;
      readonly step: MathNode | null;
    }
  | { readonly type: 'ArrayNode'; readonly items: readonly MathNode[] }
  | { readonly type: 'SymbolNode'; readonly name: string }
  | { readonly type: 'ConstantNode'; readonly value: unknown };

/** What mathjs can read beyond formulas, for messages. */
const STRANGERS: ReadonlyMap<string, string> = new Map([
  ['ArrayNode', 'an array'],
  ['AssignmentNode', 'a definition inside another'],
  ['BlockNode', 'a block'],
  ['FunctionAssignmentNode', 'a definition inside another'],
  ['ObjectNode', 'an object'],
  ['RangeNode', 'a range'],
]);

/** What a part is called that has no meaning where it stands. */
export const strangerName = (type: string): string => STRANGERS.get(type) ?? 'this';
