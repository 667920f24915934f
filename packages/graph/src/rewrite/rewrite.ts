// The engine: brings a graph into normal form, sources first, until no rule applies. It knows the
// rules only as tables and records what they did.
import { rowOf } from '../elementwise.ts';
import { ChainruleError } from '../errors.ts';
import { foldConstant } from '../fold.ts';
import { type Node, named, nameOf, type OpName, reachable, withSources } from '../node.ts';
import { mul } from '../ops.ts';
import { print } from '../print/print.ts';
import { applyRules } from './candidates.ts';
import { collect } from './collect.ts';
import { stableRules } from './stable.ts';
import { type StructureRule, structureRules } from './structure.ts';

/** One step of a rewrite, for people. */
export interface Step {
  readonly rule: string;
  readonly reason: string;
  readonly before: Node;
  readonly after: Node;
}

const shapeRules = [...structureRules, ...stableRules];

/** Rewrites of one node, one after another, before the engine calls it a loop. */
const MAX_STEPS = 200;

interface Rewriter {
  readonly done: WeakMap<Node, Node>;
  readonly trace: Step[] | undefined;
}

// Every program simplifies again what its gradient simplified. What a node is never changes.
const normalForms = /* @__PURE__ */ new WeakMap<Node, Node>();

/**
 * The normal form of graphs: stabilized (finite at any logit) and simplified. Meaning is kept
 * wherever the original is finite; equal roots stay equal. Names move on to what replaces a node.
 */
export function simplifyAll(roots: readonly Node[], trace?: Step[]): Node[] {
  const rewriter: Rewriter = { done: trace ? new WeakMap() : normalForms, trace };
  for (const node of reachable(roots)) normalize(rewriter, node);
  return roots.map((root) => {
    const done = rewriter.done.get(root)!;
    // A - 1 stays: it is the A - Y of the textbook, for Y = 1.
    const after = isNegative(done) ? undefined : applyAlone(rewriter, done);
    return after ? normalize(rewriter, after) : done;
  });
}

/** The normal form of one graph: see `simplifyAll`. */
export const simplify = (root: Node, trace?: Step[]): Node => simplifyAll([root], trace)[0]!;

const shapeRulesByOp = /* @__PURE__ */ new Map<OpName, readonly StructureRule[]>();

/** The rules about shape that may fit a node of an op. */
function shapeRulesOn(op: OpName): readonly StructureRule[] {
  const known = shapeRulesByOp.get(op) ?? shapeRules.filter((rule) => rule.on(op));
  shapeRulesByOp.set(op, known);
  return known;
}

function normalize(rewriter: Rewriter, node: Node): Node {
  const known = rewriter.done.get(node);
  if (known) return renamed(node, known);
  let current = rebuilt(rewriter, node);
  for (let i = 0; ; i++) {
    const next = step(rewriter, current);
    if (!next) break;
    if (i === MAX_STEPS) {
      throw new ChainruleError(
        `the rewrite rules loop at ${print(node)}.\n  fix: please report this formula.`,
      );
    }
    current = rewriter.done.get(next) ?? rebuilt(rewriter, next);
  }
  rewriter.done.set(node, current);
  rewriter.done.set(current, current);
  return renamed(node, current);
}

/** The normal form takes the name over; a node may get one after it was simplified first. */
function renamed(node: Node, form: Node): Node {
  const name = node === form ? undefined : nameOf(node);
  return name !== undefined && form.src.length > 0 ? named(form, name) : form;
}

/** The node on the normal forms of its sources. */
const rebuilt = (rewriter: Rewriter, node: Node): Node =>
  withSources(
    node,
    node.src.map((s) => normalize(rewriter, s)),
  );

function step(rewriter: Rewriter, node: Node): Node | undefined {
  const folded = foldConstant(node);
  if (folded) return record(rewriter, 'constant', 'all its operands are known', node, folded);
  for (const rule of shapeRulesOn(node.op)) {
    const after = rule.apply(node);
    if (after && after !== node) return record(rewriter, rule.name, rule.reason, node, after);
  }
  const found = applyRules(node, false);
  if (found) return record(rewriter, found.rule.name, found.rule.reason, node, found.after);
  const settled = settleSources(rewriter, node);
  if (settled !== node) return settled;
  const after = collect(node);
  if (after === node) return undefined;
  return record(rewriter, 'collect', 'equal terms merge, factors cancel', node, after);
}

/** The arguments of a function stand alone, unlike those of sums and products. */
function settleSources(rewriter: Rewriter, node: Node): Node {
  if (node.op === 'add' || node.op === 'mul' || !rowOf(node.op)) return node;
  // (A - 1)^2 is a squared error.
  if (node.op === 'pow' && node.attr.exponent > 0 && isNegative(node.src[0]!)) return node;
  return withSources(
    node,
    node.src.map((s) => applyAlone(rewriter, s) ?? s),
  );
}

/** Is it a number below 0 times a sum, or a sum with such a number? */
const isNegative = ({ op, src }: Node): boolean =>
  (op === 'mul' || op === 'add') && src.some((s) => s.op === 'const' && s.attr.value < 0);

/** A sum, or a number times one. */
function applyAlone(rewriter: Rewriter, node: Node): Node | undefined {
  const [scale, sum] = node.op === 'mul' ? node.src : [undefined, node];
  if (sum!.op !== 'add' || (scale && scale.op !== 'const')) return undefined;
  const found = applyRules(sum!, true);
  if (!found) return undefined;
  const after = scale ? mul(scale, found.after) : found.after;
  return record(rewriter, found.rule.name, found.rule.reason, node, after);
}

function record(r: Rewriter, rule: string, reason: string, before: Node, after: Node): Node {
  r.trace?.push({ rule, reason, before, after });
  return after;
}
