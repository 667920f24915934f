// Back-propagation as the textbook writes it: one line for each name, by the chain rule from name
// to name, each simplified. It knows symbols and costs of reading, no ops.
import { pullback } from '../differentiate.ts';
import { constant } from '../leaves.ts';
import { isLeaf, type Node, nameOf, reachable } from '../node.ts';
import { add, mul } from '../ops.ts';
import { build, isScalar, monomialOf } from '../rewrite/monomial.ts';
import { type Step, simplify, simplifyAll } from '../rewrite/rewrite.ts';
import { cost, splitCost, withMeans } from './cost.ts';
import { foldings, replace, type Symbols, symbolFor, symbolsOf } from './symbols.ts';

/** What happens to the right side of a line. */
export interface Change {
  readonly rule: string;
  readonly reason: string;
  readonly before: Node;
  readonly after: Node;
  /** The rewrites that lead from one to the other, where they are several. */
  readonly trace?: readonly Step[];
}

/** One line: `name = value`, over symbols. */
export interface Line {
  /** What the line is the cotangent of: a named node or a leaf. */
  readonly of: Node;
  readonly name: string;
  /** Stands for the value in the lines below. */
  readonly symbol: Node;
  readonly value: Node;
  /** Is it a derivative of the cost, not of the loss? */
  readonly scaled: boolean;
  /** The nodes that the chain rule comes through. */
  readonly through: readonly Node[];
  readonly changes: readonly Change[];
}

/** The lines of back-propagation, from the cost to the parameters. */
export interface Lines {
  /** J = scale * loss: `1/m` stands in the lines of leaves only. */
  readonly scale: Node;
  readonly loss: Node;
  readonly lines: readonly Line[];
  /** Those too that are put into others, or have another name. */
  readonly all: readonly Line[];
  readonly symbols: Symbols;
}

interface Work {
  readonly symbols: Symbols;
  readonly folds: ReadonlyMap<Node, Node>;
  /** Definitions by one of their sums: (Z - mu) is Zhat .* sqrt(s2 + eps). */
  readonly solved: ReadonlyMap<Node, readonly Node[]>;
  /** By symbol. */
  readonly lines: Map<Node, Line>;
  /** Symbols of lines in other lines. */
  readonly used: Set<Node>;
  readonly trace: boolean;
}

/**
 * The lines for the cotangents of J with respect to `wrt`, and of every name between.
 * @param trace record the changes of each line
 */
export function linesOf(J: Node, wrt: readonly Node[], trace = false): Lines {
  const symbols = shortened(symbolsOf(J, wrt));
  const folds = foldings(symbols);
  const lines = new Map<Node, Line>();
  const work: Work = { symbols, folds, solved: solvedSums(folds), lines, used: new Set(), trace };
  const { scale, loss } = splitCost(withMeans(symbols, symbols.of.get(J)!, wrt));
  const stops = stopsOf(J, wrt, symbols);
  // What J does not depend on has no symbol but itself.
  const symbolOf = (stop: Node): Node => symbols.of.get(stop) ?? stop;
  const open = new Map(stops.map((stop) => [symbolOf(stop), { through: [] } as Begun]));
  spread(open, J, loss, constant(1));
  const all: Line[] = [];
  for (const stop of ordered(stops, symbols)) {
    const target = symbolOf(stop);
    const { through, part = constant(0, stop.shape) } = open.get(target)!;
    open.delete(target);
    if (through.length === 0 && !wrt.includes(stop)) continue;
    // Where other lines go on from it, the cotangent of a name stays without the 1/m.
    const scaled = isLeaf(stop) || (wrt.length === 1 && wrt[0] === stop);
    const raw = scaled ? mul(scale, part) : part;
    const line = lineOf(work, { of: stop, scaled, through }, raw, open);
    for (const symbol of symbolsIn(line.value, lines)) work.used.add(symbol);
    // What is a leaf already needs no other name.
    const alias = isLeaf(line.value) && !wrt.includes(stop);
    if (!alias) lines.set(line.symbol, line);
    all.push(line);
    const definition = symbols.definition.get(target);
    if (definition) spread(open, stop, definition, alias ? line.value : line.symbol);
  }
  return { scale, loss, lines: needed(work, wrt), all, symbols };
}

/** What is known of a cotangent before it is its turn: the sum so far, and where it comes from. */
interface Begun {
  readonly part?: Node;
  readonly through: readonly Node[];
}

/** By symbol. */
type Open = Map<Node, Begun>;

