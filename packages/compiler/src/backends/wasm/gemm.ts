// Products of large matrices: packed panels, and a tile of outputs in registers.

import { rangeOf } from '../../affine.ts';
import type { Expr } from '../../nest.ts';
import { notBehind } from './ahead.ts';
import { type Bounds, blockLoop, placeIn, type Turns } from './blocks.ts';
import {
  $,
  BYTES,
  type Code,
  createFrame,
  endOfVectors,
  type Frame,
  type Func,
  funcOf,
  get,
  int,
  type Local,
  local,
  plus,
  set,
  type Type,
  WIDTH,
  when,
} from './code.ts';
import { type Form, stepOf } from './form.ts';
import { alikeOf, packOf } from './pack.ts';
import { type Product, type Split, scratchPlan, splitOf, tilesOf, wholeOf } from './product.ts';
import { resultOf } from './results.ts';
import {
  addBound,
  addLoop,
  batchLoops,
  codeOf,
  createScope,
  indexOf,
  remember,
  type Scope,
} from './scope.ts';
import { type Place, parametersOf, type Share, scratchOf, shareToEnd, TABLE } from './share.ts';
import { panelsOf, type Tile, tileAt } from './tile.ts';
import { baseOf, createValues, type Lanes } from './values.ts';

/** The functions of a product; the last runs it, or a part of it. */
export function gemmOf(form: Form, product: Product, place: Place): Func[] {
  const { left, right, row, column, inner, batch, shape } = product;
  const panel = panelsOf(shape);
  const split = place.threads > 1 ? splitOf(form, product, place.threads) : undefined;
  const functions: Func[] = [];
  const add = (func: Func): number => place.first + functions.push(func) - 1;
  const packing = (what: string, factor: Expr, axis: number, panel: number): Call => {
    const p = { name: `${form.name}: ${what}`, factor, axis, panel, inner, batch };
    const alike = alikeOf(form, p);
    const at = (alike && place.packs.get(alike.key)) ?? add(packOf(form, p, alike !== undefined));
    if (alike) place.packs.set(alike.key, at);
    const table = plus(get(TABLE), BYTES * (alike?.buffer ?? 0));
    return (...args) => $('call', at, table, ...args);
  };
  const calls = {
    row: packing('left', left, row, panel.row),
    column: packing('right', right, column, panel.column),
  };
  const results = add(resultsOf(form, product));
  const own: Own = {
    ...{ ...place, ...calls },
    results: (...args) => $('call', results, get(TABLE), ...args),
  };
  if (split?.ready) add(packAllOf(form, product, own, split.ready));
  add(blocksOf(form, product, own, split));
  return functions;
}

type Call = (...args: Code[]) => Code;

/** The place of a product, and its functions: they pack rows and columns, and compute results. */
type Own = Place & Readonly<Record<'row' | 'column' | 'results', Call>>;

/**
 * The function that computes results from sums: its parameters are the table, the batch's loop
 * variables, the ranges of rows and columns, and where the sums are.
 */
function resultsOf(form: Form, { row, column, batch, blocks }: Product): Func {
  const frame = createFrame(...Array<Type>(6 + batch.length).fill('i32'));
  const [i0, i1, j0, j1, sums] = [1, 2, 3, 4, 5].map((i) => batch.length + i);
  const root = createScope(frame, form.extents);
  const bases = form.inputs.map((id) => baseOf(root, id));
  const [at, wide] = [local(frame, 'i32'), local(frame, 'i32')];
  const values = createValues(bases, () => []);
  const some = (scope: Scope, lanes: Lanes, step: number): void => {
    resultOf({ form, values, at }, scope, lanes);
    scope.body.push(set(at, plus(get(at), BYTES * step)));
  };
  // Blocks end with whole vectors but for the last one.
  const isWhole = form.extents[column]! % WIDTH === 0;
  addBound(root, batch, (scope) => {
    scope.body.push(set(wide, isWhole ? get(j1) : endOfVectors(j0, j1)));
    addLoop(scope, row, { from: get(i0), to: get(i1), step: 1 }, (line) => {
      line.body.push(set(at, get(sums)));
      addLoop(line, column, { from: get(j0), to: get(wide), step: WIDTH }, (four) =>
        some(four, { vector: column, shift: new Map() }, WIDTH),
      );
      if (!isWhole) {
        addLoop(line, column, { from: get(wide), to: get(j1), step: 1 }, (one) =>
          some(one, { shift: new Map() }, 1),
        );
      }
      line.body.push(set(sums, plus(get(sums), BYTES * blocks.columns)));
    });
  });
  return funcOf(`${form.name}: results`, frame, codeOf(root));
}

