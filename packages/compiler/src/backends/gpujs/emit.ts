// Prints every kernel of a plan in the shading language of a GPU: pure text, sizes as literals.
// It knows nests and layouts; it must not know gpu.js itself or touch a device.
import type { Program } from '../../device.ts';
import { expressionsIn, lineOf, type Nest, type Plan, resultsOf } from '../../nest.ts';
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
  /** What the second fold gives, once it is known. */
  readonly across?: Text;
}

function kernel(nest: Nest, at: (id: number) => Layout, space: Space): string {
  const layouts = nest.inputs.map(at);
  const layout = at(nest.output);
  const threads = threadsOf(nest, layout, space);
  const [across, down] = threads.tile;
  const shared = lineOf(nest) || across * down;
  const unrolled = !sharesEnough(shared, space) && readsAlong(nest, layouts);
  const repeated = unrolled || shared > 1;
  const printer = createPrinter({ nest, layouts, space, repeated });
  const frame: Frame = { nest, layout, threads, space, printer, unrolled };
  const places = placesOf(frame);
  const texels = places.map((place) => outerOf(frame, place, OUTSIDE));
  const line = lineFrom(nest, texels[0]!);
  const folded = nest.fold && foldLines(frame, nest.fold, [...texels, ...line]);
  const accs = folded?.accs ?? [];
  const second = nest.across && acrossLines(frame, nest.across, places[0]!, accs.slice(1));
  const folds = [...(folded?.lines ?? []), ...(second?.lines ?? [])];
  const before = [...threadLines(frame), ...printer.lines(OUTSIDE), ...folds];
  const results = space.kind === 'webgpu' ? storedResults : returnedResults;
  const known = { ...frame, ...(second && { across: second.value }) };
  const body = [...before, ...results(known, places, accs.slice(0, places.length))];
  const arrays = { inputs: layouts, layout, results: resultsOf(nest).length };
  return textAround(body, arrays, threads, space.kind);
}

/**
 * Does a thread share so much that single numbers are as good to read as four at a time? Buffers
 * are read number by number in the end, and a loop of a quarter of the text compiles faster.
 */
const sharesEnough = (texels: number, { kind }: Space): boolean =>
  kind === 'webgpu' && texels >= LANES;

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
  const { columns } = threads;
  const [across, down] = threads.grid;
  const [x, y] = coordinates(threads, space.kind);
  const q = (text: string) => (width > 1 ? [dialect.constant('whole', 'q', text)] : []);
  const row = (text: string) => (layout.rows > 1 ? [dialect.constant('whole', 'row', text)] : []);
  if (across === columns && down === threads.rows) return [...q(x), ...row(y)];
  if (layout.rows === 1 && (across === 1 || down === 1)) return q(across === 1 ? y : x);
  if (width === 1 && down === 1) return row(x);
  // Texel after texel in lines.
  const texel = down === 1 ? x : `${x} + ${dialect.whole(across)} * ${y}`;
  if (layout.rows === 1) return q(texel);
  return [
    dialect.constant('whole', 'texel', texel),
    dialect.constant('whole', 'row', dialect.quotient('texel', columns)),
    dialect.constant('whole', 'q', `texel - ${dialect.whole(columns)} * row`),
  ];
}

/** Where a texel is: `right` of the texel `q` of a row. */
interface Place {
  readonly q: string;
  readonly right: number;
  readonly row: string;
}

/** Where the texels of this thread are, row after row. */
function placesOf({ printer, threads }: Frame): Place[] {
  const { columns, rows, tile } = threads;
  const [across, down] = tile.map((n) => [...Array(n).keys()]) as [number[], number[]];
  return down.flatMap((y) => {
    const text = textOf(addSums(nameSum('row'), constantSum(y * rows)), printer.dialect);
    const row = y === 0 ? text : printer.define('whole', text, OUTSIDE);
    return across.map((x) => ({ q: 'q', right: x * columns, row }));
  });
}