/** The chain rule from a name to those in its definition. */
function spread(open: Open, from: Node, definition: Node, seed: Node): void {
  const targets = reachable([definition]).filter((n) => open.has(n));
  const cotangents = pullback(definition, [...targets], seed);
  for (const target of targets) {
    const part = cotangents.get(target);
    if (!part) continue;
    const { part: known, through } = open.get(target)!;
    open.set(target, { part: known ? add(known, part) : part, through: [...through, from] });
  }
}

/** The symbols with those definitions simplified that are then shorter: sigmoid, softmax. */
function shortened(symbols: Symbols): Symbols {
  const simple = simplifyAll([...symbols.definition.values()]);
  const shorter = [...symbols.definition].map(([symbol, definition], i) => {
    const short = cost(simple[i]!) < cost(definition);
    return [symbol, short ? simple[i]! : definition] as const;
  });
  return { ...symbols, definition: new Map(shorter) };
}

/** What has a line: the names between J and `wrt`, and those. */
function stopsOf(J: Node, wrt: readonly Node[], { of, definition }: Symbols): Node[] {
  const active = new Set<Node>(wrt);
  const order = reachable([J]);
  for (const node of order) if (node.src.some((s) => active.has(s))) active.add(node);
  const isStop = (n: Node) => wrt.includes(n) || definition.has(of.get(n)!);
  const isCost = (n: Node) => n === J && !isLeaf(n);
  const found = order.filter((n) => !isCost(n) && active.has(n) && isStop(n));
  return [...found, ...wrt.filter((x) => !found.includes(x) && !isCost(x))];
}

/** From the cost down; a parameter as soon as all that it is in have had their lines. */
function ordered(stops: readonly Node[], symbols: Symbols): Node[] {
  const inner = stops.filter((stop) => !isLeaf(stop)).sort((a, b) => b.id - a.id);
  const lastUser = new Map<Node, Node>();
  for (const user of inner) {
    const definition = symbols.definition.get(symbols.of.get(user)!)!;
    for (const node of reachable([definition])) if (isLeaf(node)) lastUser.set(node, user);
  }
  const leaves = stops.filter(isLeaf).sort((a, b) => a.id - b.id);
  const after = new Map<Node | undefined, Node[]>();
  for (const leaf of leaves) {
    const user = lastUser.get(leaf);
    after.set(user, [...(after.get(user) ?? []), leaf]);
  }
  return [...(after.get(undefined) ?? []), ...inner.flatMap((n) => [n, ...(after.get(n) ?? [])])];
}

function lineOf(
  work: Work,
  begun: Pick<Line, 'of' | 'scaled' | 'through'>,
  raw: Node,
  open: Open,
): Line {
  const name = `d${nameOf(begun.of) ?? 'x'}`;
  const changes: Change[] = [];
  const first = replace(raw, (node) => work.folds.get(node));
  let value = folded(work, simplified(work, first, changes), changes);
  value = better(value, expansions(work, value), changes);
  value = better(value, inlinings(work, value, open), changes);
  value = better(value, solutions(work, value), changes);
  const start: Change = { rule: 'chain-rule', reason: '', before: first, after: first };
  const symbol = symbolFor(begun.of, name);
  return { ...begun, name, symbol, value, changes: [start, ...changes] };
}

function simplified(work: Work, before: Node, changes: Change[]): Node {
  const trace: Step[] | undefined = work.trace ? [] : undefined;
  const after = simplify(before, trace);
  if (after !== before && trace)
    changes.push({ rule: 'simplify', reason: '', before, after, trace });
  return after;
}

/** The value with definitions in it read as their names. */
function folded(work: Work, before: Node, changes: Change[], except?: Node): Node {
  const after = replace(before, (node) => {
    const symbol = work.folds.get(node);
    return symbol === except ? undefined : symbol;
  });
  if (after === before) return before;
  changes.push({ rule: 'name', reason: 'what has a name is called by it', before, after });
  return folded(work, simplified(work, after, changes), changes, except);
}

/** A form to try: what it would be, how it comes about, and how much shorter it must be. */
interface Trial {
  readonly value: Node;
  readonly changes: readonly Change[];
  readonly limit?: number;
}

/** Takes each form in turn if it reads better: if there is less of it. */
function better(value: Node, trials: Iterable<(value: Node) => Trial>, changes: Change[]): Node {
  let best = value;
  for (const trial of trials) {
    const form = trial(best);
    if (form.value === best || cost(form.value) >= cost(best) + (form.limit ?? 0)) continue;
    best = form.value;
    changes.push(...form.changes);
  }
  return best;
}

