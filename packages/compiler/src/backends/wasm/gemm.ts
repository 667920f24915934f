// Products of large matrices: packed panels, and a tile of 2 x 16 outputs in registers.
import { type Bounds, blockLoop, placeIn, type Turns, touched } from './blocks.ts';
import {
  $,
  type Code,
  createFrame,
  type Frame,
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
  when,
} from './code.ts';
import { type Form, stepOf } from './form.ts';
import { MATH } from './math.ts';
import { packOf } from './pack.ts';
import {
  PANEL,
  PANEL_ROWS,
  type Product,
  panelsOf,
  type Split,
  splitOf,
  TILE_COLUMNS,
  TILE_ROWS,
} from './product.ts';
import { resultOf } from './results.ts';
import { TILES } from './schedule.ts';
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
import {
  commonOf,
  type Place,
  parametersOf,
  type Share,
  scratchOf,
  shareToEnd,
  TABLE,
} from './share.ts';
import { baseOf, createValues, type Lanes } from './values.ts';

const WIDTH = 4;
const BYTES = 4;
/** Where the functions of tiles are in every module: after those of math. */
const TILE = MATH.length;
const WIDE_TILE = TILE + 1;

/** The functions of a product, from its first on. */
const PACK = { row: 0, column: 1 } as const;
const RESULTS = 2;

const i32s = (count: number): Type[] => Array(count).fill('i32');

/** The functions of tiles: of panels, and of columns that are `step` bytes apart. */
export const tileFunctions = (simd: Simd): Func[] => [
  tileFunction('tile', i32s(6), (b) => plus(get(b), BYTES * TILE_COLUMNS), simd),
  tileFunction('wide tile', i32s(7), (b) => $('i32.add', get(b), get(6)), simd),
];

/**
 * tile(a, b, sums, turns, stride, more, [step]): adds the products of some rows of a panel and of
 * 16 columns up, as many columns at once as registers hold. With `more` it goes on where the sums
 * are; `next` is b at the next turn.
 */
function tileFunction(name: string, params: Type[], next: (b: Local) => Code, simd: Simd): Func {
  const frame = createFrame(...params);
  const [left, right, sums, count, stride, more] = [0, 1, 2, 3, 4, 5] as const;
  const vectors = (many: number): Local[] =>
    Array.from({ length: many }, () => local(frame, 'v128'));
  const { line } = TILES[simd];
  const rows = Array.from({ length: TILE_ROWS }, () => vectors(line));
  const columns = vectors(line);
  const x = local(frame, 'v128');
  const [at, a, b, turns] = [0, 0, 0, 0].map(() => local(frame, 'i32')) as [
    Local,
    Local,
    Local,
    Local,
  ];
  const eachSum = (visit: (sum: Local, offset: number) => Code): Code => [
    set(at, get(sums)),
    ...rows.map((row) => [
      ...row.map((sum, i) => visit(sum, BYTES * WIDTH * i)),
      set(at, $('i32.add', get(at), get(stride))),
    ]),
  ];
  const part = (first: number): Code => [
    ...[set(a, get(left)), set(b, get(right)), set(turns, get(count))],
    $('if', get(more)),
    eachSum((sum, offset) => set(sum, $('v128.load', first + offset, get(at)))),
    $('else'),
    eachSum((sum) => set(sum, floats(0))),
    $('end'),
    $('loop'),
    ...columns.map((to, i) => set(to, $('v128.load', first + BYTES * WIDTH * i, get(b)))),
    ...rows.map((row, i) => [
      set(x, $('v128.load32_splat', BYTES * i, get(a))),
      ...row.map((sum, i) => set(sum, multiplyAdd(simd, get(x), get(columns[i]!), get(sum)))),
    ]),
    set(a, plus(get(a), BYTES * PANEL_ROWS)),
    set(b, next(b)),
    $('br_if', 0, $('local.tee', turns, $('i32.sub', get(turns), int(1)))),
    $('end'),
    eachSum((sum, offset) => $('v128.store', first + offset, get(at), get(sum))),
  ];
  const parts = Array.from({ length: TILE_COLUMNS / WIDTH / line }, (_, i) => i);
  const body = parts.map((i) => part(BYTES * WIDTH * line * i));
  return { name, params: frame.params, results: [], locals: frame.locals, body };
}

/** The functions of a product; the last runs it, or a part of it. */
export function gemmOf(form: Form, product: Product, place: Place): Func[] {
  const { left, right, row, column, inner, batch } = product;
  const shared = { inner, batch };
  const split = place.threads > 1 ? splitOf(form, product, place.threads) : undefined;
  return [
    packOf(form, {
      ...{ ...shared, name: `${form.name}: left`, factor: left, axis: row, panel: PANEL_ROWS },
    }),
    packOf(form, {
      ...{ ...shared, name: `${form.name}: right`, factor: right, axis: column },
      panel: TILE_COLUMNS,
    }),
    resultsOf(form, product),
    ...(split?.ready ? [packAllOf(form, product, place, split.ready)] : []),
    blocksOf(form, product, place, split),
  ];
}

