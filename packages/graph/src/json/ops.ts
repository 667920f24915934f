// What the JSON of each op must be: its attributes, its number of sources, its shape. To add an op
// that has attributes, or is not elementwise, name them here: else it won't compile.
import { arityOf, type ElementwiseOp, elementwise, rowOf } from '../elementwise.ts';
import {
  type AttrOf,
  type Init,
  make,
  type Node,
  type OpName,
  type Shape,
  sameShape,
  showShape,
  type Tape,
  type TapeStep,
} from '../node.ts';
import { flip, permute, reshape, sum } from '../ops.ts';
import { MAX_STEPS } from '../rows/custom.ts';
import { FUNCTIONS } from '../text/functions.ts';
import {
  axes,
  boolean,
  type Check,
  fail,
  fresh,
  list,
  MAX_RANK,
  natural,
  notNegative,
  oneOf,
  positive,
  real,
  record,
  where,
  within,
  word,
} from './checks.ts';

const INITS = {
  constant: record({ kind: oneOf('constant'), value: real }),
  normal: record({ kind: oneOf('normal'), std: real }),
  uniform: record({ kind: oneOf('uniform'), limit: real }),
  variance: record({
    kind: oneOf('variance'),
    scale: real,
    fan: oneOf('in', 'out', 'average'),
    distribution: oneOf('normal', 'uniform'),
  }),
} satisfies { [K in Init['kind']]: Check<Extract<Init, { kind: K }>> };

const init: Check<Init> = (x) => {
  const known = typeof x === 'object' && x !== null && Object.hasOwn(x, 'kind');
  const kind = known ? (x as { kind: unknown }).kind : undefined;
  return INITS[oneOf(...(Object.keys(INITS) as Init['kind'][]))(kind)](x);
};

/** Variables of rules are in no graph that a user has. */
export type SavedOp = Exclude<OpName, 'hole'>;

const none = record<Readonly<Record<never, never>>>({});

/** Ops that have attributes; those of all others are none. */
type WithAttributes = {
  [K in SavedOp]: keyof AttrOf[K] extends never ? never : K;
}[SavedOp];

const strided = record({ starts: list(natural, MAX_RANK), steps: list(positive, MAX_RANK) });

const any: Check<unknown> = (x) => x;

/** One step of a tape; no op of a user inside of another. */
const stepOp = where<OpName>(
  'no elementwise op',
  (x) =>
    x === 'const' || (typeof x === 'string' && x !== 'custom' && Object.hasOwn(elementwise, x)),
);

function tapeStep(x: unknown, before: number): TapeStep {
  const earlier = where<number>('no earlier value', (i) => natural(i) < before);
  const fields = record({ op: stepOp, attr: any, src: list(earlier, MAX_RANK) })(x);
  const { op, src } = fields;
  const step = { op, attr: within('attr', () => attributeOf(op, fields.attr)), src };
  const sources = op === 'const' ? 0 : arityOf(step);
  return src.length === sources ? step : fail(`${op} has ${sources} sources, not ${src.length}.`);
}

/** A program of so many arguments: each step reads the values before it, so that it ends. */
const tape =
  (args: number): Check<Tape> =>
  (x) => {
    const { steps, result } = record({ steps: list(any, MAX_STEPS), result: natural })(x);
    const checked = steps.map((step, i) => within(`step ${i}`, () => tapeStep(step, args + i)));
    const values = args + checked.length;
    return result < values
      ? { steps: checked, result }
      : fail(`the result ${result} is none of the ${values} values.`);
  };

/** A name that prints as a call of this function, and of no other. */
const ownName: Check<string> = (x) => {
  const name = word(x);
  return FUNCTIONS.has(name) ? fail(`${name} is a function of the library.`) : name;
};

const custom: Check<AttrOf['custom']> = (x) => {
  const fields = record({ name: ownName, body: any, slopes: list(any, MAX_STEPS) });
  const { name, body, slopes: each } = fields(x);
  if (each.length === 0) fail('custom has no slopes: one for each argument.');
  const read = tape(each.length);
  return {
    name,
    body: within('body', () => read(body)),
    slopes: each.map((slope, i) => within(`slope ${i}`, () => read(slope))),
  };
};

const attributes: { readonly [K in WithAttributes]: Check<AttrOf[K]> } = {
  input: record({ serial: fresh, order: oneOf('rows', 'columns'), distribution: boolean }),
  param: record({ serial: fresh, init }),
  const: record({ value: real }),
  size: record({ dim: word }),
  iota: record({ axis: natural }),
  permute: record({ axes }),
  expand: record({ dims: axes }),
  slice: strided,
  pad: strided,
  flip: record({ axes }),
  sum: record({ axes }),
  maxOver: record({ axes }),
  logsumexp: record({ axes }),
  prod: record({ axes }),
  norm: record({ axes }),
  pow: record({ exponent: real }),
  clip: record({ lo: real, hi: real }),
  leakyRelu: record({ slope: notNegative }),
  elu: record({ alpha: notNegative }),
  custom,
};

