// A cost as its author reads it: every name stands for itself, and has a definition in terms of
// other names. It knows names and graphs, no ops.
import { input } from '../leaves.ts';
import { isLeaf, type Node, named, nameOf, reachable, withSources } from '../node.ts';
import { simplifyAll } from '../rewrite/rewrite.ts';

/** Definitions over symbols: leaves that stand for the named nodes of a graph. */
export interface Symbols {
  /** What each node reads as: its symbol if it has a name, else its op on what its sources do. */
  readonly of: ReadonlyMap<Node, Node>;
  /** The definition of a symbol. */
  readonly definition: ReadonlyMap<Node, Node>;
  /** The node that a symbol stands for. */
  readonly node: ReadonlyMap<Node, Node>;
}

/** A leaf with the name and the shape of a node. */
export const symbolFor = (node: Node, name: string): Node => named(input(...node.shape), name);

/** The symbols of a graph; of those in `wrt` too, which may have no name. */
export function symbolsOf(root: Node, wrt: readonly Node[]): Symbols {
  const of = new Map<Node, Node>();
  const definition = new Map<Node, Node>();
  const back = new Map<Node, Node>();
  for (const node of reachable([root])) {
    const local = withSources(
      node,
      node.src.map((s) => of.get(s)!),
    );
    const name = nameOf(node) ?? (wrt.includes(node) ? 'x' : undefined);
    if (node === root || isLeaf(node) || name === undefined) {
      of.set(node, local);
      continue;
    }
    const symbol = symbolFor(node, name);
    of.set(node, symbol);
    definition.set(symbol, local);
    back.set(symbol, node);
  }
  return { of, definition, node: back };
}

/** The definitions read from right to left, as they stand and simplified: sigmoid(Z) is A. */
export function foldings({ definition }: Symbols): Map<Node, Node> {
  const to = new Map<Node, Node>();
  const symbols = [...definition.keys()];
  const simple = simplifyAll([...definition.values()]);
  symbols.forEach((symbol, i) => {
    for (const form of [definition.get(symbol)!, simple[i]!]) {
      if (!isLeaf(form) && !to.has(form)) to.set(form, symbol);
    }
  });
  return to;
}

/** Puts nodes in the place of others, everywhere; no name moves. */
export function replace(root: Node, by: (node: Node) => Node | undefined): Node {
  const done = new Map<Node, Node>();
  for (const node of reachable([root])) {
    const next = () =>
      withSources(
        node,
        node.src.map((s) => done.get(s)!),
      );
    done.set(node, by(node) ?? next());
  }
  return done.get(root)!;
}
