// The graph: frozen nodes, made in one place so that equal structure is the same object.
// It knows what a node is; it must not know what any op means.

import { show } from './checks.ts';
import { ChainruleError } from './errors.ts';

/** A size: a number, or a name such as 'm' that is bound when the graph is compiled. */
export type Dim = number | string;
/** Sizes, outermost first; the last two are the matrix, leading ones are batch. */
export type Shape = readonly Dim[];

/** How a parameter starts; plain data, evaluated by `initialValue`. */
export type Init =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly std: number }
  | { readonly kind: 'uniform'; readonly limit: number }
  | {
      readonly kind: 'variance';
      readonly scale: number;
      readonly fan: 'in' | 'out' | 'average';
      readonly distribution: 'normal' | 'uniform';
    };

/** How the data of an input lie in memory: row by row, or one example (column) after another. */
export type Order = 'rows' | 'columns';

type None = Readonly<Record<never, never>>;
type Axes = { readonly axes: readonly number[] };
/** Of each dimension. */
type Strided = { readonly starts: readonly number[]; readonly steps: readonly number[] };

/** An op of a tape, on values before it: the arguments of the tape, then the steps. */
export interface TapeStep {
  readonly op: OpName;
  readonly attr: AttrOf[OpName];
  readonly src: readonly number[];
}
/** A function of numbers as plain data: steps of elementwise ops and constants, and its result. */
export interface Tape {
  readonly steps: readonly TapeStep[];
  readonly result: number;
}

/** The attributes of every op: plain JSON. */
export interface AttrOf {
  /** `distribution`: the entries of every column are known to sum to 1. */
  input: { readonly serial: number; readonly order: Order; readonly distribution: boolean };
  param: { readonly serial: number; readonly init: Init };
  hole: { readonly index: number };
  const: { readonly value: number };
  size: { readonly dim: string };
  /** The position along an axis, counted from 0. */
  iota: { readonly axis: number };
  matmul: None;
  permute: Axes;
  /** `dims[i]` is the dimension of the result that dimension i of the source becomes. */
  expand: { readonly dims: readonly number[] };
  reshape: None;
  /** Position i of the result is position `starts + steps * i` of the source. */
  slice: Strided;
  /** Zeros all around: position i of the source is position `starts + steps * i` of the result. */
  pad: Strided;
  flip: Axes;
  sum: Axes;
  maxOver: Axes;
  logsumexp: Axes;
  /** Over one axis: see its derivative. */
  prod: Axes;
  norm: Axes;
  add: None;
  mul: None;
  pow: { readonly exponent: number };
  exp: None;
  log: None;
  log1p: None;
  expm1: None;
  log2: None;
  log10: None;
  log1mexp: None;
  logaddexp: None;
  cbrt: None;
  hypot: None;
  sin: None;
  cos: None;
  tan: None;
  asin: None;
  acos: None;
  atan: None;
  atan2: None;
  sinh: None;
  cosh: None;
  asinh: None;
  acosh: None;
  atanh: None;
  erf: None;
  erfc: None;
  logErfc: None;
  erfcHazard: None;
  abs: None;
  max: None;
  min: None;
  less: None;
  lessEqual: None;
  equal: None;
  isFinite: None;
  isNaN: None;
  where: None;
  floor: None;
  round: None;
  mod: None;
  clip: { readonly lo: number; readonly hi: number };
  power: None;
  xlogx: None;
  xlogy: None;
  stopGradient: None;
  hash: None;
  sigmoid: None;
  tanh: None;
  softplus: None;
  leakyRelu: { readonly slope: number };
  elu: { readonly alpha: number };
  softsign: None;
  /** A function that a user gives: its value, and its slope along each of its arguments. */
  custom: { readonly name: string; readonly body: Tape; readonly slopes: readonly Tape[] };
}

export type OpName = keyof AttrOf;

/** A shape of which nothing is known: it goes where any shape is asked for, as `any` does. */
// biome-ignore lint/suspicious/noExplicitAny: that is what it means.
export type AnyShape = any;

/** A node of one op; `S` is its shape as far as the types know it. */
export interface NodeOf<K extends OpName, S extends Shape = AnyShape> {
  /** Sources come first: the order of ids is a topological order. */
  readonly id: number;
  readonly op: K;
  readonly src: readonly Node[];
  readonly attr: AttrOf[K];
  readonly shape: Shape;
  /** For the types only: there is no such field. */
  readonly '~shape'?: S;
}

/**
 * A node of the graph. Nodes are immutable and hash-consed: compare them with `===`. The type may
 * carry the shape, `Node<[4, 'm']>`: then what does not fit is red in the editor. A plain `Node`
 * fits everywhere, and is checked when the graph is built.
 */
export type Node<S extends Shape = AnyShape> = { [K in OpName]: NodeOf<K, S> }[OpName];

/** The shape that the type of a node carries. */
export type ShapeIn<X> = X extends { readonly '~shape'?: infer S extends Shape } ? S : Shape;

