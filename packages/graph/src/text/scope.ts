// What the names of a formula mean while it is read, line by line. It knows no operators.
import { constant, size } from '../leaves.ts';
import type { Dim, Node } from '../node.ts';
import type { MathNode } from './parse.ts';
import type { Place } from './place.ts';

/** A function that a line defines: it is put in the place of each of its calls. */
export interface Macro {
  readonly name: string;
  readonly params: readonly string[];
  readonly body: MathNode;
  readonly place: Place;
  /** How many definitions stand above it: those that it sees. */
  readonly above: number;
  /** What its calls gave, by the ids of the arguments. */
  readonly results: Map<string, Node>;
}

/** All that is defined so far, and the work that was done. */
export interface Scope {
  /** Nodes, and how many definitions stood above each. */
  readonly names: Map<string, { readonly node: Node; readonly above: number }>;
  readonly macros: Map<string, Macro>;
  readonly sizes: ReadonlySet<string>;
  steps: number;
}

/** Where a part of a formula is read. */
export interface Environment {
  readonly scope: Scope;
  readonly place: Place;
  /** Definitions beyond this number are not seen. */
  readonly above: number;
  /** The arguments of the function that is called. */
  readonly args?: ReadonlyMap<string, Node>;
  /** Inside of `x[...]`: the size of the axis, which `end` means. */
  readonly end?: Dim;
}

export const definitions = (scope: Scope): number => scope.names.size + scope.macros.size;

/** What a name means here; undefined if nothing. */
export function lookUp(name: string, { scope, above, args }: Environment): Node | undefined {
  const arg = args?.get(name);
  if (arg) return arg;
  const known = scope.names.get(name);
  if (known && known.above < above) return known.node;
  if (scope.sizes.has(name)) return size(name);
  if (name === 'pi') return constant(Math.PI);
  if (name === 'e') return constant(Math.E);
  return undefined;
}

/** The function that a line above defines under this name; it wins over the built-in one. */
export function macroOf(name: string, { scope, above }: Environment): Macro | undefined {
  const known = scope.macros.get(name);
  return known && known.above < above ? known : undefined;
}