/** How an op that is not elementwise gets its shape; undefined where the sources do not fit. */
interface Structure<A> {
  readonly sources: number;
  /** @param stated the shape that the JSON states, for ops that may have any */
  readonly shape: (src: readonly Node[], attr: A, stated: Shape) => Shape | undefined;
}

const leaf = { sources: 0, shape: (_src: unknown, _attr: unknown, stated: Shape) => stated };
const reduction: Structure<AttrOf['sum']> = {
  sources: 1,
  shape: ([x], { axes }) =>
    axes.length > 0 && isAscending(axes) ? sum(x!, axes).shape : undefined,
};

const structures: { readonly [K in Exclude<SavedOp, ElementwiseOp>]: Structure<AttrOf[K]> } = {
  input: leaf,
  param: leaf,
  const: leaf,
  size: { sources: 0, shape: () => [] },
  matmul: { sources: 2, shape: ([a, b]) => productShape(a!.shape, b!.shape) },
  permute: { sources: 1, shape: ([x], { axes }) => permute(x!, axes).shape },
  expand: {
    sources: 1,
    shape: ([x], { dims }, stated) => (expands(x!.shape, dims, stated) ? stated : undefined),
  },
  iota: { sources: 0, shape: (_, { axis }, stated) => (axis in stated ? stated : undefined) },
  reshape: { sources: 1, shape: ([x], _, stated) => reshape(x!, stated).shape },
  slice: {
    sources: 1,
    shape: ([x], attr, stated) => (places(stated, attr, x!.shape) ? stated : undefined),
  },
  pad: {
    sources: 1,
    shape: ([x], attr, stated) => (places(x!.shape, attr, stated) ? stated : undefined),
  },
  flip: {
    sources: 1,
    shape: ([x], { axes }) => (isAscending(axes) ? flip(x!, axes).shape : undefined),
  },
  sum: reduction,
  maxOver: reduction,
  logsumexp: reduction,
  prod: {
    ...reduction,
    shape: (src, attr, _) => (attr.axes.length === 1 ? reduction.shape(src, attr, _) : undefined),
  },
  norm: reduction,
};

/** Is position `starts + steps * i` of `whole` there, for every i of `part`? */
function places(part: Shape, { starts, steps }: AttrOf['slice'], whole: Shape): boolean {
  const lists = [part, starts, steps].every((list) => list.length === whole.length);
  return (
    lists &&
    whole.every((dim, d) => {
      const [n, start, step] = [part[d]!, starts[d]!, steps[d]!];
      if (n === dim && start === 0 && step === 1) return true;
      // Of a symbolic size it shows when that is bound.
      if (typeof n === 'string') return false;
      return typeof dim === 'string' || start + step * (n - 1) < dim;
    })
  );
}

const isAscending = (axes: readonly number[]): boolean =>
  axes.every((axis, i) => i === 0 || axis > axes[i - 1]!);

function productShape(a: Shape, b: Shape): Shape | undefined {
  const batch = a.slice(0, -2);
  const fits = a.length >= 2 && a.at(-1) === b.at(-2) && sameShape(batch, b.slice(0, -2));
  return fits ? [...batch, a.at(-2)!, b.at(-1)!] : undefined;
}

const expands = (from: Shape, dims: readonly number[], to: Shape): boolean =>
  dims.length === from.length &&
  isAscending(dims) &&
  from.every((d, i) => dims[i]! < to.length && (d === 1 || d === to[dims[i]!]));

/** All sources of an elementwise op have the shape of its result. */
const alike: Structure<unknown>['shape'] = ([first, ...rest]) =>
  rest.every((x) => sameShape(x.shape, first!.shape)) ? first!.shape : undefined;

const isSaved = (name: string): boolean =>
  Object.hasOwn(structures, name) || Object.hasOwn(elementwise, name);

/** The name of an op that a graph may have. */
export const opName = where<SavedOp>(
  'no op that this library has',
  (x) => typeof x === 'string' && isSaved(x),
);

/** The attributes of an op. @throws ChainruleError */
function attributeOf<K extends OpName>(op: K, given: unknown): AttrOf[K] {
  const known = Object.hasOwn(attributes, op) ? attributes[op as WithAttributes] : none;
  return (known as Check<AttrOf[K]>)(given);
}

/** The node of this op, its attributes unchecked until here. @throws ChainruleError */
export function build(op: SavedOp, src: readonly Node[], given: unknown, stated: Shape): Node {
  const attr = attributeOf(op, given);
  const { sources, shape: shapeOf } = rowOf(op)
    ? { sources: arityOf({ op, attr }), shape: alike }
    : (structures[op as keyof typeof structures] as Structure<unknown>);
  if (src.length !== sources) fail(`${op} has ${sources} sources, not ${src.length}.`);
  const derived = shapeOf(src, attr, stated);
  if (!derived)
    return fail(`${op} of ${src.map((s) => showShape(s.shape)).join(' and ')} is none.`);
  if (sameShape(derived, stated)) return make(op, src, attr as never, derived);
  return fail(`${op} is ${showShape(derived)}, not ${showShape(stated)}.`);
}
