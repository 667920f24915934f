// The innermost loop of products: a tile of outputs in registers.
import { readAhead } from './ahead.ts';
import {
  $,
  BYTES,
  type Code,
  createFrame,
  type Func,
  floats,
  get,
  int,
  type Local,
  local,
  multiplyAdd,
  plus,
  type Simd,
  set,
  type Type,
  WIDTH,
} from './code.ts';
import { MATH } from './math.ts';

/** Where the functions of tiles are in every module: after those of math. */
const FIRST = MATH.length;

/** A tile: outputs that the innermost loop computes at once. */
export interface Shape {
  readonly rows: number;
  readonly columns: number;
  /** Rows of the left factor that lie side by side in a panel: those of one tile, or of some. */
  readonly panel: number;
  /** Vectors of columns at once: as many as registers hold. */
  readonly line: number;
  /** The place of its functions among those of tiles. */
  readonly slot: number;
}

/** What the engine has for products. */
export interface Engine {
  /** Which instructions it knows. */
  readonly simd: Simd;
  /** Tiles to choose from. */
  readonly shapes: readonly Shape[];
}

// A product and a sum that are two instructions, or all loads of a turn before the first of them,
// leave registers of x64 for no more than 8 sums.
const WIDE: readonly Shape[] = [{ rows: 2, columns: 16, panel: 4, line: 4, slot: 0 }];
const ONE_BY_ONE: readonly Shape[] = [{ rows: 2, columns: 16, panel: 4, line: 1, slot: 0 }];
// Else there is room for 12, and with more than 8 none waits for the one before.
const TALL = [4, 5, 6].map(
  (rows, slot): Shape => ({ rows, columns: 8, panel: rows, line: 2, slot }),
);
/** What a turn of a tall tile takes beside its rows: as much as so many more. */
const OVERHEAD = 2;

/**
 * The tiles to choose from, where instructions are compiled in the order in which they are written
 * or are not; what each takes was measured (see docs/design.md).
 */
export function shapesFor(simd: Simd, inOrder: boolean): readonly Shape[] {
  if (simd === 'scalar') return ONE_BY_ONE;
  return simd === 'relaxed' && inOrder ? TALL : WIDE;
}

/** The shape whose tiles cover so many rows in the shortest time. */
export function shapeOf(rows: number, shapes: readonly Shape[]): Shape {
  const time = ({ panel }: Shape): number => Math.ceil(rows / panel) * (panel + OVERHEAD);
  return shapes.reduce((best, shape) => (time(shape) <= time(best) ? shape : best));
}

/** Neighbours that lie side by side in a panel, by the loop along which they are neighbours. */
export const panelsOf = ({ panel, columns }: Shape) => ({ row: panel, column: columns });

/**
 * What tiles do beside their work: nothing; they read memory ahead; or they pack columns that they
 * read as they lie into a panel, for the tiles below.
 */
const KINDS = ['plain', 'reads', 'packs'] as const;

/** A function of tiles. */
export interface Tile {
  readonly shape: Shape;
  readonly kind: (typeof KINDS)[number];
}

/** The position of a tile's function in every module. */
export const tileAt = ({ shape, kind }: Tile): number =>
  FIRST + KINDS.length * shape.slot + KINDS.indexOf(kind);

/** The functions of tiles; those that are not used only keep their place. */
export const tileFunctions = ({ simd, shapes }: Engine, used: ReadonlySet<number>): Func[] =>
  shapes
    .flatMap((shape) => KINDS.map((kind): Tile => ({ shape, kind })))
    .map((tile) => tileFunction(tile, simd, used.has(tileAt(tile))));

/**
 * tile(a, b, sums, turns, stride, more, step): adds the products of some rows of a panel and of
 * some columns up, which move by `step` bytes a turn; as many columns at once as registers hold.
 * With `more` it goes on where the sums are. One that reads has two more parameters: from where on
 * it reads ahead, and how many bytes a turn. One that packs has one more: where to.
 */
function tileFunction({ shape, kind }: Tile, simd: Simd, isUsed: boolean): Func {
  const count = { plain: 7, reads: 9, packs: 8 }[kind];
  const frame = createFrame(...Array<Type>(count).fill('i32'));
  const [left, right, sums, depth, stride, more, step, other, pace] = Array(9).keys();
  const vectors = (many: number): Local[] =>
    Array.from({ length: many }, () => local(frame, 'v128'));
  const { line } = shape;
  const rows = Array.from({ length: shape.rows }, () => vectors(line));
  const columns = vectors(line);
  const x = local(frame, 'v128');
  const [at, a, b, to, turns] = [0, 0, 0, 0, 0].map(() => local(frame, 'i32'));
  const eachSum = (visit: (sum: Local, offset: number) => Code): Code => [
    set(at, get(sums)),
    ...rows.map((row) => [
      ...row.map((sum, i) => visit(sum, BYTES * WIDTH * i)),
      set(at, $('i32.add', get(at), get(stride))),
    ]),
  ];
  const part = (first: number): Code => [
    ...[set(a, get(left)), set(b, get(right)), set(turns, get(depth))],
    kind === 'packs' ? set(to, get(other)) : [],
    $('if', get(more)),
    eachSum((sum, offset) => set(sum, $('v128.load', first + offset, get(at)))),
    $('else'),
    eachSum((sum) => set(sum, floats(0))),
    $('end'),
    $('loop'),
    columns.map((column, i) => {
      const offset = first + BYTES * WIDTH * i;
      const loaded = set(column, $('v128.load', offset, get(b)));
      return kind === 'packs' ? [loaded, $('v128.store', offset, get(to), get(column))] : loaded;
    }),
    ...rows.map((row, i) => [
      set(x, $('v128.load32_splat', BYTES * i, get(a))),
      ...row.map((sum, i) => set(sum, multiplyAdd(simd, get(x), get(columns[i]!), get(sum)))),
    ]),
    set(a, plus(get(a), BYTES * shape.panel)),
    set(b, $('i32.add', get(b), get(step))),
    kind === 'packs' ? set(to, plus(get(to), BYTES * shape.columns)) : [],
    kind === 'reads' && first === 0 ? readAhead(other, get(pace)) : [],
    $('br_if', 0, $('local.tee', turns, $('i32.sub', get(turns), int(1)))),
    $('end'),
    eachSum((sum, offset) => $('v128.store', first + offset, get(at), get(sum))),
  ];
  const parts = isUsed ? Array.from({ length: shape.columns / WIDTH / line }, (_, i) => i) : [];
  const body = parts.map((i) => part(BYTES * WIDTH * line * i));
  const beside = { plain: '', reads: ', reading ahead', packs: ', packing' }[kind];
  const name = `tile ${shape.rows} x ${shape.columns}${beside}`;
  return { name, params: frame.params, results: [], locals: frame.locals, body };
}
