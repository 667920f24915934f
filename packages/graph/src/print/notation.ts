// What two languages of mathematics, text and LaTeX, have to say: the words that `show` asks for.
import type { AttrOf, Node, OpName, Shape } from '../node.ts';
import type { Reduction } from '../ops/reduce.ts';
import type { Index } from './indices.ts';

/** How tightly a piece binds; a looser one inside a tighter one needs parentheses. */
export const RELATION = 0;
export const SUM = 1;
export const HADAMARD = 2;
export const PRODUCT = 3;
export const POWER = 4;
export const ATOM = 5;

/** A printed subexpression. */
export interface Piece {
  readonly text: string;
  readonly binds: number;
  /** What stands before and in the superscript, where more can be added to it: `W` and `[2]`. */
  readonly base?: string;
  readonly sup?: string;
  /** The shape to show below it. */
  readonly shape?: Shape;
  /** Of a condition: without its bracket, and its opposite. */
  readonly bare?: string;
  readonly opposite?: string;
}

export type ReductionOp = Reduction;
export type MovingOp = 'iota' | 'reshape' | 'slice' | 'pad' | 'flip';

/** How two sides compare. */
export type RelationSign = '<' | '<=' | '>' | '>=' | '==';

/** The words of one output language. */
export interface Notation {
  readonly hadamard: string;
  readonly matmul: string;
  readonly scale: string;
  /** Between a scale and a number. */
  readonly dot: string;
  /** Is text read from left to right, `a .* B * C` as `(a .* B) * C`? */
  readonly leftToRight: boolean;
  /** A name, and the node that has it. */
  name(name: string, node: Node): Piece;
  number(value: number): string;
  group(text: string): string;
  /** a / b; `scalar` where both are numbers. */
  quotient(above: Piece, below: Piece, scalar: boolean): Piece;
  power(base: Piece, exponent: number): Piece;
  /** A power whose exponent is no number. */
  raised(base: Piece, exponent: Piece): Piece;
  transpose(x: Piece): Piece;
  reorder(x: Piece, axes: readonly number[]): Piece;
  relation(a: Piece, sign: RelationSign, b: Piece): Piece;
  choice(condition: Piece, a: Piece, b: Piece): Piece;
  softmax(x: Piece, axis: number): Piece;
  /** Over all axes, or over those of the text of x. */
  reduce(op: ReductionOp, x: Piece, node: Node, letters: Index, axes: readonly number[]): Piece;
  call(op: OpName, args: readonly string[], attr: AttrOf[OpName]): Piece;
  /** Ops that move elements, or count them; x is the piece of what they move. */
  move(node: Node & { op: MovingOp }, x: Piece): Piece;
  /** x repeated to a shape; a language without it leaves that to the reader. */
  readonly repeat?: (x: Piece, shape: Shape) => Piece;
  /** The same elements under another shape. */
  readonly reshape?: (x: Piece, shape: Shape) => Piece;
  /** x with the letters of its dimensions; a language without it shows whole tensors only. */
  readonly indexed?: (x: Piece, letters: readonly string[]) => Piece;
}

/** Names that hold for one print only; they win over the nodes' own. */
export type Names = ReadonlyMap<Node, string>;
