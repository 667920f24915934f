// Prints a Nest as the source of one gpu.js kernel: pure text, sizes baked in as literals.
// It knows nests and layouts; it must not know gpu.js itself or touch a device.
import { axesIn } from '../../affine.ts';
import type { Program } from '../../device.ts';
import type { Affine, Buffer, Expr, Fold, Nest, Plan, Term } from '../../nest.ts';
import { type GpuKind, type Group, type Layout, layoutOf, stride } from './layout.ts';
import { withoutSines } from './sine.ts';
import { atom, chooseLess, number, type Text, within, words } from './words.ts';

/** Prints every kernel of a plan. Throws where this kind of GPU cannot address a buffer. */
export function emit(plan: Plan, kind: GpuKind): Program {
  const buffers = new Map(plan.buffers.map((buffer) => [buffer.id, buffer]));
  const at = (id: number) => layoutOf(buffers.get(id)!, kind);
  return { plan, sources: plan.kernels.map((nest) => kernel(withoutSines(nest), at)) };
}

/** Where the layout of a buffer is found. */
type Layouts = (id: Buffer['id']) => Layout;

/** Nothing inside a loop depends on this level; level n is inside n fold loops. */
const OUTSIDE = 0;
/** The level of what is computed from the folded value. */
const AFTER = -1;

function kernel(nest: Nest, at: Layouts): string {
  const threads = threadNames(nest, at(nest.output));
  const printer = createPrinter(nest, threads.names, nest.inputs.map(at));
  const { fold } = nest;
  const loops = fold ? foldLines(fold, printer) : [];
  const result = printer.print(nest.result, AFTER).text;
  const body = [...threads.lines, ...loops, ...printer.lines(AFTER), `return ${result};`];
  const inputs = nest.inputs.map((_, i) => `b${i}`).join(', ');
  return [`function (${inputs}) {`, ...indent(body), '}'].join('\n');
}