/** The function that packs, for all parts of a thread, the factor that all of them need. */
function packAllOf(form: Form, product: Product, place: Own, which: 'row' | 'column'): Func {
  const frame = createFrame(...parametersOf(true));
  const inner: Bounds = [local(frame, 'i32'), local(frame, 'i32')];
  const turns: Turns = [int(0), int(form.extents[product.inner]!)];
  const { left, right } = scratchPlan(form, product, which);
  const at = plus(scratchOf(place), BYTES * (which === 'row' ? left : right));
  const to = placeIn(at, wholeOf(form, product, which), int(0), inner);
  const args = [int(0), int(form.extents[product[which]]!), ...inner.map(get)];
  const pack = place[which](...args, to);
  const body = blockLoop(inner, turns, product.blocks.inner, pack);
  return funcOf(`${form.name}: ${which}s`, frame, body);
}

/** The function that goes through the blocks of a product. */
function blocksOf(form: Form, product: Product, place: Own, split?: Split): Func {
  const frame = createFrame(...parametersOf(split !== undefined));
  const root = createScope(frame, form.extents);
  const ready = split?.ready;
  const scratch = scratchPlan(form, product, ready);
  const pointer = (what: 'left' | 'right' | 'sums'): Local =>
    remember(root, `scratch of ${what}`, 'i32', () =>
      plus(scratchOf(place), BYTES * scratch[what]),
    );
  const range = (): Bounds => [local(frame, 'i32'), local(frame, 'i32')];
  // Of what is ready each block has a place of its own.
  const panels = (what: 'left' | 'right', of: 'row' | 'column'): Local =>
    ready === of ? local(frame, 'i32') : pointer(what);
  const block: Block = {
    ...{ left: panels('left', 'row'), right: panels('right', 'column'), sums: pointer('sums') },
    ...{ rows: range(), columns: range(), inner: range(), waits: scratch.waits },
    ...(product.direct && { lying: lyingOf(root, form, product, split) }),
    ...(ready && { ready: { of: ready, at: pointer(ready === 'row' ? 'left' : 'right') } }),
  };
  const whole = (axis: number): Turns => [int(0), int(form.extents[axis]!)];
  const turns = { row: whole(product.row), column: whole(product.column) };
  let share: Share | undefined;
  if (split) {
    const { along, blocks, length } = split;
    const axis = along === 'batch' ? product.batch[0]! : product[along];
    const own = shareToEnd(frame, axis, form.extents[axis]!, blocks, length);
    share = own.share;
    root.hoisted.push(own.code, when($('i32.eq', get(share.from), get(share.to)), $('return')));
    if (along !== 'batch') turns[along] = [get(share.from), get(share.to)];
  }
  batchLoops(root, product.batch, share, (scope) => {
    const matrix = block.lying?.matrix;
    if (matrix !== undefined) scope.body.push(set(matrix, matrixOf(root, scope, form, product)));
    const turn = product.batch.map((axis) => indexOf(scope, axis));
    const call = (which: 'row' | 'column' | 'results', ...args: Code[]): Code =>
      place[which](...turn, ...args);
    scope.body.push(blockLoops(frame, form, product, { ...block, turns }, call));
  });
  return funcOf(form.name, frame, codeOf(root));
}

/** Where the right factor of this turn of the batch starts. */
function matrixOf(root: Scope, scope: Scope, form: Form, { direct, batch }: Product): Code {
  const { input, index } = direct!;
  const steps = batch.map((axis) =>
    $('i32.mul', indexOf(scope, axis), int(BYTES * stepOf(index, axis))),
  );
  const start = plus(get(baseOf(root, form.inputs[input]!)), BYTES * index.at);
  return steps.reduce((sum, step) => $('i32.add', sum, step), start);
}

