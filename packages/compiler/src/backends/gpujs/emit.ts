// Prints every kernel of a plan in the shading language of a GPU: pure text, sizes as literals.
// It knows nests and layouts; it must not know gpu.js itself or touch a device.
import type { Program } from '../../device.ts';
import { expressionsIn, type Nest, type Plan, resultsOf } from '../../nest.ts';
import { coordinates, furtherName, indent, textAround } from './around.ts';
import { atom, type Dialect, dialects, type Text, widened } from './dialect.ts';
import { foldWords } from './folds.ts';
import { LANES, type Layout, layoutOf, type Space } from './layout.ts';
import { addSums, constantSum, nameSum, scaleSum, textOf, type Variable } from './places.ts';
import { AFTER, createPrinter, OUTSIDE, type Printer, type Turn } from './shade.ts';
import { withoutSines } from './sine.ts';
import { sectionOf, type Threads, threadsOf } from './threads.ts';

/** Prints every kernel of a plan. Throws where this kind of GPU cannot address a buffer. */
export function emit(plan: Plan, space: Space): Program {
  const buffers = new Map(plan.buffers.map((buffer) => [buffer.id, buffer]));
  const at = (id: number) => layoutOf(buffers.get(id)!, space);
  return { plan, sources: plan.kernels.map((nest) => kernel(withoutSines(nest), at, space)) };
}

/** All that printing a kernel needs. */
interface Frame {
  readonly nest: Nest;
  readonly layout: Layout;
  readonly threads: Threads;
  readonly space: Space;
  readonly printer: Printer;
  /** The loop that takes four turns at a time, since what it reads lies side by side. */
  readonly unrolled: boolean;
}

function kernel(nest: Nest, at: (id: number) => Layout, space: Space): string {
  const layouts = nest.inputs.map(at);
  const layout = at(nest.output);
  const threads = threadsOf(nest, layout, space);
  const unrolled = readsAlong(nest, layouts);
  const repeated = unrolled || threads.tile > 1;
  const printer = createPrinter({ nest, layouts, space, repeated });
  const frame: Frame = { nest, layout, threads, space, printer, unrolled };
  const rows = rowsOf(frame);
  const folded = nest.fold && foldLines(frame, nest.fold, rows);
  const results = rows.map((outer, r) => resultTexts(frame, outer, folded?.accs[r]));
  const before = [...threadLines(frame), ...printer.lines(OUTSIDE), ...(folded?.lines ?? [])];
  const body = [...before, ...printer.lines(AFTER), ...storeLines(frame, results)];
  return textAround(body, layouts, threads, space.kind);
}

/** Does the last loop run along the fastest dimension of something that the body reads? */
function readsAlong({ axes, fold }: Nest, layouts: readonly Layout[]): boolean {
  if (!fold || fold.axes.at(-1) === 1) return false;
  const last = axes.length + fold.axes.length - 1;
  return expressionsIn([fold.body]).some((e) => {
    if (e.op !== 'load') return false;
    const fast = layouts[e.input]!.dims.at(-1);
    return fast && e.index[fast.dim]!.of.some((t) => 'axis' in t && t.axis === last);
  });
}

/** Where this thread is: its texel of a row, and its row. */
function threadLines({ layout, threads, space }: Frame): string[] {
  const dialect = dialects[space.kind];
  const { width } = layout;
  const [across, down] = threads.grid;
  const [x, y] = coordinates(threads, space.kind);
  const q = (text: string) => (width > 1 ? [dialect.constant('whole', 'q', text)] : []);
  const row = (text: string) => (layout.rows > 1 ? [dialect.constant('whole', 'row', text)] : []);
  if (across === width && down === threads.rows) return [...q(x), ...row(y)];
  if (layout.rows === 1 && (across === 1 || down === 1)) return q(across === 1 ? y : x);
  if (width === 1 && down === 1) return row(x);
  // Texel after texel in lines.
  const texel = down === 1 ? x : `${x} + ${dialect.whole(across)} * ${y}`;
  if (layout.rows === 1) return q(texel);
  return [
    dialect.constant('whole', 'texel', texel),
    dialect.constant('whole', 'row', dialect.quotient('texel', width)),
    dialect.constant('whole', 'q', `texel - ${dialect.whole(width)} * row`),
  ];
}

/** The outer loop variables in each row of this thread. */
function rowsOf(frame: Frame): Variable[][] {
  const { nest, layout, threads, printer } = frame;
  const { dims, width } = layout;
  const { dialect } = printer;
  const whole = (text: string) => printer.define('whole', text, OUTSIDE);
  return Array.from({ length: threads.tile }, (_, r) => {
    const variables: Variable[] = nest.axes.map(() => ({ step: 1, at: 0 }));
    const fast = dims.at(-1);
    if (fast)
      variables[fast.dim] = { ...(width > 1 && { name: 'q' }), step: LANES, at: 0, wide: true };
    let row =
      r === 0
        ? 'row'
        : whole(textOf(addSums(nameSum('row'), constantSum(r * threads.rows)), dialect));
    const outer = dims.slice(0, -1);
    outer.toReversed().forEach(({ dim, size }, i) => {
      const last = i === outer.length - 1;
      const rest = last ? row : whole(dialect.quotient(row, size));
      const name = last ? row : whole(`${row} - ${dialect.whole(size)} * ${rest}`);
      variables[dim] = { name, step: 1, at: 0 };
      row = rest;
    });
    return variables;
  });
}