/** The outer loop variables in a texel, with locals of this level. */
function outerOf(frame: Frame, { q, right, row }: Place, level: number): Variable[] {
  const { nest, layout, printer } = frame;
  const { dims, width } = layout;
  const { dialect } = printer;
  const whole = (text: string) => printer.define('whole', text, level);
  const variables: Variable[] = nest.axes.map(() => ({ step: 1, at: 0 }));
  const fast = dims.at(-1);
  if (fast) {
    const name = width > 1 && { name: q };
    variables[fast.dim] = { ...name, step: LANES, at: LANES * right, wide: true };
  }
  let left = row;
  const outer = dims.slice(0, -1);
  outer.toReversed().forEach(({ dim, size }, i) => {
    const last = i === outer.length - 1;
    const rest = last ? left : whole(dialect.quotient(left, size));
    const name = last ? left : whole(`${left} - ${dialect.whole(size)} * ${rest}`);
    variables[dim] = { name, step: 1, at: 0 };
    left = rest;
  });
  return variables;
}

interface Folded {
  /** What is folded, in each texel. */
  readonly accs: readonly Text[];
  readonly lines: readonly string[];
}

/** The loops of a fold, around the lines that take in values for every texel. */
function foldLines(
  frame: Frame,
  fold: NonNullable<Nest['fold']>,
  texels: readonly (readonly Variable[])[],
): Folded {
  const { printer } = frame;
  const { start, take, end } = foldWords[fold.kind];
  const depth = fold.axes.findLastIndex((turns) => turns !== 1) + 1;
  const names = fold.axes.map((_, i) => `k${i}`);
  names.forEach((name, i) => void printer.declare(name, i + 1));
  const counters = fold.axes.map(
    (size, i): Variable => (size === 1 ? { step: 1, at: 0 } : { name: names[i]!, step: 1, at: 0 }),
  );
  // A neighbour along the texels of a row is one number.
  const wide = texels.map(() => false);
  const taken = (last: Variable | undefined, turn: number): string[] =>
    texels.flatMap((outer, i) => {
      const inner = last ? [...counters.slice(0, -1), last] : counters;
      const variables = [...outer, ...inner];
      const value = printer.print(fold.body, depth, { variables, known: new Map() });
      wide[i] ||= value.wide;
      // What it needs comes just before it: little is alive at a time.
      return [...printer.lines(depth), ...take(printer.dialect, suffix(i), value, `${i}_${turn}`)];
    });
  let lines = innermost(frame, fold, depth, taken);
  for (let i = depth - (frame.unrolled ? 2 : 1); i >= 0; i--) {
    const looped =
      fold.axes[i] === 1 ? lines : loop(printer.dialect, names[i]!, fold.axes[i]!, lines);
    lines = i === 0 ? looped : [...printer.lines(i), ...looped];
  }
  const starts = wide.flatMap((one, i) => start(printer.dialect, suffix(i), one));
  const ends = wide.flatMap((one, i) => end(printer.dialect, suffix(i), one));
  const accs = wide.map((one, i) => atom(`acc${suffix(i)}`, one));
  return { accs, lines: [...starts, ...lines, ...ends] };
}

/** The loop variables at all positions along the loop of the second fold. */
const lineFrom = (nest: Nest, outer: readonly Variable[]): Variable[][] =>
  Array.from({ length: lineOf(nest) }, (_, at) => outer.with(nest.across!.axis, { step: 1, at }));

/** The second fold: a turn for each position, written out. */
function acrossLines(
  frame: Frame,
  { kind, body }: NonNullable<Nest['across']>,
  place: Place,
  accs: readonly Text[],
): { readonly value: Text; readonly lines: readonly string[] } {
  const { nest, printer } = frame;
  const { dialect } = printer;
  const { start, take, end } = foldWords[kind];
  const second = '_across';
  let wide = false;
  const taken = lineFrom(nest, outerOf(frame, place, AFTER)).flatMap((variables, i) => {
    const acc = accs[i];
    const value = printer.print(body, AFTER, { variables, known: new Map(), ...(acc && { acc }) });
    wide ||= value.wide;
    return [...printer.lines(AFTER), ...take(dialect, second, value, `${second}_${i}`)];
  });
  const lines = [...start(dialect, second, wide), ...taken, ...end(dialect, second, wide)];
  return { value: atom(`acc${second}`, wide), lines };
}