/** The locals of a matrix that is read as it lies. */
function lyingOf(root: Scope, form: Form, product: Product, split?: Split): Lying {
  const { direct, row, column, shape, blocks } = product;
  const { input, index, line, isFar, packs } = direct!;
  const width = form.extents[column]!;
  const tiled = width - (width % shape.columns);
  const lying = { matrix: local(root.frame, 'i32'), line, tiled };
  // Those who share the tiles of a block go through it at once: it comes near for all.
  if (packs || !isFar || (split && split.along !== 'batch')) return lying;
  const tiles = Math.ceil(form.extents[row]! / shape.rows) * (blocks.columns / shape.columns);
  const pace = BYTES * Math.ceil(line / tiles);
  const bytes = BYTES * (rangeOf(index, form.extents).most + 1) - pace * blocks.inner;
  const last = remember(root, 'last place to read ahead', 'i32', () =>
    plus(get(baseOf(root, form.inputs[input]!)), bytes),
  );
  return { ...lying, next: { at: local(root.frame, 'i32'), last, pace } };
}

/** Columns outside, then the inner loop, then rows: a block of the right factor is packed once. */
function blockLoops(
  frame: Frame,
  form: Form,
  product: Product,
  block: Block & { turns: { row: Turns; column: Turns } },
  call: (which: 'row' | 'column' | 'results', ...args: Code[]) => Code,
): Code {
  const { inner, blocks } = product;
  const { lying } = block;
  const turnsOfFold = form.extents[inner]!;
  const stride = BYTES * blocks.columns;
  const [i0] = block.rows;
  const [, k1] = block.inner;
  const [j0, j1] = block.columns;
  const { of, at } = block.ready ?? {};
  const lies = (which: 'row' | 'column', first: Local): Code =>
    placeIn(get(at!), wholeOf(form, product, which), get(first), block.inner);
  const before = block.waits ? get(i0) : int(0);
  const [lines, width, depth] = [block.rows, block.columns, block.inner].map((b) => b.map(get));
  const sums = $('i32.add', get(block.sums), $('i32.mul', before, int(stride)));
  const rows = [
    of === 'row' ? set(block.left, lies('row', i0)) : call('row', lines!, depth!, get(block.left)),
    tileLoops(frame, tilesOf(product), block, sums, stride),
    when($('i32.eq', get(k1), int(turnsOfFold)), call('results', lines!, width!, sums)),
  ];
  const packed = lying
    ? when(
        $('i32.gt_s', get(j1), int(lying.tiled)),
        call('column', int(lying.tiled), get(j1), depth!, get(block.right)),
      )
    : of === 'column'
      ? set(block.right, lies('column', j0))
      : call('column', width!, depth!, get(block.right));
  const turns: Code = [packed, blockLoop(block.rows, block.turns.row, blocks.rows, rows)];
  const whole: Turns = [int(0), int(turnsOfFold)];
  const columns = blockLoop(block.inner, whole, blocks.inner, turns);
  return blockLoop(block.columns, block.turns.column, blocks.columns, columns);
}

/** Where a block is: in scratch memory, and in the product. */
interface Block {
  readonly left: Local;
  readonly right: Local;
  readonly sums: Local;
  /** Do the sums of all rows wait for those of the next turns of the inner loop? */
  readonly waits: boolean;
  readonly rows: Bounds;
  readonly columns: Bounds;
  readonly inner: Bounds;
  /** Where the right factor is, if it is read as it lies. */
  readonly lying?: Lying;
  /** The factor that is packed as a whole before, and from where on. */
  readonly ready?: { readonly of: 'row' | 'column'; readonly at: Local };
}

/** A matrix that tiles read as it lies. */
interface Lying {
  readonly matrix: Local;
  /** Floats from one line to the next. */
  readonly line: number;
  /** The columns that fill tiles: the others are packed. */
  readonly tiled: number;
  /** If it is far: what tiles read ahead of the next block. */
  readonly next?: Next;
}

/** Where a tile begins to read ahead, and the last place where it may. */
interface Next {
  readonly at: Local;
  readonly last: Local;
  /** Bytes for each turn of each tile, so that all of them read a block. */
  readonly pace: number;
}

