// The leaves of a graph: inputs, parameters, constants and sizes.
import { checkOptions, checkOrder, checkShape, show } from './checks.ts';
import { ChainruleError } from './errors.ts';
import {
  type Dim,
  type Init,
  make,
  type Node,
  named,
  newSerial,
  type Order,
  type Shape,
} from './node.ts';

/** Options of `input`. */
export interface InputOptions {
  /** The name that feeds use; `math` gives it when it is left out. */
  readonly name?: string;
  /**
   * `'columns'`: the data hold one column (example) after another, as the rows of a CSV do. A
   * tensor in the other order is taken, too, and turned at every call.
   */
  readonly order?: Order;
  /**
   * The entries of each column sum to 1 (one-hot labels, probabilities). Sums over them simplify:
   * the gradient of a softmax cross-entropy becomes A - Y. Feeds are checked for it.
   */
  readonly distribution?: boolean;
}

/** Options of `param`. */
export interface ParamOptions {
  /** The name that `read` and `write` use; `math` gives it when it is left out. */
  readonly name?: string;
  /** How it starts; all zeros unless given. */
  readonly init?: Init;
}

/**
 * Data that are fed at each call: `input('n', 'm')` is a matrix of n features and m examples.
 * A size is a number or a name that is bound when the graph is compiled.
 * @throws ChainruleError if a size is neither a positive whole number nor a name.
 */
export function input<const S extends Shape>(...dims: S): Node<Readonly<S>>;
export function input<const S extends Shape>(
  ...args: readonly [...S, InputOptions]
): Node<Readonly<S>>;
export function input(...args: readonly (Dim | InputOptions)[]): Node;
export function input(...args: readonly (Dim | InputOptions)[]): Node {
  const { shape, options } = leafArguments<InputOptions>('input', args);
  const { order = 'rows', distribution = false } = options;
  checkOptions('input', options, 'name', 'order', 'distribution');
  checkOrder('input', order);
  const attr = { serial: newSerial(), order, distribution };
  const node = make('input', [], attr, shape);
  return options.name ? named(node, options.name) : node;
}

/**
 * A parameter, learned by training: `param(4, 3, { name: 'W1', init: he() })`.
 * @throws ChainruleError if a size is neither a positive whole number nor a name.
 */
export function param<const S extends Shape>(...dims: S): Node<Readonly<S>>;
export function param<const S extends Shape>(
  ...args: readonly [...S, ParamOptions]
): Node<Readonly<S>>;
export function param(...args: readonly (Dim | ParamOptions)[]): Node;
export function param(...args: readonly (Dim | ParamOptions)[]): Node {
  const { shape, options } = leafArguments<ParamOptions>('param', args);
  checkOptions('param', options, 'name', 'init');
  const init = options.init ?? { kind: 'constant', value: 0 };
  checkInit(init);
  const node = make('param', [], { serial: newSerial(), init }, shape);
  return options.name ? named(node, options.name) : node;
}

/** The number that each kind of first values needs. */
const INITS = { constant: 'value', normal: 'std', uniform: 'limit', variance: 'scale' } as const;

function isInit(init: object): boolean {
  const { kind, ...rest } = init as Record<string, unknown>;
  if (typeof kind !== 'string' || !Object.hasOwn(INITS, kind)) return false;
  return typeof rest[INITS[kind as Init['kind']]] === 'number';
}

function checkInit(init: unknown): void {
  if (typeof init === 'object' && init !== null && isInit(init)) return;
  const what = typeof init === 'function' ? `the function ${init.name}` : JSON.stringify(init);
  const fix =
    typeof init === 'function'
      ? `call it: init: ${init.name}().`
      : "give e.g. { kind: 'constant', value: 0.1 }, or he() of @chainrule/nn.";
  throw new ChainruleError(`param: the first values are ${what}.`, fix);
}

function leafArguments<O extends object>(
  what: string,
  args: readonly (Dim | O)[],
): { shape: Shape; options: O } {
  const last = args.at(-1);
  const hasOptions = typeof last === 'object' && last !== null;
  const options = hasOptions ? last : ({} as O);
  const shape = (hasOptions ? args.slice(0, -1) : args) as Dim[];
  checkShape(`${what}(${args.map(show).join(', ')})`, shape);
  const { name } = options as InputOptions;
  if (name !== undefined && typeof name !== 'string') {
    throw new ChainruleError(`${what}: the name ${show(name)} is no text.`, "say e.g. 'X'.");
  }
  return { shape, options };
}

/** A constant, the same number everywhere in `shape`. */
export const constant = <const S extends Shape = readonly []>(
  value: number,
  shape: S = [] as Shape as S,
): Node<S> => {
  checkShape('constant', shape);
  if (typeof value !== 'number') {
    throw new ChainruleError(`constant: ${show(value)} is no number.`, 'pass a number, e.g. 0.5.');
  }
  return make('const', [], { value: value === 0 ? 0 : value }, shape) as Node<S>;
};

/** A size as a number in the graph: the m of 1/m. */
export const size = (dim: Dim): Node => {
  checkShape('size', [dim]);
  return typeof dim === 'number' ? constant(dim) : make('size', [], { dim }, []);
};

/** A variable of a rewrite rule. */
export const hole = (index: number): Node => make('hole', [], { index }, []);

export const isConst = (node: Node, value?: number): boolean =>
  node.op === 'const' && (value === undefined || node.attr.value === value);
