// Graphs as plain JSON, and back. What comes back may be from a stranger: every field is read
// once, checked, and the shapes are derived anew.
import { show } from '../checks.ts';
import { type Dim, isNode, type Node, named, nameOf, sourcesFirst } from '../node.ts';
import {
  type Check,
  fail,
  list,
  MAX_NAME,
  natural,
  oneOf,
  optional,
  record,
  shape,
  text,
  where,
  within,
} from './checks.ts';
import { build, opName } from './ops.ts';

/** One graph or several: a node, nodes in a list, or nodes by name, as `math` returns them. */
export type Graph = Node | readonly Node[] | Readonly<Record<string, Node>>;

/** A node in JSON. */
export interface NodeJSON {
  readonly op: string;
  /** Places of the sources in the list of nodes, all before this node's own. */
  readonly src: readonly number[];
  readonly attr: Readonly<Record<string, unknown>>;
  readonly shape: readonly Dim[];
  readonly name?: string;
}

/** A graph in JSON. */
export interface GraphJSON {
  readonly format: 'chainrule-graph';
  readonly version: 1;
  readonly nodes: readonly NodeJSON[];
  readonly roots: number | readonly number[] | Readonly<Record<string, number>>;
}

/** More nodes are no graph of people; a net of a thousand layers and its gradient has 20,000. */
const MAX_NODES = 50_000;
const MAX_SOURCES = 1000;

/**
 * A graph as plain JSON: `JSON.stringify(toJSON({ J, W1 }))`. The nodes stand in an order that
 * follows from the structure, so that the same graph gives the same text. Data are no part of it.
 */
export function toJSON(graph: Graph): GraphJSON {
  const many = typeof graph === 'object' && graph !== null && !isNode(graph);
  const roots = many ? Object.values<Node>(graph as readonly Node[]) : [graph as Node];
  const nodes = sourcesFirst(roots);
  const place = new Map(nodes.map((node, i) => [node, i]));
  const at = (node: Node): number => place.get(node)!;
  return {
    format: 'chainrule-graph',
    version: 1,
    nodes: nodes.map((node) => {
      const name = nameOf(node);
      const attr = saved(node.attr) as NodeJSON['attr'];
      const { op, src, shape } = node;
      return {
        op,
        src: src.map(at),
        attr,
        shape: [...shape],
        ...(name !== undefined && { name }),
      };
    }),
    roots: isNode(graph) ? at(graph) : rootsOf(graph, at),
  };
}

const rootsOf = (graph: Exclude<Graph, Node>, at: (node: Node) => number): GraphJSON['roots'] =>
  Array.isArray(graph)
    ? graph.map(at)
    : Object.fromEntries(Object.entries(graph).map(([name, node]) => [name, at(node)]));

/** Attributes without serials, numbers that JSON has no word for as text. */
function saved(x: unknown): unknown {
  if (typeof x === 'number') return Number.isFinite(x) ? x : String(x);
  if (Array.isArray(x)) return x.map(saved);
  if (typeof x !== 'object' || x === null) return x;
  const fields = Object.entries(x).filter(([field]) => field !== 'serial');
  return Object.fromEntries(fields.map(([field, value]) => [field, saved(value)]));
}

/**
 * The graph that `toJSON` wrote: the same structure, with inputs and parameters of its own, under
 * the same names. Safe on JSON from anywhere: it runs nothing, takes time in proportion, and gives
 * a graph whose shapes are right, or an error.
 * @returns what `toJSON` was given: a node, a list, or nodes by name (say which: `fromJSON<Node>`)
 * @throws ChainruleError, ShapeError if it is no graph
 */
export function fromJSON<G extends Graph = Graph>(json: unknown): G {
  const { nodes: list, roots } = header(json);
  if (!Array.isArray(list) || list.length > MAX_NODES) {
    return fail(`the nodes are no list of up to ${MAX_NODES}.`);
  }
  const nodes: Node[] = [];
  const earlier: Check<Node> = (x) => nodes[natural(x)] ?? fail(`${show(x)} is no earlier node.`);
  const read = nodeReader(earlier);
  for (let i = 0; i < list.length; i++) nodes.push(within(`node ${i}`, () => read(list[i])));
  const at: Check<Node> = (x) => nodes[natural(x)] ?? fail(`there is no node ${show(x)}.`);
  if (typeof roots !== 'object' || roots === null) return at(roots) as G;
  if (Array.isArray(roots)) return Array.from(roots, at) as unknown as G;
  const entries = Object.entries(roots).map(([name, x]) => [rootName(name), at(x)] as const);
  return Object.fromEntries(entries) as unknown as G;
}

const rootName = where<string>(
  'no name of a root',
  (x) => x !== '__proto__' && (x as string).length <= MAX_NAME,
);

function header(json: unknown): { readonly nodes: unknown; readonly roots: unknown } {
  const version = where<1>('no version that this library reads', (x) => x === 1);
  return record({ format: oneOf('chainrule-graph'), version, nodes: any, roots: any })(json);
}

function nodeReader(source: Check<Node>): Check<Node> {
  const src = list(source, MAX_SOURCES);
  const fields = record({ op: opName, src, attr: any, shape, name: optional(text) });
  return (x) => {
    const { op, src, attr, shape, name } = fields(x);
    const node = build(op, src, attr, shape);
    return name === undefined ? node : named(node, name);
  };
}

const any: Check<unknown> = (x) => x;