const suffix = (texel: number): string => (texel === 0 ? '' : `_${texel}`);

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
  if (!unrolled) return taken(undefined, 0);
  const turns = fold.axes.at(-1)!;
  const name = `k${fold.axes.length - 1}`;
  const loops = Math.floor(turns / LANES);
  // A loop of one turn is none.
  const inLoop = loops > 1 ? LANES * loops : 0;
  const four = [...Array(LANES).keys()];
  const inside = inLoop > 0 ? four.flatMap((at) => taken({ name, step: LANES, at }, at)) : [];
  printer.leave(depth);
  const after = [...Array(turns - inLoop).keys()].flatMap((i) =>
    taken({ step: 1, at: inLoop + i }, LANES + i),
  );
  const between = depth > 1 ? printer.lines(depth - 1) : [];
  const looped = inLoop > 0 ? loop(printer.dialect, name, loops, inside) : [];
  return [...between, ...looped, ...after];
}

/** Prints how the results of a thread go where its texels are. */
type Results = (frame: Frame, places: readonly Place[], accs: readonly Text[]) => string[];

/** On WebGL gpu.js stores the first result, which is returned, and the globals of the others. */
const returnedResults: Results = (frame, places, accs) => {
  const [first, ...further] = places.flatMap((place, i) => resultTexts(frame, place, accs[i]));
  return [
    ...frame.printer.lines(AFTER),
    ...further.map((text, i) => `${furtherName(i + 1)} = ${text};`),
    `return ${first};`,
  ];
};

/** On WebGPU texels take turns: what follows a fold is not to be the larger text. */
const storedResults: Results = (frame, [place], accs) => {
  const { layout, threads, printer } = frame;
  const { tile, columns, rows } = threads;
  const [first, ...others] = accs;
  if (!first || others.length === 0) return storeLines(frame, place!, first);
  const [across] = tile;
  const right = across > 1 && `let right = q + ${columns} * (i % ${across});`;
  const line = across > 1 ? `(i / ${across})` : 'i';
  const there: Place = { ...place!, ...(right && { q: 'right' }), row: 'below' };
  const stores = storeLines(frame, there, atom('accs[i]', first.wide));
  const turn = [
    ...(right ? [right] : []),
    `let below = row + ${rows} * ${line};`,
    `if (${right ? `right < ${layout.width} && ` : ''}below < ${layout.rows}) {`,
    ...indent(stores),
    '}',
  ];
  return [
    `var accs = array(${accs.map(({ text }) => text).join(', ')});`,
    ...loop(printer.dialect, 'i', accs.length, turn),
  ];
};

function storeLines(frame: Frame, place: Place, acc: Text | undefined): string[] {
  const stores = resultTexts(frame, place, acc).map(
    (text, i) => `result[${indexText(frame, place, i)}] = ${text};`,
  );
  return [...frame.printer.lines(AFTER), ...stores];
}

/** The texts of the results in one texel, each four lanes wide. */
function resultTexts(frame: Frame, place: Place, acc: Text | undefined): string[] {
  const { nest, printer } = frame;
  const variables = outerOf(frame, place, AFTER);
  const { across } = frame;
  const turn: Turn = {
    variables,
    known: new Map(),
    ...(acc && { acc }),
    ...(across && { across }),
  };
  return resultsOf(nest).map(
    ({ result }) => widened(printer.print(result, AFTER, turn), printer.dialect).text,
  );
}

/** Where a result goes in the buffer that all results share. */
function indexText({ layout, printer }: Frame, place: Place, result: number): string {
  const { width, rows } = layout;
  const row = rows > 1 ? nameSum(place.row) : constantSum(0);
  const q = width > 1 ? nameSum(place.q) : constantSum(0);
  const start = constantSum((result * sectionOf(layout)) / LANES);
  return textOf(addSums(start, scaleSum(row, width), q), printer.dialect);
}
