// Copies a block of a factor into panels: for each turn of the inner loop, the neighbours that one
// tile needs lie side by side. Transposes, orders and what is computed on the way end here.
import type { Expr } from '../../nest.ts';
import {
  $,
  BYTES,
  type Code,
  createFrame,
  endOfVectors,
  type Func,
  floats,
  get,
  int,
  type Local,
  local,
  plus,
  set,
  shuffle,
  type Type,
  WIDTH,
} from './code.ts';
import { type Form, loadsIn } from './form.ts';
import { addBound, addLoop, codeOf, createScope, type Range, type Scope } from './scope.ts';
import { baseOf, createValues, evaluate, type Lanes, suits, type Values } from './values.ts';

/** What is packed: a factor, and how many neighbours along which loop make a panel. */
export interface Packing {
  readonly name: string;
  readonly factor: Expr;
  readonly axis: number;
  readonly panel: number;
  readonly inner: number;
  readonly batch: readonly number[];
}

/**
 * The function that packs: its parameters are the table, the batch's loop variables, the ranges
 * of the neighbours and of the inner loop, and where to.
 */
export function packOf(form: Form, p: Packing): Func {
  const frame = createFrame(...Array<Type>(6 + p.batch.length).fill('i32'));
  const [from, to, first, last, target] = [1, 2, 3, 4, 5].map((i) => p.batch.length + i);
  const root = createScope(frame, form.extents);
  const bases = form.inputs.map((id) => baseOf(root, id));
  const packer: Packer = {
    ...{ packing: p, values: createValues(bases, () => []), target, first, last },
    ...{ aligned: local(frame, 'i32'), whole: local(frame, 'i32') },
    isWhole: form.extents[p.inner]! % WIDTH === 0,
  };
  addBound(root, p.batch, (scope) => {
    const extent = form.extents[p.axis]!;
    const end = extent - (extent % p.panel);
    const fits = $('i32.lt_s', get(to), int(end));
    scope.body.push(
      set(packer.whole, $('select', get(to), int(end), fits)),
      set(packer.aligned, packer.isWhole ? get(last) : endOfVectors(first, last)),
    );
    const range = { from: get(from), to: get(packer.whole), step: p.panel };
    addLoop(scope, p.axis, range, (panel) => fullPanel(packer, panel));
    if (end === extent) return;
    scope.body.push($('if', $('i32.gt_s', get(to), int(end))));
    addLoop(scope, p.axis, { from: end, to: extent, step: p.panel }, (panel) =>
      edgePanel(packer, panel, extent - end),
    );
    scope.body.push($('end'));
  });
  return {
    name: p.name,
    ...{ params: frame.params, results: [], locals: frame.locals, body: codeOf(root) },
  };
}

interface Packer {
  readonly packing: Packing;
  readonly values: Values;
  readonly target: Local;
  readonly first: Local;
  readonly last: Local;
  /** Where the whole vectors of the inner loop end. */
  readonly aligned: Local;
  readonly whole: Local;
  /** Do blocks of the inner loop have whole vectors only? */
  readonly isWhole: boolean;
}

/** Where the vectors of a panel start: the last one ends with it, even if they overlap. */
const groupsOf = (panel: number): number[] =>
  Array.from({ length: Math.ceil(panel / WIDTH) }, (_, g) => Math.min(g * WIDTH, panel - WIDTH));

const advance = ({ target }: Packer, floatsWritten: number): Code =>
  set(target, plus(get(target), BYTES * floatsWritten));

function fullPanel(packer: Packer, scope: Scope): void {
  const { axis, inner, panel, factor } = packer.packing;
  const loads = loadsIn(factor).map((l) => l.index[0]!);
  const rate = (along: number): number => loads.reduce((n, i) => n + suits(i, along), 0);
  const transposed = rate(inner) > rate(axis);
  const groups = groupsOf(panel);
  const start = transposed ? packer.aligned : packer.first;
  if (transposed) {
    const range: Range = { from: get(packer.first), to: get(packer.aligned), step: WIDTH };
    addLoop(scope, inner, range, (turn) => {
      for (const g of groups) transpose(packer, turn, g);
      turn.body.push(advance(packer, panel * WIDTH));
    });
    if (packer.isWhole) return;
  }
  addLoop(scope, inner, { from: get(start), to: get(packer.last), step: 1 }, (turn) => {
    for (const g of groups) {
      const x = value(packer, turn, { vector: axis, shift: new Map([[axis, g]]) });
      turn.body.push($('v128.store', BYTES * g, get(packer.target), x));
    }
    turn.body.push(advance(packer, panel));
  });
}

const value = ({ values, packing }: Packer, scope: Scope, lanes: Lanes): Code =>
  evaluate(values, scope, packing.factor, lanes);

/** Four neighbours of four turns each become four turns of four neighbours. */
function transpose(packer: Packer, scope: Scope, from: number): void {
  const { axis, inner, panel } = packer.packing;
  const [a, b, c, d] = [0, 1, 2, 3].map((i) =>
    value(packer, scope, { vector: inner, shift: new Map([[axis, from + i]]) }),
  );
  const turns = [
    [shuffle(a, b, 0, 4, 1, 5), shuffle(c, d, 0, 4, 1, 5), 0],
    [shuffle(a, b, 2, 6, 3, 7), shuffle(c, d, 2, 6, 3, 7), 2],
  ] as const;
  for (const [low, high, turn] of turns) {
    const [x, y] = [local(scope.frame, 'v128'), local(scope.frame, 'v128')];
    const at = (t: number): number => BYTES * (t * panel + from);
    scope.body.push(
      set(x, low),
      set(y, high),
      $('v128.store', at(turn), get(packer.target), shuffle(get(x), get(y), 0, 1, 4, 5)),
      $('v128.store', at(turn + 1), get(packer.target), shuffle(get(x), get(y), 2, 3, 6, 7)),
    );
  }
}

/** The neighbours that are left, and zeros beside them. */
function edgePanel(packer: Packer, scope: Scope, count: number): void {
  const { axis, inner, panel } = packer.packing;
  const range: Range = { from: get(packer.first), to: get(packer.last), step: 1 };
  const whole = count - (count % WIDTH);
  addLoop(scope, inner, range, (turn) => {
    const to = get(packer.target);
    // First: what follows may lie over some of them.
    for (const g of groupsOf(panel)) {
      if (g + WIDTH > count) turn.body.push($('v128.store', BYTES * g, to, floats(0)));
    }
    for (let g = 0; g < whole; g += WIDTH) {
      const x = value(packer, turn, { vector: axis, shift: new Map([[axis, g]]) });
      turn.body.push($('v128.store', BYTES * g, to, x));
    }
    for (let i = whole; i < count; i++) {
      const x = value(packer, turn, { shift: new Map([[axis, i]]) });
      turn.body.push($('v128.store32_lane', BYTES * i, 0, to, x));
    }
    turn.body.push(advance(packer, panel));
  });
}