interface Folded {
  /** What is folded, in each row. */
  readonly accs: readonly Text[];
  readonly lines: readonly string[];
}

/** The loops of a fold, around the lines that take in values for every row. */
function foldLines(
  frame: Frame,
  fold: NonNullable<Nest['fold']>,
  rows: readonly (readonly Variable[])[],
): Folded {
  const { printer } = frame;
  const { start, take, end } = foldWords[fold.kind];
  const depth = fold.axes.findLastIndex((turns) => turns !== 1) + 1;
  const names = fold.axes.map((_, i) => `k${i}`);
  names.forEach((name, i) => void printer.declare(name, i + 1));
  const counters = fold.axes.map(
    (size, i): Variable => (size === 1 ? { step: 1, at: 0 } : { name: names[i]!, step: 1, at: 0 }),
  );
  let wide = false;
  const taken = (last: Variable | undefined, turn: number): string[] =>
    rows.flatMap((outer, r) => {
      const inner = last ? [...counters.slice(0, -1), last] : counters;
      const variables = [...outer, ...inner];
      const value = printer.print(fold.body, depth, { variables, known: new Map() });
      wide ||= value.wide;
      return take(printer.dialect, suffix(r), value, `${r}_${turn}`);
    });
  let lines = innermost(frame, fold, depth, taken);
  for (let i = depth - (frame.unrolled ? 2 : 1); i >= 0; i--) {
    const looped =
      fold.axes[i] === 1 ? lines : loop(printer.dialect, names[i]!, fold.axes[i]!, lines);
    lines = i === 0 ? looped : [...printer.lines(i), ...looped];
  }
  const starts = rows.flatMap((_, r) => start(printer.dialect, suffix(r), wide));
  const ends = rows.flatMap((_, r) => end(printer.dialect, suffix(r), wide));
  const accs = rows.map((_, r) => atom(`acc${suffix(r)}`, wide));
  return { accs, lines: [...starts, ...lines, ...ends] };
}

const suffix = (row: number): string => (row === 0 ? '' : `_${row}`);

const loop = (
  dialect: Dialect,
  name: string,
  turns: number,
  lines: readonly string[],
): string[] => {
  const [head, ...first] = dialect.loop(name, turns);
  return [head, ...indent([...first, ...lines]), '}'];
};

/** The lines of the innermost loop; or that loop, four turns at a time, and what is left over. */
function innermost(
  { unrolled, printer }: Frame,
  fold: NonNullable<Nest['fold']>,
  depth: number,
  taken: (last: Variable | undefined, turn: number) => string[],
): string[] {
  if (!unrolled) {
    const lines = taken(undefined, 0);
    return [...printer.lines(depth), ...lines];
  }
  const turns = fold.axes.at(-1)!;
  const name = `k${fold.axes.length - 1}`;
  const loops = Math.floor(turns / LANES);
  // A loop of one turn is none.
  const inLoop = loops > 1 ? LANES * loops : 0;
  const four = [...Array(LANES).keys()];
  const main = inLoop > 0 ? four.flatMap((at) => taken({ name, step: LANES, at }, at)) : [];
  const inside = [...printer.lines(depth), ...main];
  printer.leave(depth);
  const rest = [...Array(turns - inLoop).keys()].flatMap((i) =>
    taken({ step: 1, at: inLoop + i }, LANES + i),
  );
  const after = [...printer.lines(depth), ...rest];
  const between = depth > 1 ? printer.lines(depth - 1) : [];
  const looped = inLoop > 0 ? loop(printer.dialect, name, loops, inside) : [];
  return [...between, ...looped, ...after];
}

/** The texts of the results in one row, each four lanes wide. */
function resultTexts(
  { nest, printer }: Frame,
  variables: readonly Variable[],
  acc: Text | undefined,
): Text[] {
  const turn: Turn = { variables, known: new Map(), ...(acc && { acc }) };
  return resultsOf(nest).map(({ result }) =>
    widened(printer.print(result, AFTER, turn), printer.dialect),
  );
}

/** On WebGL gpu.js stores the first result, which is returned, and the globals of the others. */
function storeLines(frame: Frame, results: readonly (readonly Text[])[]): string[] {
  const { layout, threads, space } = frame;
  if (space.kind !== 'webgpu') {
    const [first, ...further] = results[0]!.map(({ text }) => text);
    return [...further.map((text, i) => `${furtherName(i + 1)} = ${text};`), `return ${first};`];
  }
  return results.flatMap((row, r) => {
    const stores = row.map(({ text }, i) => `result[${indexText(frame, r, i)}] = ${text};`);
    const inside = layout.rows % threads.tile === 0 || r === 0;
    const guard = `if (row + ${r * threads.rows} < ${layout.rows}) {`;
    return inside ? stores : [guard, ...indent(stores), '}'];
  });
}

/** Where a result of one row goes in the buffer that all results share. */
function indexText({ layout, threads, printer }: Frame, r: number, result: number): string {
  const { width, rows } = layout;
  const row = rows > 1 ? addSums(nameSum('row'), constantSum(r * threads.rows)) : constantSum(0);
  const q = width > 1 ? nameSum('q') : constantSum(0);
  const start = constantSum((result * sectionOf(layout)) / LANES);
  return textOf(addSums(start, scaleSum(row, width), q), printer.dialect);
}
