// Copies a block of a factor into panels: for each turn of the inner loop, the neighbours that one
// tile needs lie side by side. Transposes, orders and what is computed on the way end here.
import type { Expr } from '../../nest.ts';
import {
  $,
  BYTES,
  type Code,
  createFrame,
  endOfSteps,
  endOfVectors,
  type Func,
  floats,
  funcOf,
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

/**
 * Panels that are packed side by side where memory follows their neighbours: a line of the cache
 * belongs to two of 8 floats, and lines far apart soon drive each other out.
 */
const SIDE = 4;

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
 * What a factor that is read as it lies has in common with others that one function packs, and its
 * buffer: the table of such a function begins there. Undefined for what is computed on the way.
 */
export function alikeOf({ extents, inputs }: Form, packing: Packing) {
  const { name, factor, ...rest } = packing;
  if (factor.op !== 'load' || !factor.index[0]!.of.every((t) => 'axis' in t)) return undefined;
  const isWhole = extents[packing.inner]! % WIDTH === 0;
  const key = JSON.stringify([factor.index, rest, extents[packing.axis], isWhole]);
  return { key, buffer: inputs[factor.input]! };
}

/**
 * The function that packs: its parameters are the table, the batch's loop variables, the ranges
 * of the neighbours and of the inner loop, and where to.
 * @param isShared does the table begin with what is packed?
 */
export function packOf(form: Form, p: Packing, isShared: boolean): Func {
  const frame = createFrame(...Array<Type>(6 + p.batch.length).fill('i32'));
  const [from, to, first, last, target] = [1, 2, 3, 4, 5].map((i) => p.batch.length + i);
  const root = createScope(frame, form.extents);
  const bases = form.inputs.map((id) => baseOf(root, isShared ? 0 : id));
  const loads = loadsIn(p.factor);
  const rate = (along: number) => loads.reduce((n, l) => n + suits(l.index[0]!, along), 0);
  const packer: Packer = {
    ...{ packing: p, values: createValues(bases, () => []), target, first, last },
    ...{ aligned: local(frame, 'i32'), whole: local(frame, 'i32') },
    isWhole: form.extents[p.inner]! % WIDTH === 0,
    isTransposed: rate(p.inner) > rate(p.axis),
  };
  addBound(root, p.batch, (scope) => {
    const extent = form.extents[p.axis]!;
    const end = extent - (extent % p.panel);
    const fits = $('i32.lt_s', get(to), int(end));
    scope.body.push(
      set(packer.whole, $('select', get(to), int(end), fits)),
      set(packer.aligned, packer.isWhole ? get(last) : endOfVectors(first, last)),
    );
    let start = from;
    for (const count of packer.isTransposed ? [1] : [SIDE, 1]) {
      const step = count * p.panel;
      const stop = local(frame, 'i32');
      scope.body.push(set(stop, endOfSteps(start, packer.whole, step)));
      const range = { from: get(start), to: get(stop), step };
      addLoop(scope, p.axis, range, (panels) => fullPanels(packer, panels, count));
      start = stop;
    }
    if (end === extent) return;
    scope.body.push($('if', $('i32.gt_s', get(to), int(end))));
    addLoop(scope, p.axis, { from: end, to: extent, step: p.panel }, (panel) =>
      edgePanel(packer, panel, extent - end),
    );
    scope.body.push($('end'));
  });
  return funcOf(p.name, frame, codeOf(root));
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
  /** Does memory follow the inner loop? */
  readonly isTransposed: boolean;
}

/** Where the vectors of a panel start: the last one ends with it, even if they overlap. */
const groupsOf = (panel: number): number[] =>
  Array.from({ length: Math.ceil(panel / WIDTH) }, (_, g) => Math.min(g * WIDTH, panel - WIDTH));

const advance = (target: Local, floatsWritten: number): Code =>
  set(target, plus(get(target), BYTES * floatsWritten));

/** Some panels, side by side. */
function fullPanels(packer: Packer, scope: Scope, count: number): void {
  const { inner, panel } = packer.packing;
  if (packer.isTransposed) {
    const range: Range = { from: get(packer.first), to: get(packer.aligned), step: WIDTH };
    addLoop(scope, inner, range, (turn) => {
      for (const g of groupsOf(panel)) transpose(packer, turn, g);
      turn.body.push(advance(packer.target, panel * WIDTH));
    });
    if (packer.isWhole) return;
  }
  copyTurns(packer, scope, packer.isTransposed ? packer.aligned : packer.first, count);
}

/** Copies the turns from one on. */
function copyTurns(packer: Packer, scope: Scope, from: Local, count: number): void {
  const { axis, inner, panel } = packer.packing;
  const bytes = $('i32.mul', $('i32.sub', get(packer.last), get(from)), int(BYTES * panel));
  const others = Array.from({ length: count - 1 }, () => local(scope.frame, 'i32'));
  const targets = [packer.target, ...others];
  for (const [i, other] of others.entries()) {
    scope.body.push(set(other, $('i32.add', get(targets[i]!), bytes)));
  }
  addLoop(scope, inner, { from: get(from), to: get(packer.last), step: 1 }, (turn) => {
    for (const [i, target] of targets.entries()) {
      for (const g of groupsOf(panel)) {
        const x = value(packer, turn, { vector: axis, shift: new Map([[axis, i * panel + g]]) });
        turn.body.push($('v128.store', BYTES * g, get(target), x));
      }
      turn.body.push(advance(target, panel));
    }
  });
  if (count > 1) scope.body.push(set(packer.target, get(targets.at(-1)!)));
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
    turn.body.push(advance(packer.target, panel));
  });
}