const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`);

/** The source of each loop variable: thread coordinates, then the variables of the fold. */
function threadNames(nest: Nest, layout: Layout) {
  const names: string[] = nest.axes.map(() => '0');
  const lines: string[] = [];
  layout.groups.forEach((group, i) => {
    const thread = `this.thread.${layout.threads[i]}`;
    if (group.length === 1) names[group[0]!.dim] = thread;
    else lines.push(...decode(group, thread, names));
  });
  const inner = nest.fold?.axes.map((size, i) => (size === 1 ? '0' : `k${i}`)) ?? [];
  return { names: [...names, ...inner], lines };
}

/** Splits one thread coordinate into the merged dimensions, by floor division of exact floats. */
function decode(group: Group, thread: string, names: string[]): string[] {
  const rest: string[] = [];
  return group.map(({ dim }, member) => {
    const step = stride(group, member);
    const left = [thread, ...rest].join(' - ');
    names[dim] = `i${dim}`;
    rest.push(`i${dim} * ${step}`);
    // The half keeps a quotient that a GPU rounds down from losing its whole number.
    const value = step === 1 ? left : `Math.floor((${left} + 0.5) / ${step})`;
    return `const i${dim} = ${value};`;
  });
}

/** What a term of a position is called. */
type NameOf = (term: Term) => string;

/** `at + sum(step * term)`, in integers where the terms are. */
function affine({ at, of }: Affine, nameOf: NameOf): string {
  const named = of.map((t) => ({ step: t.step, name: nameOf(t) }));
  const terms = named.filter(({ step, name }) => step !== 0 && name !== '0');
  const term = ({ step, name }: { step: number; name: string }) =>
    Math.abs(step) === 1 ? name : `${name} * ${Math.abs(step)}`;
  const plus = terms.filter(({ step }) => step > 0).map(term);
  const minus = terms.filter(({ step }) => step < 0).map((t) => ` - ${term(t)}`);
  const whole = at < 0 && plus.length > 0 ? ` - ${-at}` : '';
  const start = at > 0 || plus.length === 0 ? [...plus, `${at}`] : plus;
  return `${start.join(' + ')}${whole}${minus.join('')}`;
}

/** A whole number that gpu.js may have as an integer, as a float: only a fraction makes it one. */
const asFloat = (text: string): string => `Math.floor(${text} + 0.5)`;

/** A part of a position, in floats: those of GPUs count exactly to 2^24. */
function partOf({ part, of, by }: Extract<Term, { part: unknown }>, nameOf: NameOf): string {
  const inner = affine(of, nameOf);
  if (part === 'clamp') return `Math.min(Math.max(${asFloat(inner)}, 0.0), ${by}.0)`;
  // The half keeps a quotient that a GPU rounds down from losing its whole number.
  const quotient = `Math.floor((${inner} + 0.5) / ${by}.0)`;
  return part === 'quotient' ? quotient : `(${inner} - ${quotient} * ${by}.0)`;
}

/** `b0[z][y][x]`: one subscript for each group of dimensions. */
function load(
  { input, index }: Extract<Expr, { op: 'load' }>,
  { groups }: Layout,
  nameOf: NameOf,
): Text {
  const subscripts = groups.map((group) => {
    const parts = group.map(({ dim }, member) => {
      const position = affine(index[dim]!, nameOf);
      const step = stride(group, member);
      if (step === 1 || position === '0') return position;
      return /^\w+(\.\w+)*$/.test(position) ? `${position} * ${step}` : `(${position}) * ${step}`;
    });
    const said = parts.filter((part) => part !== '0');
    return `[${said.length === 0 ? '0' : said.join(' + ')}]`;
  });
  return atom(`b${input}${subscripts.length === 0 ? '[0]' : subscripts.join('')}`);
}

interface Printer {
  /** The text of an expression used at this level; what it needs first goes to `lines`. */
  print(expr: Expr, level: number): Text;
  /** The locals to declare at a level, since the last call. */
  lines(level: number): string[];
}

function createPrinter(nest: Nest, names: readonly string[], layouts: readonly Layout[]): Printer {
  const { uses, levels } = survey(nest);
  const known = new Map<Expr, Text>();
  const parts = new Map<string, string>();
  const pending = new Map<number, string[]>();
  let count = 0;

  const define = (text: string, home: number): string => {
    const name = `t${count++}`;
    pending.set(home, [...(pending.get(home) ?? []), `const ${name} = ${text};`]);
    return name;
  };

  /** Parts have names of their own: inside a subscript gpu.js would make integers of them. */
  const nameAt =
    (level: number): NameOf =>
    (term) => {
      if ('axis' in term) return names[term.axis]!;
      const key = JSON.stringify({ ...term, step: 1 });
      const seen = parts.get(key);
      if (seen !== undefined) return seen;
      const home = level === AFTER ? AFTER : levelOfAxes(nest, axesIn(term.of));
      const name = define(partOf(term, nameAt(level)), home);
      parts.set(key, name);
      return name;
    };

  const write = (expr: Expr, level: number): Text => {
    if (expr.op === 'const') return number(expr.value);
    if (expr.op === 'acc') return atom('acc');
    if (expr.op === 'load') return load(expr, layouts[expr.input]!, nameAt(level));
    if (expr.op === 'position') return atom(asFloat(affine(expr.index[0], nameAt(level))));
    const [a, b, c] = expr.args;
    if (expr.op === 'select' && a?.op === 'less' && uses.get(a) === 1) {
      const [x, y] = a.args;
      return chooseLess(print(x!, level), print(y!, level), print(b!, level), print(c!, level));
    }
    const text = (arg: Expr | undefined) => (arg ? print(arg, level) : atom(''));
    return words[expr.op](text(a), text(b), text(c));
  };

  const print = (expr: Expr, level: number): Text => {
    const seen = known.get(expr);
    if (seen) return seen;
    const plain = expr.op === 'const' || expr.op === 'acc';
    const own = levels.get(expr)!;
    // What does not change inside a loop is computed before it.
    const home = level === AFTER ? AFTER : own;
    if (plain || (uses.get(expr) === 1 && home === level)) return write(expr, level);
    const name = atom(define(write(expr, home).text, home));
    known.set(expr, name);
    return name;
  };

  const lines = (level: number) => {
    const found = pending.get(level) ?? [];
    pending.delete(level);
    return found;
  };
  return { print, lines };
}

/** Inside how many fold loops something changes that depends on these loop variables. */
function levelOfAxes(nest: Nest, axes: readonly number[]): number {
  const outer = nest.axes.length;
  const turns = [...nest.axes, ...(nest.fold?.axes ?? [])];
  const moving = axes.filter((axis) => turns[axis] !== 1);
  return Math.max(OUTSIDE, ...moving.map((axis) => axis - outer + 1));
}

/** How often each expression of a nest is used, and inside how many fold loops it changes. */
function survey(nest: Nest) {
  const uses = new Map<Expr, number>();
  const levels = new Map<Expr, number>();
  const visit = (expr: Expr): number => {
    uses.set(expr, (uses.get(expr) ?? 0) + 1);
    const seen = levels.get(expr);
    if (seen !== undefined) return seen;
    const level = levelOf(expr);
    levels.set(expr, level);
    return level;
  };
  const levelOf = (expr: Expr): number => {
    if ('index' in expr) return levelOfAxes(nest, expr.index.flatMap(axesIn));
    return 'args' in expr ? Math.max(OUTSIDE, ...expr.args.map(visit)) : OUTSIDE;
  };
  if (nest.fold) visit(nest.fold.body);
  visit(nest.result);
  return { uses, levels };
}

/** How a fold starts, takes one value in, and ends. */
interface FoldWords {
  readonly start: readonly string[];
  readonly take: (value: Text) => readonly string[];
  readonly end: readonly string[];
}

// Below any logit, yet far enough from the largest float that a difference stays finite.
const NO_LOGIT = -1e30;

// What is smaller is flushed to 0 by GPUs: a divisor that is never 0.
const SMALLEST = 2 ** -126;

const folds = {
  sum: {
    start: ['let acc = 0.0;'],
    take: (value) => [`acc = acc + ${within(value, 3)};`],
    end: [],
  },
  max: {
    start: [`let acc = ${number(Number.NEGATIVE_INFINITY).text};`],
    take: (value) => [`acc = Math.max(acc, ${value.text});`],
    end: [],
  },
  prod: {
    start: ['let acc = 1.0;'],
    take: (value) => [`acc = acc * ${within(value, 4)};`],
    end: [],
  },
  // sqrt(sum(v^2)) = m sqrt(s), s = sum((v / m)^2); s is rescaled when the largest size m grows.
  norm: {
    start: [`let m = ${number(SMALLEST).text};`, 'let s = 0.0;'],
    take: (value) => [
      `const v = Math.abs(${value.text});`,
      'const r = Math.min(v, m) / Math.max(v, m);',
      's = m < v ? s * r * r + 1.0 : s + r * r;',
      'm = Math.max(m, v);',
    ],
    end: ['const acc = m * Math.sqrt(s);'],
  },
  // log(sum(exp(v))) = m + log(s), s = sum(exp(v - m)); s is rescaled when the maximum m grows.
  logsumexp: {
    start: [`let m = ${number(NO_LOGIT).text};`, 'let s = 0.0;'],
    take: (value) => [
      `const v = ${value.text};`,
      'const e = Math.exp(-Math.abs(v - m));',
      's = m < v ? s * e + 1.0 : s + e;',
      'm = Math.max(m, v);',
    ],
    end: ['const acc = m + Math.log(s);'],
  },
} as const satisfies Record<Fold, FoldWords>;

/** The loops of a fold, around the lines that take in one value. */
function foldLines(fold: NonNullable<Nest['fold']>, printer: Printer): string[] {
  const { start, take, end }: FoldWords = folds[fold.kind];
  const depth = fold.axes.findLastIndex((turns) => turns !== 1) + 1;
  const value = printer.print(fold.body, depth);
  const before = printer.lines(OUTSIDE);
  let lines = [...printer.lines(depth), ...take(value)];
  for (let i = depth - 1; i >= 0; i--) {
    const size = fold.axes[i];
    const loop = `for (let k${i} = 0; k${i} < ${size}; k${i}++) {`;
    const looped = size === 1 ? lines : [loop, ...indent(lines), '}'];
    lines = i === 0 ? looped : [...printer.lines(i), ...looped];
  }
  return [...before, ...start, ...lines, ...end];
}