/** Where a turn of the inner loop has its columns from `j` on. */
const placeOf = ({ matrix, line }: Lying, k: Local, j: Code): Code =>
  $(
    'i32.add',
    get(matrix),
    $('i32.mul', $('i32.add', $('i32.mul', get(k), int(line)), j), int(BYTES)),
  );

/**
 * Goes through the tiles of a block; a panel of columns stays near for all rows.
 * @param packing computes the first tile of each panel and packs it for the others, if given
 */
function tileLoops(
  frame: Frame,
  [tile, packing]: readonly Tile[],
  block: Block,
  sums: Code,
  stride: number,
): Code {
  const [a, b, at, line, i, j, turns, step, panels] = Array.from({ length: 9 }, () =>
    local(frame, 'i32'),
  );
  const { rows, columns, panel } = tile.shape;
  const bytes = (width: number): Code => $('i32.mul', get(turns), int(BYTES * width));
  const forward = (pointer: Local, by: Code): Code => set(pointer, $('i32.add', get(pointer), by));
  const again = (index: Local, by: number, end: Local): Code =>
    $('br_if', 0, $('i32.lt_s', $('local.tee', index, plus(get(index), by)), get(end)));
  const [[i0, i1], [j0, j1], [k0, k1]] = [block.rows, block.columns, block.inner];
  const { left, right, lying } = block;
  const next = lying?.next;
  // What is at hand is read where nothing is ahead.
  const reading = next ? [get(next.at), int(next.pace)] : [get(a), int(0)];
  const call = (which: Tile, row: number, from: Local, by: Code, ...more: Code[]): Code =>
    $(
      'call',
      tileAt(which),
      ...[plus(get(a), BYTES * row), get(from), get(at), get(turns)],
      ...[int(stride), get(k0), by, ...more],
    );
  const plain = (row: number): Code =>
    packing
      ? call(tile, row, panels, int(BYTES * columns))
      : call(tile, row, b, get(step), ...(tile.kind === 'reads' ? reading : []));
  // A panel that is packed already is packed where it is.
  const first = (packing: Tile): Code => [
    ...[$('if', $('i32.eq', get(i), get(i0))), call(packing, 0, b, get(step), get(panels))],
    ...[$('else'), plain(0), $('end')],
  ];
  const computeTile = (row: number): Code => [
    next ? notBehind(next.at, get(next.last)) : [],
    packing && row === 0 ? first(packing) : plain(row),
    next ? forward(next.at, $('i32.mul', get(turns), int(next.pace))) : [],
    set(at, plus(get(at), rows * stride)),
    set(i, plus(get(i), rows)),
  ];
  const more = $('i32.lt_s', get(i), get(i1));
  const others = Array.from({ length: panel / rows - 1 }, (_, n) => rows * (n + 1));
  const fromPanels: Code = [
    ...[set(b, get(right)), set(step, int(BYTES * columns))],
    packing ? set(panels, get(right)) : [],
  ];
  const fromMatrix = (from: Lying): Code => [
    ...[set(b, placeOf(from, k0, get(j0))), set(step, int(BYTES * from.line))],
    next ? set(next.at, placeOf(from, k1, int(0))) : [],
    // The first place is for the columns that fill no tile.
    packing ? set(panels, $('i32.add', get(right), bytes(columns))) : [],
  ];
  return [
    set(turns, $('i32.sub', get(k1), get(k0))),
    lying ? fromMatrix(lying) : fromPanels,
    set(line, sums),
    set(j, get(j0)),
    $('loop'),
    lying ? when($('i32.eq', get(j), int(lying.tiled)), fromPanels) : [],
    set(a, get(left)),
    set(at, get(line)),
    set(i, get(i0)),
    $('loop'),
    computeTile(0),
    others.map((row) => when(more, computeTile(row))),
    forward(a, bytes(panel)),
    $('br_if', 0, more),
    $('end'),
    forward(b, lying ? int(BYTES * columns) : bytes(columns)),
    set(line, plus(get(line), BYTES * columns)),
    again(j, columns, j1),
    $('end'),
  ];
}