// The table holds nodes weakly: a page may build graphs for days and keep none.
const table = /* @__PURE__ */ new Map<string, WeakRef<Node>>();
const sweep = /* @__PURE__ */ new FinalizationRegistry<string>((key) => {
  if (table.get(key)?.deref() === undefined) table.delete(key);
});
let lastId = 0;
let lastSerial = 0;
// Every node, and whether it depends on an input or a parameter (or the variable of a rule).
const dependsOnData = /* @__PURE__ */ new WeakMap<object, boolean>();

/** The node of this structure: the one that exists, or a new one. Checks nothing. */
export function make<K extends OpName>(
  op: K,
  src: readonly Node[],
  attr: AttrOf[K],
  shape: Shape,
): Node {
  const key = keyOf(op, src, attr, shape);
  const known = table.get(key)?.deref();
  if (known) return known;
  const node = Object.freeze({
    id: ++lastId,
    op,
    src: Object.freeze([...src]),
    attr: Object.freeze(attr),
    // Most shapes are those of other nodes.
    shape: Object.isFrozen(shape) ? shape : Object.freeze([...shape]),
  }) as unknown as Node;
  table.set(key, new WeakRef(node));
  sweep.register(node, key);
  const isData = op === 'input' || op === 'param' || op === 'hole';
  dependsOnData.set(node, isData || src.some((s) => dependsOnData.get(s)));
  return node;
}

/** Text that only nodes of this structure have; most ops have no attributes, or one number. */
function keyOf(op: OpName, src: readonly Node[], attr: object, shape: Shape): string {
  let key = `${op} ${shape.join()}`;
  // By index and by name: lists of values would be made for every node that is asked for.
  for (let i = 0; i < src.length; i++) key += ` ${src[i]!.id}`;
  for (const name in attr) {
    const value = (attr as Record<string, unknown>)[name];
    key += ` ${typeof value === 'number' ? value : JSON.stringify(value, exact)}`;
  }
  return key;
}

/** JSON has no word for Infinity and NaN; a key needs one. */
const exact = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

/** A number that no other input or parameter has. */
export const newSerial = (): number => ++lastSerial;

/** The same op on other sources; shapes stay unless given. */
export function withSources(node: Node, src: readonly Node[], shape: Shape = node.shape): Node {
  if (shape === node.shape && src.every((s, i) => s === node.src[i])) return node;
  return make(node.op, src, node.attr as never, shape);
}

/** Every node that the roots need, sources first. @throws ChainruleError if a root is no node */
export function reachable(roots: readonly Node[]): Node[] {
  checkNodes(roots);
  const seen = new Set<Node>(roots);
  const found = [...seen];
  // By index, here and below: a list is walked at every step, and its iterators are objects.
  for (let i = 0; i < found.length; i++) {
    const { src } = found[i]!;
    for (let k = 0; k < src.length; k++) {
      const source = src[k]!;
      if (seen.has(source)) continue;
      seen.add(source);
      found.push(source);
    }
  }
  return found.sort((a, b) => a.id - b.id);
}

/** The same in an order that follows from the structure alone: the same graph, the same order. */
export function sourcesFirst(roots: readonly Node[]): Node[] {
  checkNodes(roots);
  const done = new Set<Node>();
  const stack = roots.toReversed().map((node) => ({ node, next: 0 }));
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    const source = done.has(top.node) ? undefined : top.node.src[top.next++];
    if (source) stack.push({ node: source, next: 0 });
    else done.add(stack.pop()!.node);
  }
  return [...done];
}

/** Is this a node, and not a number or something that a user passed by mistake? */
export const isNode = (x: unknown): x is Node => dependsOnData.has(x as object);

/** @throws ChainruleError if x is no node, with the likely reason */
export function checkNode(x: unknown): void {
  if (isNode(x)) return;
  const fix =
    x === undefined
      ? 'check the names that you took from math: no line defines one of them.'
      : 'pass what input, param, math or an op returned.';
  throw new ChainruleError(`${show(x)} is no node of a graph.`, fix);
}

/** @throws ChainruleError if x is no list of nodes */
export function checkNodes(x: readonly Node[]): void {
  if (!Array.isArray(x)) {
    const what = isNode(x) ? 'one node' : show(x);
    throw new ChainruleError(`${what} is no list of nodes.`, 'pass a list, e.g. [J].');
  }
  for (const node of x) checkNode(node);
}

export const isLeaf = (node: Node): boolean => node.src.length === 0;

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}

/** `[4, m]`, for messages. */
export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

// Names live beside nodes, never inside, so that naming never defeats sharing.
const names = /* @__PURE__ */ new WeakMap<Node, string>();

/** The name a person gave this node, if any. */
export const nameOf = (node: Node): string | undefined => names.get(node);

/**
 * Names a node, for printing, errors, feeds and reading values. The first name stays:
 * an alias in a later formula does not rename what exists. Numbers, such as 0.1 or 1/m, are the
 * same nodes in every formula and take no name. Returns the node.
 */
export function named(node: Node, name: string): Node {
  if (!names.has(node) && dependsOnData.get(node)) names.set(node, name);
  return node;
}
