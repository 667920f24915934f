// The equations of the running graph, as LaTeX in four blocks. It knows graphs, not typesetting.
import {
  type Equation,
  equations,
  input,
  type Node,
  nameOf,
  paramsOf,
  type Shape,
  type Step,
  simplify,
  tex,
  texOfName,
} from '@chainrule/graph';
import type { Optimizer } from '@chainrule/nn';
import type { Model } from './model.ts';

/** A line to typeset. */
export interface Line {
  readonly name: string;
  readonly tex: string;
  readonly shape: string;
  /** The layer it belongs to, from 1; undefined for the cost. */
  readonly layer?: number;
}

export interface Mathematics {
  readonly forward: readonly Line[];
  readonly cost: readonly Line[];
  /** The cost that is really computed: finite at any logit. */
  readonly stable: string;
  /** What made it so: each rewrite, and its reason. */
  readonly rewrites: readonly { readonly tex: string; readonly reason: string }[];
  readonly backward: readonly Line[];
  readonly update: readonly Line[];
}

const shapeText = (shape: Shape): string => (shape.length === 0 ? 'scalar' : shape.join(' × '));

/** The layer in a name: 2 of dZ2; a net of one layer has no numbers. */
const layerOf = (name: string): number => Number(/\d+$/.exec(name)?.[0] ?? 1);

const line = ({ name, tex, shape }: Equation): Line => ({
  name,
  tex,
  shape: shapeText(shape),
  layer: layerOf(name),
});

/** Everything that the page shows of a model's mathematics. */
export function mathematicsOf({ J, optimizer }: Model): Mathematics {
  const { forward, backward } = equations(J);
  const cost = forward.filter(({ name }) => name === 'J');
  const trace: Step[] = [];
  const stable = simplify(J, trace);
  return {
    forward: forward.filter(({ name }) => name !== 'J').map(line),
    cost: cost.map(({ name, tex, shape }) => ({ name, tex, shape: shapeText(shape) })),
    stable: `J = ${tex(stable)}`,
    rewrites: rewritesOf(trace),
    backward: backward.map(line),
    update: paramsOf([J]).map((param) => updateOf(param, optimizer)),
  };
}

/** The steps that a reader wants to see: not those that only put terms in order. */
const rewritesOf = (trace: readonly Step[]): Mathematics['rewrites'] =>
  trace
    .filter(({ rule, before, after }) => rule.startsWith('log') && tex(before) !== tex(after))
    .map(({ reason, before, after }) => ({ tex: `${tex(before)} \\to ${tex(after)}`, reason }));

/** What the optimizer makes of a parameter, with a stand-in that has the gradient's name. */
function updateOf(param: Node, optimizer: Optimizer): Line {
  const name = nameOf(param)!;
  const gradient = input(...param.shape, { name: `d${name}` });
  const [update] = optimizer.update(param, gradient);
  return {
    name,
    tex: `${texOfName(name)} \\coloneqq ${tex(update!.value)}`,
    shape: shapeText(param.shape),
    layer: layerOf(name),
  };
}
