// What the JSON of each op must be: its attributes, its number of sources, its shape. To add an
// op, name its attributes here, and, unless it is elementwise, its shape: else it won't compile.
import { type ElementwiseOp, rowOf } from '../elementwise.ts';
import {
  type AttrOf,
  type Init,
  make,
  type Node,
  type OpName,
  type Shape,
  sameShape,
  showShape,
} from '../node.ts';
import { permute, sum } from '../ops.ts';
import {
  axes,
  boolean,
  type Check,
  fail,
  fresh,
  notNegative,
  oneOf,
  real,
  record,
  sizeName,
  where,
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

/** The attributes of every op. */
const attributes: { readonly [K in SavedOp]: Check<AttrOf[K]> } = {
  input: record({ serial: fresh, order: oneOf('rows', 'columns'), distribution: boolean }),
  param: record({ serial: fresh, init }),
  const: record({ value: real }),
  size: record({ dim: sizeName }),
  matmul: none,
  permute: record({ axes }),
  expand: record({ dims: axes }),
  sum: record({ axes }),
  maxOver: record({ axes }),
  logsumexp: record({ axes }),
  add: none,
  mul: none,
  pow: record({ exponent: real }),
  exp: none,
  log: none,
  log1p: none,
  expm1: none,
  sin: none,
  cos: none,
  abs: none,
  max: none,
  min: none,
  less: none,
  where: none,
  sigmoid: none,
  tanh: none,
  softplus: none,
  leakyRelu: record({ slope: notNegative }),
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
  sum: reduction,
  maxOver: reduction,
  logsumexp: reduction,
};

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

/** The name of an op that a graph may have. */
export const opName = where<SavedOp>(
  'no op that this library has',
  (x) => typeof x === 'string' && Object.hasOwn(attributes, x),
);

/** The node of this op, its attributes unchecked until here. @throws ChainruleError */
export function build(op: SavedOp, src: readonly Node[], given: unknown, stated: Shape): Node {
  const attr = attributes[op](given);
  const row = rowOf(op);
  const { sources, shape: shapeOf } = row
    ? { sources: row.points[0]!.length, shape: alike }
    : (structures[op as keyof typeof structures] as Structure<unknown>);
  if (src.length !== sources) fail(`${op} has ${sources} sources, not ${src.length}.`);
  const derived = shapeOf(src, attr, stated);
  if (!derived)
    return fail(`${op} of ${src.map((s) => showShape(s.shape)).join(' and ')} is none.`);
  if (sameShape(derived, stated)) return make(op, src, attr as never, derived);
  return fail(`${op} is ${showShape(derived)}, not ${showShape(stated)}.`);
}
