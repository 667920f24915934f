// Prints a nest as the body of one gpu.js kernel in a shading language. Each thread computes four
// neighbours along the fastest dimension of the result, on WebGPU in several rows.
// It knows nests, layouts and words; it must not know gpu.js or touch a device.
import { axesIn, rangeOf } from '../../affine.ts';
import { machine } from '../../machine.ts';
import { type Affine, type Expr, type Nest, resultsOf, type Term } from '../../nest.ts';
import {
  atom,
  choose,
  type Dialect,
  dialects,
  number,
  type Text,
  type Type,
  type Word,
  words,
} from './dialect.ts';
import { texelName } from './helpers.ts';
import { COMPONENTS, countsTo, LANES, type Layout, lengthOf, type Space } from './layout.ts';
import {
  addSums,
  constantSum,
  isMultiple,
  nameSum,
  positionAt,
  type Sum,
  scaleSum,
  textOf,
  type Variables,
} from './places.ts';

/** Nothing inside a loop depends on this level; level n is inside n fold loops. */
export const OUTSIDE = 0;
/** The level of what is computed from the folded value. */
export const AFTER = -1;

type Four = [Text, Text, Text, Text];

/** What is printed: a nest, and where the numbers lie that it reads. */
export interface Subject {
  readonly nest: Nest;
  readonly layouts: readonly Layout[];
  readonly space: Space;
  /** Is the body printed several times, for rows or turns of its own? */
  readonly repeated: boolean;
}

/** One time that expressions are printed: for one row, and one turn of an unrolled loop. */
export interface Turn {
  readonly variables: Variables;
  /** The folded value, once it is known, and that of the second fold. */
  readonly acc?: Text;
  readonly across?: Text;
  /** What has been printed in it. */
  readonly known: Map<Expr, Text>;
}

export interface Printer {
  readonly dialect: Dialect;
  /** The text of an expression used at this level; what it needs first goes to `lines`. */
  print(expr: Expr, level: number, turn: Turn): Text;
  /** A local of this level with this value; the same name for the same text. */
  define(type: Type, text: string, level: number): string;
  /** Tells the level at which a name comes into being. */
  declare(name: string, level: number): void;
  /** The locals to declare at a level, since the last call. */
  lines(level: number): string[];
  /** Forgets the locals of a level: a loop has ended. */
  leave(level: number): void;
}

export function createPrinter(subject: Subject): Printer {
  const { nest, space } = subject;
  const dialect = dialects[space.kind];
  const { uses, levels } = survey(nest);
  const scope = createScope(dialect);
  const load = createLoader(subject, dialect, scope);

  const write = (expr: Expr, level: number, turn: Turn): Text => {
    if (expr.op === 'const') return number(expr.value);
    if (expr.op === 'acc') return expr.across ? turn.across! : turn.acc!;
    if (expr.op === 'load') return load(expr, level, turn);
    if (expr.op === 'position') {
      return positionText(expr.index[0], turn, dialect, partNamer(subject, dialect, scope, level));
    }
    const texts = (args: readonly Expr[]) => args.map((arg) => print(arg, level, turn));
    const [condition, ...branches] = expr.args;
    if (expr.op === 'select' && condition?.op === 'less' && uses.get(condition) === 1) {
      return choose(dialect, '<', ...(texts([...condition.args, ...branches]) as Four));
    }
    const word: Word = words[expr.op];
    return word(dialect, ...texts(expr.args));
  };

  const print = (expr: Expr, level: number, turn: Turn): Text => {
    if (expr.op === 'const' || expr.op === 'acc' || expr.op === 'load') {
      return write(expr, level, turn);
    }
    const seen = turn.known.get(expr);
    if (seen) return seen;
    // What does not change inside a loop is computed before it.
    const home = level === AFTER ? AFTER : levels.get(expr)!;
    const dear = subject.repeated && 'args' in expr && machine[expr.op].cost > 1;
    if (uses.get(expr) === 1 && home === level && !dear) return write(expr, level, turn);
    const { text, wide } = write(expr, home, turn);
    const name = atom(scope.define(wide ? 'four' : 'one', text, home), wide);
    turn.known.set(expr, name);
    return name;
  };
  return { dialect, print, ...scope };
}