/**
 * The function that computes results from sums: its parameters are the table, the batch's loop
 * variables, the ranges of rows and columns, and where the sums are.
 */
function resultsOf(form: Form, { row, column, batch, blocks }: Product): Func {
  const frame = createFrame(...i32s(6 + batch.length));
  const [i0, i1, j0, j1, sums] = [1, 2, 3, 4, 5].map((i) => batch.length + i);
  const root = createScope(frame, form.extents);
  const bases = form.inputs.map((id) => baseOf(root, id));
  const out = baseOf(root, form.output);
  const [at, wide] = [local(frame, 'i32'), local(frame, 'i32')];
  const values = createValues(bases, () => []);
  const some = (scope: Scope, lanes: Lanes, step: number): void => {
    resultOf({ form, values, out, at }, scope, lanes);
    scope.body.push(set(at, plus(get(at), BYTES * step)));
  };
  addBound(root, batch, (scope) => {
    const rest = $('i32.rem_s', $('i32.sub', get(j1), get(j0)), int(WIDTH));
    scope.body.push(set(wide, $('i32.sub', get(j1), rest)));
    addLoop(scope, row, { from: get(i0), to: get(i1), step: 1 }, (line) => {
      line.body.push(set(at, get(sums)));
      addLoop(line, column, { from: get(j0), to: get(wide), step: WIDTH }, (four) =>
        some(four, { vector: column, shift: new Map() }, WIDTH),
      );
      addLoop(line, column, { from: get(wide), to: get(j1), step: 1 }, (one) =>
        some(one, { shift: new Map() }, 1),
      );
      line.body.push(set(sums, plus(get(sums), BYTES * blocks.columns)));
    });
  });
  return {
    name: `${form.name}: results`,
    ...{ params: frame.params, results: [], locals: frame.locals, body: codeOf(root) },
  };
}

/** The function that packs, for all parts of a product, the factor that all of them need. */
function packAllOf(form: Form, product: Product, place: Place, which: 'row' | 'column'): Func {
  const frame = createFrame(...parametersOf(true));
  const [extent, panel] = [form.extents[product[which]]!, PANEL[which]];
  const panels = Math.ceil(extent / panel);
  const { share, code } = shareToEnd(frame, product[which], extent, panels, panel);
  const inner: Bounds = [local(frame, 'i32'), local(frame, 'i32')];
  const turns: Turns = [int(0), int(form.extents[product.inner]!)];
  const to = placeIn(commonOf(place), extent, panel, share.from, inner);
  const args = [share.from, share.to, ...inner].map(get);
  const pack = $('call', place.first + PACK[which], get(TABLE), ...args, to);
  return {
    name: `${form.name}: ${which}s`,
    ...{ params: frame.params, results: [], locals: frame.locals },
    body: [
      code,
      when(
        $('i32.lt_s', get(share.from), get(share.to)),
        blockLoop(inner, turns, product.blocks.inner, pack),
      ),
    ],
  };
}

/** The function that goes through the blocks of a product. */
function blocksOf(form: Form, product: Product, place: Place, split?: Split): Func {
  const { first } = place;
  const frame = createFrame(...parametersOf(split !== undefined));
  const root = createScope(frame, form.extents);
  const scratch = panelsOf(form, product, split?.ready);
  const pointer = (what: 'left' | 'right' | 'sums'): Local =>
    remember(root, `scratch of ${what}`, 'i32', () =>
      plus(scratchOf(place), BYTES * scratch[what]),
    );
  const range = (): Bounds => [local(frame, 'i32'), local(frame, 'i32')];
  const block: Block = {
    ...{ left: pointer('left'), right: pointer('right'), sums: pointer('sums') },
    ...{ rows: range(), columns: range(), inner: range(), matrix: local(frame, 'i32') },
    ...(split?.ready && {
      ready: {
        of: split.ready,
        at: remember(root, 'common', 'i32', () => commonOf(place)),
      },
    }),
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
    if (product.direct) scope.body.push(set(block.matrix, matrixOf(root, scope, form, product)));
    const given = [get(TABLE), ...product.batch.map((axis) => indexOf(scope, axis))];
    const call = (which: number, ...args: (Code | Bounds)[]): Code =>
      $('call', first + which, ...given, ...args.map(codeOfArgument));
    scope.body.push(blockLoops(frame, form, product, { ...block, turns }, call));
  });
  return {
    name: form.name,
    ...{ params: frame.params, results: [], locals: frame.locals, body: codeOf(root) },
  };
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

const isBounds = (x: Code | Bounds): x is Bounds => typeof x[0] === 'number';
const codeOfArgument = (x: Code | Bounds): Code => (isBounds(x) ? [get(x[0]), get(x[1])] : x);

