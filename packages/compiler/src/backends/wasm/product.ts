// Recognises products of matrices, and chooses how large the blocks of large ones are.
import type { Affine, Expr } from '../../nest.ts';
import { isFar } from './ahead.ts';
import { WIDTH } from './code.ts';
import { axesOf, type Form, stepOf } from './form.ts';
import type { Sharing } from './share.ts';
import { panelsOf, type Shape, shapeOf, type Tile } from './tile.ts';

/** A sum over `inner` of a factor that has no columns and one that has no rows. */
export interface Product {
  readonly left: Expr;
  readonly right: Expr;
  readonly row: number;
  readonly column: number;
  readonly inner: number;
  /** The other loops of the output. */
  readonly batch: readonly number[];
  readonly shape: Shape;
  readonly blocks: Blocks;
  /** Where the right factor is read as it lies, without panels. */
  readonly direct?: Direct;
}

/** A matrix whose lines, one for each turn of the inner loop, lie along its columns. */
export interface Direct {
  readonly input: number;
  readonly index: Affine;
  /** Floats from one line to the next. */
  readonly line: number;
  /** Is it so large that the next block is worth being read ahead? */
  readonly isFar: boolean;
  /** Are its lines so far apart that the first tile of a panel packs it for the others? */
  readonly packs: boolean;
}

/** The tiles of a product: those that compute most of it, and those that pack if any do. */
export function tilesOf({ shape, direct }: Product): readonly Tile[] {
  if (direct?.packs) return (['plain', 'packs'] as const).map((kind) => ({ shape, kind }));
  return [{ shape, kind: direct?.isFar ? 'reads' : 'plain' }];
}

/** Turns of each loop in one block: whole tiles, and whole vectors of the inner loop. */
export interface Blocks {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
}

// A panel of each factor stays in the first cache, a block of the left one in the second.
const MOST_ROWS = 64;
const MOST_COLUMNS = 512;
const MOST_INNER = 256;
/** Products of fewer multiply-adds gain nothing from packing their factors. */
const WORTH_PACKING = 2 ** 15;
const LEAST_ROWS = 8;
const LEAST_COLUMNS = 8;
const LEAST_INNER = 16;
/**
 * Lines of a block of a matrix that every tile reads as it lies: they stay in the second cache.
 * Rows that are one block read each panel too seldom for it to be worth writing.
 */
const MOST_LINES = 128;
/** Lines at multiples of as many floats share few places of a cache, and drive each other out. */
const CROWDED = 64;

/** Equal blocks of whole tiles, none larger than `most`. */
function blockOf(extent: number, most: number, tile: number): number {
  const count = Math.ceil(extent / most);
  return Math.ceil(extent / count / tile) * tile;
}

/** The product that a form is, if it is one that is worth packing. */
export function productOf(form: Form, shapes: readonly Shape[]): Product | undefined {
  const { fold, outer, extents } = form;
  if (fold?.kind !== 'sum' || extents.length !== outer + 1) return undefined;
  const inner = outer;
  const factors = factorsOf(fold.body);
  const has = (e: Expr, axis: number): boolean => axesOf(e).includes(axis);
  const axes = [...Array(outer).keys()].reverse();
  for (const column of axes) {
    const right = factors.filter((e) => has(e, column));
    const left = factors.filter((e) => !has(e, column));
    const row = axes.find(
      (axis) =>
        axis !== column && left.some((e) => has(e, axis)) && !right.some((e) => has(e, axis)),
    );
    if (row === undefined || right.length === 0) continue;
    const [m, n, k] = [extents[row]!, extents[column]!, extents[inner]!];
    const large = m >= LEAST_ROWS && n >= LEAST_COLUMNS && k >= LEAST_INNER;
    if (!large || m * n * k < WORTH_PACKING) return undefined;
    const direct =
      right.length === 1 && m <= MOST_ROWS ? directOf(form, right[0]!, column) : undefined;
    const shape = shapeOf(m, shapes);
    const blocks = {
      rows: blockOf(m, MOST_ROWS, shape.panel),
      columns: blockOf(n, MOST_COLUMNS, shape.columns),
      inner: blockOf(k, direct && !direct.packs ? MOST_LINES : MOST_INNER, WIDTH),
    };
    const batch = axes.filter((axis) => axis !== row && axis !== column).reverse();
    return {
      ...{ left: times(left), right: times(right), row, column, inner, batch, shape, blocks },
      ...(direct && { direct }),
    };
  }
  return undefined;
}

/** The factor as it lies, if tiles can read it there. */
function directOf({ extents, outer }: Form, factor: Expr, column: number): Direct | undefined {
  if (factor.op !== 'load') return undefined;
  const index = factor.index[0]!;
  const line = stepOf(index, outer);
  const lies = stepOf(index, column) === 1 && line >= extents[column]!;
  if (!lies || index.of.some((t) => !('axis' in t))) return undefined;
  const [isCrowded, far] = [line % CROWDED === 0, isFar(index, extents)];
  if (isCrowded && far) return undefined;
  return { input: factor.input, index, line, isFar: far, packs: isCrowded || line > MOST_COLUMNS };
}

const times = (factors: readonly Expr[]): Expr =>
  factors.reduce((a, b) => ({ op: 'mul', args: [a, b] }));