type Scope = Pick<Printer, 'define' | 'declare' | 'lines' | 'leave'> & {
  /** The innermost level of the names in a sum. */
  levelOf(sum: Sum): number;
};

/** Locals by level. What is defined outside is known inside, and after the loops. */
function createScope(dialect: Dialect): Scope {
  const known = new Map<number, Map<string, string>>();
  const pending = new Map<number, string[]>();
  const home = new Map<string, number>();
  let count = 0;
  const at = (level: number) => {
    const found = known.get(level) ?? new Map<string, string>();
    known.set(level, found);
    return found;
  };
  const find = (text: string, level: number): string | undefined => {
    const inside = level === AFTER ? [OUTSIDE, AFTER] : [...Array(level + 1).keys()];
    return inside.map((l) => at(l).get(text)).find((name) => name !== undefined);
  };
  const define: Scope['define'] = (type, text, level) => {
    const seen = find(text, level);
    if (seen !== undefined) return seen;
    const name = `t${count++}`;
    at(level).set(text, name);
    home.set(name, level);
    pending.set(level, [...(pending.get(level) ?? []), dialect.constant(type, name, text)]);
    return name;
  };
  return {
    define,
    declare: (name, level) => void home.set(name, level),
    lines: (level) => {
      const found = pending.get(level) ?? [];
      pending.delete(level);
      return found;
    },
    leave: (level) => void known.delete(level),
    levelOf: ({ of }) => Math.max(OUTSIDE, ...of.map(({ name }) => home.get(name) ?? OUTSIDE)),
  };
}

/** Where something is defined that is used at a level: before the loops it does not change in. */
const homeOf = (sum: Sum, level: number, scope: Scope): number =>
  level === AFTER ? AFTER : scope.levelOf(sum);

/** Throws where a position would not be exact. */
function checkCount(most: number, { kind }: Space): void {
  if (countsTo(most, kind)) return;
  throw new RangeError(`a position of ${most} exceeds the exact floats of GLSL on ${kind}`);
}

/** Gives a part of a position a name of its own. */
function partNamer({ nest, space }: Subject, dialect: Dialect, scope: Scope, level: number) {
  const extents = [...nest.axes, ...(nest.fold?.axes ?? [])];
  return ({ part, of, by }: Extract<Term, { part: unknown }>, inner: Sum): Sum => {
    const { least, most } = rangeOf(of, extents);
    checkCount(Math.max(-least, most), space);
    const named = (text: string): Sum =>
      nameSum(scope.define('whole', text, homeOf(inner, level, scope)));
    if (part === 'clamp') return named(dialect.clamp(textOf(inner, dialect), by));
    // Languages disagree on quotients of negative numbers, so none is negative.
    const up = Math.max(0, Math.ceil(-least / by));
    const positive = addSums(inner, constantSum(up * by));
    const quotient = named(dialect.quotient(textOf(positive, dialect), by));
    return part === 'quotient'
      ? addSums(quotient, constantSum(-up))
      : addSums(positive, scaleSum(quotient, -by));
  };
}

/** Runs over the lanes if something is different in them. */
function inLanes(one: (lane: number) => string, { types }: Dialect): Text {
  const lanes = Array.from({ length: LANES }, (_, lane) => one(lane));
  if (new Set(lanes).size === 1) return atom(lanes[0]!, false);
  return atom(`${types.four}(${lanes.join(', ')})`, true);
}

function positionText(
  of: Affine,
  { variables }: Turn,
  dialect: Dialect,
  namePart: ReturnType<typeof partNamer>,
): Text {
  const one = (lane: number) =>
    dialect.number(textOf(positionAt(of, variables, lane, namePart), dialect));
  return inLanes(one, dialect);
}