/** The value with some nodes replaced, simplified; `except` is not put back. */
function trial(
  work: Work,
  before: Node,
  by: ReadonlyMap<Node, Node>,
  why: Why,
  except?: Node,
): Trial {
  const after = replace(before, (node) => by.get(node));
  if (after === before) return { value: before, changes: [] };
  const changes: Change[] = [{ ...why, before, after }];
  const value = folded(work, simplified(work, after, changes), changes, except);
  return { value, changes };
}

interface Why {
  readonly rule: string;
  readonly reason: string;
}

const symbolsIn = (value: Node, among: ReadonlyMap<Node, unknown>): Node[] =>
  reachable([value]).filter((node) => among.has(node));

/** Each name in the value by what it stands for: sum(Z - mu) is 0. */
const expansions = (work: Work, value: Node) =>
  symbolsIn(value, work.symbols.definition).map((symbol) => (current: Node) => {
    const by = new Map([[symbol, work.symbols.definition.get(symbol)!]]);
    const why = { rule: 'definition', reason: `what ${nameOf(symbol)} is` };
    return trial(work, current, by, why, symbol);
  });

/**
 * Cotangents by their values: all at once, and one by one. What nothing else needs has no line
 * then, but it takes an operation less to be worth it.
 */
function inlinings(work: Work, value: Node, open: Open) {
  const candidates = symbolsIn(value, work.lines);
  const sets = candidates.length > 1 ? [candidates] : [];
  return [...sets, ...candidates.map((each) => [each])].map((set) => (current: Node) => {
    const inside = symbolsIn(current, work.lines);
    const used = set.filter((symbol) => inside.includes(symbol));
    const by = new Map(used.map((symbol) => [symbol, work.lines.get(symbol)!.value]));
    const names = used.map((symbol) => nameOf(symbol)).join(', ');
    const reason = used.length > 1 ? `${names} by their values` : `${names} by its value`;
    const form = trial(work, current, by, { rule: 'substitute', reason });
    const changes = [...form.changes];
    const solved = better(form.value, solutions(work, form.value), changes);
    const spared = used.filter((symbol) => !isNeeded(work, symbol, open));
    const lines = spared.reduce((sum, symbol) => sum + cost(work.lines.get(symbol)!.value), 0);
    return { value: solved, changes, limit: lines === 0 ? 0 : lines - 0.5 };
  });
}

/** Does another line have the symbol, or may one that is still to come? */
function isNeeded(work: Work, symbol: Node, open: Open): boolean {
  const { of } = work.lines.get(symbol)!;
  const definition = work.symbols.definition.get(work.symbols.of.get(of)!);
  if (definition && reachable([definition]).some((node) => open.has(node))) return true;
  return work.used.has(symbol);
}

/** Sums in the value by the names that are products with them. */
const solutions = (work: Work, value: Node) =>
  symbolsIn(value, work.solved).map((sum) => (current: Node) => {
    const symbol = work.folds.get(work.solved.get(sum)![0]!)!;
    const { coefficient, factors } = monomialOf(work.solved.get(sum)![0]!);
    const others = [...factors].filter(([f]) => f !== sum).map(([f, e]) => [f, -e] as const);
    const inverse = new Map<Node, number>([[symbol, 1], ...others]);
    const by = new Map([
      [sum, build({ coefficient: 1 / coefficient, factors: inverse }, sum.shape)],
    ]);
    return trial(work, current, by, {
      rule: 'name',
      reason: `the definition of ${nameOf(symbol)}`,
    });
  });

/** The sums of which definitions are multiples. */
function solvedSums(folds: ReadonlyMap<Node, Node>): Map<Node, readonly Node[]> {
  const found = new Map<Node, Node[]>();
  for (const definition of folds.keys()) {
    if (definition.op !== 'mul') continue;
    for (const [f, e] of monomialOf(definition).factors) {
      const isSum = f.op === 'add' && e === 1 && !isScalar(f);
      if (isSum) found.set(f, [...(found.get(f) ?? []), definition]);
    }
  }
  return found;
}

/** The lines that those of `wrt` need, directly or not. */
function needed(work: Work, wrt: readonly Node[]): Line[] {
  const all = [...work.lines.values()];
  const found = new Set<Node>(
    all.filter((line) => wrt.includes(line.of)).map((line) => line.symbol),
  );
  for (const symbol of found) {
    for (const other of symbolsIn(work.lines.get(symbol)!.value, work.lines)) found.add(other);
  }
  return all.filter((line) => found.has(line.symbol));
}
