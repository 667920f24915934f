// What a row of the op table says of an elementwise op, and where the sweeps look.
import type { Machine } from '../machine.ts';
import type { AttrOf, Node, NodeOf, OpName } from '../node.ts';
import { parenthesized } from '../print/parentheses.ts';

/** One elementwise op. Arguments of meaning and lower come one a source. */
export interface ElementwiseRow<K extends OpName> {
  /** The value in float64: the definition. */
  readonly meaning: (attr: AttrOf[K], ...x: number[]) => number;
  /** The same in machine ops, accurate in float32 and finite where the meaning is. */
  readonly lower: <E>(m: Machine<E>, attr: AttrOf[K], ...x: E[]) => E;
  /** The cotangents of the sources, given the cotangent g of the node y. */
  readonly grad: (y: NodeOf<K> & Node, g: Node) => readonly (Node | undefined)[];
  /** Is it finite, slopes and all, wherever its arguments are? Masks keep others from zeros. */
  readonly tame?: true;
  /** LaTeX of a call, where the printer has no notation of its own for the op. */
  readonly tex?: (args: readonly string[], attr: AttrOf[K]) => string;
  /** Text of a call, where it is not that of its name. */
  readonly text?: (args: readonly string[], attr: AttrOf[K]) => string;
  /** How many sources it has, where that depends on its attributes; else see its points. */
  readonly arity?: (attr: AttrOf[K]) => number;
  /** Price in multiply-adds: see `costOf`. */
  readonly cost: number | ((attr: AttrOf[K]) => number);
  /** Attributes to test it with, where it has any. */
  readonly attributes?: readonly AttrOf[K][];
  /** Where every sweep tests it: tuples of arguments. */
  readonly points: readonly (readonly number[])[];
  /** Where the derivative is a convention rather than a limit, and what it is there. */
  readonly kinks?: readonly Kink<K>[];
  /** Why the derivative is 0 though the value varies, for ops that no gradient flows through. */
  readonly stops?: string;
  /** float32 budget in units in the last place, relative to the value; 4 unless given. */
  readonly ulps?: (attr: AttrOf[K]) => number;
}

/** The slopes, one a source, that hold by convention at a point. */
export interface Kink<K extends OpName> {
  readonly at: readonly number[];
  readonly slopes: (attr: AttrOf[K]) => readonly number[];
}

/** Rows by the names of their ops. */
export type Rows = { readonly [K in OpName]?: ElementwiseRow<K> };

type Unary = (x: number) => readonly [number];
/** A tuple of one argument. */
export const one: Unary = (x) => [x];
/** Arguments of every size and both signs. */
export const LINE = [-1000, -87, -20, -3, -1, -0.5, -1e-3, 1e-3, 0.3, 1, 2.5, 20, 80, 1000];
export const POSITIVE = [1e-30, 1e-3, 0.3, 0.999, 1.001, 2.5, 80, 1e30];
export const PAIRS: readonly (readonly [number, number])[] = [
  [1.5, -2],
  [-3, 4],
  [0.25, 0.5],
  [1e4, -1e-4],
];

/** LaTeX of a function that is called by its name. */
export const call = (name: string) => (args: readonly string[]) =>
  `${name}${parenthesized(args.join(', '))}`;