/** Prints what is read: a whole texel where the four lanes are one, else lane by lane. */
function createLoader(subject: Subject, dialect: Dialect, scope: Scope) {
  const { layouts, space } = subject;
  const printTexel = space.kind === 'webgpu' ? texelOfBuffer : texelOfTexture;
  return (expr: Extract<Expr, { op: 'load' }>, level: number, { variables }: Turn): Text => {
    const layout = layouts[expr.input]!;
    const namePart = partNamer(subject, dialect, scope, level);
    const places = Array.from({ length: LANES }, (_, lane) => {
      const position = (dim: number) => positionAt(expr.index[dim]!, variables, lane, namePart);
      return placeOf(layout, position);
    });
    const texel = (row: Sum, column: Sum): string => {
      const reader: Reader = { input: expr.input, layout, dialect, scope, level };
      return printTexel(row, column, reader);
    };
    // Each for itself: in their sum a loop variable may cancel out that the text needs.
    const define = (type: Type, text: string, { row, fast }: Place) =>
      scope.define(type, text, Math.max(...[row, fast].map((sum) => homeOf(sum, level, scope))));
    const [first] = places as [Place];
    if (places.every((p, lane) => isLane(p, first, lane))) {
      return atom(define('four', texel(first.row, scaleSum(first.fast, 1 / LANES)), first), true);
    }
    const one = (lane: number): string => {
      const place = places[lane]!;
      const { row, fast } = place;
      if (isMultiple(fast, LANES)) {
        const component = ((fast.at % LANES) + LANES) % LANES;
        const column = scaleSum(addSums(fast, constantSum(-component)), 1 / LANES);
        return `${define('four', texel(row, column), place)}.${COMPONENTS[component]}`;
      }
      checkCount(layout.dims.at(-1)!.size, space);
      const column = scope.define(
        'whole',
        dialect.quotient(textOf(fast, dialect), LANES),
        homeOf(fast, level, scope),
      );
      const at = textOf(addSums(fast, scaleSum(nameSum(column), -LANES)), dialect);
      const text = texel(row, nameSum(column));
      // A buffer is read number by number, a texture texel by texel.
      const four = space.kind === 'webgpu' ? text : define('four', text, place);
      return define('one', dialect.lane(four, at), place);
    };
    return inLanes(one, dialect);
  };
}

/** A row, and a position in it. */
interface Place {
  readonly row: Sum;
  readonly fast: Sum;
}

function placeOf({ dims }: Layout, position: (dim: number) => Sum): Place {
  let row = constantSum(0);
  for (const { dim, size } of dims.slice(0, -1)) row = addSums(scaleSum(row, size), position(dim));
  const last = dims.at(-1);
  return { row, fast: last ? position(last.dim) : constantSum(0) };
}

/** Is this the lane of a texel that starts at `first`? */
function isLane(place: Place, first: Place, lane: number): boolean {
  const same = (a: Sum, b: Sum) => {
    const { at, of } = addSums(a, scaleSum(b, -1));
    return of.length === 0 ? at : Number.NaN;
  };
  const aligned = first.fast.at % LANES === 0 && isMultiple(first.fast, LANES);
  return aligned && same(place.row, first.row) === 0 && same(place.fast, first.fast) === lane;
}

interface Reader {
  readonly input: number;
  readonly layout: Layout;
  readonly dialect: Dialect;
  readonly scope: Scope;
  readonly level: number;
}

function texelOfBuffer(row: Sum, column: Sum, { input, layout, dialect }: Reader): string {
  const index = addSums(scaleSum(row, layout.width), column);
  // A lane that is left over at the end of a row may read anything, but WGSL refuses an index
  // that it sees to be too large.
  const last = lengthOf(layout) / LANES - 1;
  const seen = constantSum(Math.max(0, Math.min(index.at, last)));
  return `b${input}[${textOf(index.of.length === 0 ? seen : index, dialect)}]`;
}

function texelOfTexture(row: Sum, column: Sum, reader: Reader): string {
  const { input, layout, dialect, scope, level } = reader;
  const { grid, width, rows } = layout;
  const [across, down] = grid;
  const at = (x: Sum, y: Sum) =>
    `${texelName(input)}(${textOf(x, dialect)}, ${textOf(y, dialect)})`;
  if (across === width && down === rows) return at(column, row);
  if (rows === 1 && across === 1) return at(row, column);
  const index = addSums(scaleSum(row, width), column);
  const home = homeOf(index, level, scope);
  const line = scope.define('whole', dialect.quotient(textOf(index, dialect), across), home);
  return at(addSums(index, scaleSum(nameSum(line), -across)), nameSum(line));
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
  if (nest.across) visit(nest.across.body);
  for (const { result } of resultsOf(nest)) visit(result);
  return { uses, levels };
}
