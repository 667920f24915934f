// The derivation of a gradient, step by step, as a person writes it down. It knows the lines of
// back-propagation and the trace of the rewriter, no ops.
import { grad } from '../grad.ts';
import { constant, isConst } from '../leaves.ts';
import { checkNode, type Node, nameOf, reachable, withSources } from '../node.ts';
import { print } from '../print/print.ts';
import { tex, texOfName } from '../print/tex.ts';
import type { Step } from '../rewrite/rewrite.ts';
import { type Change, type Line, type Lines, linesOf } from './lines.ts';
import { replace } from './symbols.ts';

/** One step: an equation, and why it holds. */
export interface DerivationStep {
  /** The rule of calculus, or of the rewriter, that was applied. */
  readonly rule: string;
  readonly reason: string;
  /** The left side: `dZ`, the derivative of the loss with respect to Z. */
  readonly name: string;
  /** The right side before the step and after it, two graphs of one meaning. */
  readonly before: Node;
  readonly after: Node;
  /** The equation after the step, in LaTeX and as text. */
  readonly tex: string;
  readonly text: string;
}

interface Writer {
  readonly J: Node;
  readonly all: Lines;
  /** What each symbol stands for, in terms of inputs and parameters. */
  readonly meaning: Map<Node, Node>;
  readonly steps: DerivationStep[];
}

/**
 * How dJ/dp comes about: for every name between the cost and p the chain rule, then each rewrite
 * in the order applied, to the form of `grad(J, p)`, with which it ends. For logistic regression,
 * from `dA = (1 - Y) ./ (1 - A) - Y ./ A` to `dw = 1/m * X * (A - Y)'`. Steps that change nothing
 * to see are left out.
 * @param J a scalar @param p another node, that J depends on
 * @throws ChainruleError if J is no scalar
 */
export function derivation(J: Node, p: Node): readonly DerivationStep[] {
  checkNode(p);
  const end = grad(J, p);
  const all = linesOf(J, [p], true);
  const writer: Writer = { J, all, meaning: new Map(all.symbols.node), steps: [] };
  if (all.scale !== constant(1)) writeCost(writer);
  const last = all.all.findIndex((line) => line.of === p);
  for (const line of all.all.slice(0, last + 1)) {
    for (const move of movesOf(line)) write(writer, line, move);
    writer.meaning.set(line.symbol, meaningOf(writer, line.value));
  }
  if (last >= 0) writeEnd(writer, all.all[last]!, end);
  return writer.steps;
}

const meaningOf = ({ meaning }: Writer, value: Node): Node =>
  replace(value, (node) => meaning.get(node));

/** What a reader does without saying so, on the way from one step to the next. */
const SILENT: ReadonlySet<string> = new Set([
  ...['constant', 'view-of-view', 'transpose-of-product', 'float-scale', 'expand-outward'],
  ...['sum-of-sum', 'sum-of-repeated', 'scale-of-choice'],
]);

const isSilent = ({ rule, before, after }: Step): boolean =>
  SILENT.has(rule) || after.op === 'const' || before.src.some((s) => isConst(s, 0));

/** The changes of a line, each rewrite of a part as one of the whole; like ones put together. */
function movesOf({ changes }: Line): Change[] {
  const moves: Change[] = [];
  const extend = (after: Node) => moves.push({ ...moves.pop()!, after });
  for (const { trace, ...change } of changes) {
    if (!trace) moves.push(change);
    const to = new Map<Node, Node>();
    for (const step of trace ?? []) {
      to.set(step.before, step.after);
      const { after: before, rule } = moves.at(-1)!;
      const after = rewritten(before, to);
      if (isSilent(step) || rule === step.rule) extend(after);
      else if (after !== before) moves.push({ ...step, before, after });
    }
  }
  return moves;
}