/** Columns outside, then the inner loop, then rows: a block of the right factor is packed once. */
function blockLoops(
  frame: Frame,
  { extents }: Form,
  product: Product,
  block: Block & { turns: { row: Turns; column: Turns } },
  call: (which: number, ...args: (Code | Bounds)[]) => Code,
): Code {
  const { row, column, inner, blocks, direct } = product;
  const stride = BYTES * blocks.columns;
  const [i0] = block.rows;
  const [, k1] = block.inner;
  const [j0, j1] = block.columns;
  const { of, at } = block.ready ?? {};
  const lies = (axis: number, panel: number, first: Local): Code =>
    placeIn(get(at!), extents[axis]!, panel, first, block.inner);
  // Of a factor that is read as it lies, only the columns that fill no tile are packed.
  const end = extents[column]! - (extents[column]! % TILE_COLUMNS);
  const sums = $('i32.add', get(block.sums), $('i32.mul', get(i0), int(stride)));
  const rows = [
    of === 'row'
      ? set(block.left, lies(row, PANEL_ROWS, i0))
      : call(PACK.row, block.rows, block.inner, get(block.left)),
    tilesOf(frame, block, sums, stride, direct && { columns: extents[column]!, end }),
    when(
      $('i32.eq', get(k1), int(extents[inner]!)),
      call(RESULTS, block.rows, block.columns, sums),
    ),
  ];
  const packed = direct
    ? [
        touched(
          frame,
          partOf(block, extents[column]!),
          block.columns,
          block.inner,
          extents[column]!,
        ),
        when(
          $('i32.gt_s', get(j1), int(end)),
          call(PACK.column, [int(end), get(j1)], block.inner, get(block.right)),
        ),
      ]
    : of === 'column'
      ? set(block.right, lies(column, TILE_COLUMNS, j0))
      : call(PACK.column, block.columns, block.inner, get(block.right));
  const turns: Code = [packed, blockLoop(block.rows, block.turns.row, blocks.rows, rows)];
  const whole: Turns = [int(0), int(extents[inner]!)];
  const columns = blockLoop(block.inner, whole, blocks.inner, turns);
  return blockLoop(block.columns, block.turns.column, blocks.columns, columns);
}

/** Where a block is: in scratch memory, and in the product. */
interface Block {
  readonly left: Local;
  readonly right: Local;
  readonly sums: Local;
  readonly rows: Bounds;
  readonly columns: Bounds;
  readonly inner: Bounds;
  /** Where the right factor is, if it is read as it lies. */
  readonly matrix: Local;
  /** The factor that is packed as a whole, and from where on. */
  readonly ready?: { readonly of: 'row' | 'column'; readonly at: Local };
}

/** Where the columns of a block start in a line of the matrix. */
const partOf = ({ matrix, inner: [k0], columns: [j0] }: Block, columns: number): Code => {
  const before = $('i32.add', $('i32.mul', get(k0), int(columns)), get(j0));
  return $('i32.add', get(matrix), $('i32.mul', before, int(BYTES)));
};

/** Goes through the tiles of a block; a panel of columns stays near for all rows. */
function tilesOf(
  frame: Frame,
  block: Block,
  sums: Code,
  stride: number,
  direct?: { readonly columns: number; readonly end: number },
): Code {
  const [a, b, at, line, i, j, turns, step] = Array.from({ length: 8 }, () => local(frame, 'i32'));
  const panel = (width: number): Code => $('i32.mul', get(turns), int(BYTES * width));
  const forward = (pointer: Local, by: Code): Code => set(pointer, $('i32.add', get(pointer), by));
  const again = (index: Local, step: number, end: Local): Code =>
    $('br_if', 0, $('i32.lt_s', $('local.tee', index, plus(get(index), step)), get(end)));
  const [[i0, i1], [j0, j1], [k0, k1]] = [block.rows, block.columns, block.inner];
  const tile = (row: number): Code => [
    $(
      'call',
      direct ? WIDE_TILE : TILE,
      plus(get(a), BYTES * row),
      ...[get(b), get(at), get(turns), int(stride), get(k0)],
      ...(direct ? [get(step)] : []),
    ),
    set(at, plus(get(at), TILE_ROWS * stride)),
    set(i, plus(get(i), TILE_ROWS)),
  ];
  const more = $('i32.lt_s', get(i), get(i1));
  const fromPanels: Code = [set(b, get(block.right)), set(step, int(BYTES * TILE_COLUMNS))];
  const fromMatrix = (columns: number): Code => [
    set(b, partOf(block, columns)),
    set(step, int(BYTES * columns)),
  ];
  return [
    set(turns, $('i32.sub', get(k1), get(k0))),
    direct ? fromMatrix(direct.columns) : fromPanels,
    set(line, sums),
    set(j, get(j0)),
    $('loop'),
    direct ? when($('i32.eq', get(j), int(direct.end)), fromPanels) : [],
    set(a, get(block.left)),
    set(at, get(line)),
    set(i, get(i0)),
    $('loop'),
    tile(0),
    when(more, tile(TILE_ROWS)),
    forward(a, panel(PANEL_ROWS)),
    $('br_if', 0, more),
    $('end'),
    forward(b, direct ? int(BYTES * TILE_COLUMNS) : panel(TILE_COLUMNS)),
    set(line, plus(get(line), BYTES * TILE_COLUMNS)),
    again(j, TILE_COLUMNS, j1),
    $('end'),
  ];
}