/** What is multiplied; a minus is a factor of its own. */
function factorsOf(e: Expr): Expr[] {
  if (e.op === 'mul') return e.args.flatMap(factorsOf);
  if (e.op === 'neg') return [{ op: 'const', value: -1 }, ...factorsOf(e.args[0]!)];
  return [e];
}

/** All rows, or all columns, and the zeros that fill the last panel. */
export function wholeOf({ extents }: Form, product: Product, which: 'row' | 'column'): number {
  const panel = panelsOf(product.shape)[which];
  return Math.ceil(extents[product[which]]! / panel) * panel;
}

/** Floats of a thread's scratch memory: panels of what is ready, else of a block; and sums. */
export function scratchPlan(form: Form, product: Product, ready?: 'row' | 'column') {
  const { extents } = form;
  const { rows, columns, inner } = product.blocks;
  const all = ready ? wholeOf(form, product, ready) * extents[product.inner]! : 0;
  const left = ready === 'row' ? all : rows * inner;
  const right = ready === 'column' ? all : inner * columns;
  const waits = extents[product.inner]! > inner;
  const sums = (waits ? Math.ceil(extents[product.row]! / rows) : 1) * rows * columns;
  return { left: 0, right: left, sums: left + right, total: left + right + sums, waits };
}

/** Multiply-adds in the time that packing takes for one float. */
const PACKING = 16;
/** And in that in which one comes that another core has written, where they share no cache. */
const FETCHING = 12;
/** And in that in which it comes from memory, where a far matrix is read as it lies. */
const READING = 4;

/** Rows or columns of a part: fewer would read the other factor's panels too often. */
const LEAST_PART = 16;
/** The same where each part packs what it needs of the other factor: a sixteenth of its work. */
const LEAST_PACKING = 16 * PACKING;
/** The most floats of a factor that each thread packs as a whole, and of all their copies. */
const MOST_READY = { each: 2 ** 22, all: 2 ** 25 };

const OTHER = { row: 'column', column: 'row' } as const;

/** How threads share a product, or those of a batch. */
export interface Split extends Sharing {
  readonly along: 'row' | 'column' | 'batch';
  /** Blocks along that loop, the last maybe short, and turns in each. */
  readonly blocks: number;
  readonly length: number;
  /** The other factor, if each thread packs all of it before its first part. */
  readonly ready?: 'row' | 'column';
}

/** What the busiest thread has to do, for each turn of the inner loop and product of the batch. */
type Rated = Split & { readonly work: number };

/** The loop that threads share: what the busiest has to do is least. */
export function splitOf(form: Form, product: Product, threads: number): Split {
  const ways: Rated[] = (['row', 'column'] as const).map((along) =>
    byBlocks(form, product, along, threads),
  );
  if (product.batch.length > 0) ways.push(byBatch(form, product, threads));
  return ways.reduce((best, way) => (way.work < best.work ? way : best));
}

/** What packing takes, for each row and column, or reading where they are read as they lie. */
const packingOf = ({ direct }: Product) => ({
  row: PACKING,
  column: direct ? (direct.isFar ? READING : 0) : PACKING,
});

/**
 * What a thread fetches, to update and to read it, of a parameter that is updated in place by
 * columns: the forward product shares its rows (a backward one, if there is one, its columns).
 */
function fetchingOf(form: Form, product: Product, along: string, threads: number): number {
  if (along === 'row' || !form.outputs.some((id) => form.inputs.includes(id))) return 0;
  const own = (form.extents[product.row]! * form.extents[product.column]!) / threads;
  return (FETCHING * 2 * own * (1 - 1 / threads)) / form.extents[product.inner]!;
}

/** Blocks of rows or columns for each thread, of every product of the batch. */
function byBlocks(form: Form, product: Product, along: 'row' | 'column', threads: number): Rated {
  const { extents } = form;
  const { inner, batch } = product;
  const other = OTHER[along];
  const panel = panelsOf(product.shape);
  const [length, k] = [panel[along], extents[inner]!];
  const blocks = Math.ceil(extents[product[along]]! / length);
  const whole = wholeOf(form, product, other);
  const packing = packingOf(product);
  const isSmall = whole * k <= Math.min(MOST_READY.each, MOST_READY.all / threads);
  const mayBeReady = threads > 1 && batch.length === 0 && isSmall;
  const packs = other === 'row' || !product.direct;
  const ready = mayBeReady && packs ? other : undefined;
  const own = Math.ceil(blocks / threads) * length;
  const least = ready || !packs ? LEAST_PART : LEAST_PACKING;
  const reading = packing[other] * whole + fetchingOf(form, product, along, threads);
  return {
    ...{ along, blocks, length, prepares: ready !== undefined, ...(ready && { ready }) },
    most: Math.floor((blocks * length) / least),
    scratch: scratchPlan(form, product, ready).total,
    work: own * (extents[product[other]]! + packing[along]) + reading,
  };
}

/** Whole products for each thread: nothing is packed twice. */
function byBatch(form: Form, product: Product, threads: number): Rated {
  const [rows, columns, blocks] = [product.row, product.column, product.batch[0]!].map(
    (axis) => form.extents[axis]!,
  ) as [number, number, number];
  const { row, column } = packingOf(product);
  return {
    ...{ along: 'batch', blocks, length: 1, prepares: false, most: blocks },
    scratch: scratchPlan(form, product).total,
    work:
      (Math.ceil(blocks / threads) / blocks) * (rows * columns + row * rows + column * columns),
  };
}