/** A graph in which each node of `to` has been rewritten, its parts first. */
function rewritten(root: Node, to: ReadonlyMap<Node, Node>): Node {
  const done = new Map<Node, Node>();
  const visit = (node: Node): Node => {
    const known = done.get(node);
    if (known) return known;
    const next = withSources(node, node.src.map(visit));
    const after = to.get(next);
    const result = after ? visit(after) : next;
    done.set(node, result);
    return result;
  };
  // Sources first: a long chain is no deep recursion.
  for (const node of reachable([root])) visit(node);
  return visit(root);
}

const LOSS = '\\mathcal{L}';

function writeCost(writer: Writer): void {
  const { loss, scale } = writer.all;
  const [name, factor] = [nameOf(writer.J) ?? 'J', print(scale)];
  const node = meaningOf(writer, loss);
  writer.steps.push({
    rule: 'cost',
    reason: `${name} = ${factor} * L: the lines are derivatives of L, the last has the ${factor}`,
    name: 'L',
    before: node,
    after: node,
    tex: `${texOfName(name)} = ${tex(scale)} ${LOSS}, \\quad ${LOSS} = ${tex(loss)}`,
    text: `L = ${print(loss)}`,
  });
}

function write(writer: Writer, line: Line, move: Change): void {
  const { rule, reason, before, after } = move;
  const right = tex(after);
  if (rule === 'chain-rule') writeChainRule(writer, line, move);
  if (rule === 'chain-rule' || right === tex(before)) return;
  writer.steps.push({
    ...{ rule, reason, name: line.name },
    before: meaningOf(writer, before),
    after: meaningOf(writer, after),
    tex: `${texOfName(line.name)} = ${right}`,
    text: `${line.name} = ${print(after)}`,
  });
}

function writeChainRule(writer: Writer, line: Line, { before, after }: Change): void {
  const { of, name, through } = line;
  const { J } = writer;
  const scaled = writer.all.scale !== constant(1);
  const x = nameOf(of) ?? 'x';
  const root = scaled ? ['L', LOSS] : [nameOf(J) ?? 'J', texOfName(nameOf(J) ?? 'J')];
  const inFront = scaled && line.scaled;
  const pieces = through.map((from) => {
    if (from === J) return { text: `d${root[0]}/d${x}`, tex: partial(root[1]!, texOfName(x)) };
    const y = nameOf(from) ?? 'x';
    return {
      text: `d${y} * d${y}/d${x}`,
      tex: `${texOfName(`d${y}`)} ${partial(texOfName(y), texOfName(x))}`,
    };
  });
  const join = (kind: 'text' | 'tex') => {
    const sum = pieces.map((each) => each[kind]).join(' + ');
    const group = pieces.length > 1 && inFront ? `(${sum})` : sum;
    const front = kind === 'text' ? `${print(writer.all.scale)} * ` : `${tex(writer.all.scale)} `;
    return inFront ? `${front}${group}` : group;
  };
  writer.steps.push({
    rule: 'chain-rule',
    reason: `${name} = ${join('text')}`,
    name,
    before: meaningOf(writer, before),
    after: meaningOf(writer, after),
    tex: `${texOfName(name)} = ${join('tex')} = ${tex(after)}`,
    text: `${name} = ${print(after)}`,
  });
}

const partial = (y: string, x: string): string => `\\frac{\\partial ${y}}{\\partial ${x}}`;

/** The value in terms of what is given, and in the form that is computed: the node of grad. */
function writeEnd({ steps, meaning }: Writer, { name, value }: Line, end: Node): void {
  const whole = replace(value, (node) => meaning.get(node));
  let shown = tex(value);
  const push = (rule: string, reason: string, before: Node, after: Node): void => {
    const right = tex(after);
    const equation = { tex: `${texOfName(name)} = ${right}`, text: `${name} = ${print(after)}` };
    // No difference that is seen is no step.
    if (right === shown) steps.push({ ...steps.pop()!, after });
    else steps.push({ ...{ rule, reason, name, before, after }, ...equation });
    shown = right;
  };
  push('substitute', 'the rest by its value', whole, whole);
  push('stabilize', 'as it is computed: finite at any input', whole, end);
}
