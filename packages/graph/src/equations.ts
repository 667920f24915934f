// A whole program as the textbook's equations: forward, cost, backward, update.
import { checkList, checkObject, checkOptions } from './checks.ts';
import { derive } from './derive.ts';
import { listOf, paramsOf } from './grad.ts';
import { input } from './leaves.ts';
import { checkNode, isLeaf, type Node, named, nameOf, reachable, type Shape } from './node.ts';
import { mul, sub } from './ops.ts';
import { print } from './print/print.ts';
import { tex, texOfName, texWithShapes } from './print/tex.ts';
import { linesOf } from './reading/lines.ts';

/** One line of mathematics. */
export interface Equation {
  /** The left side, a name: `dZ1`. */
  readonly name: string;
  /** The right side as text. */
  readonly text: string;
  /** The whole line in LaTeX. */
  readonly tex: string;
  readonly shape: Shape;
}

/** The equations of a cost, of its gradient, and of what a step of training changes. */
export interface Equations {
  /** The last one is the cost. */
  readonly forward: readonly Equation[];
  readonly backward: readonly Equation[];
  readonly update: readonly Equation[];
}

/** What a parameter becomes in a step of training, as programs of @chainrule/compiler have it. */
interface Change {
  readonly param: Node;
  readonly value: Node;
}

/** Options of `texProgram`. */
export interface TexProgramOptions {
  /** The parameters that learn; all that the cost depends on unless given. */
  readonly params?: readonly Node[];
  /** What a step changes, such as `train(J, sgd(0.1)).updates`; gradient descent unless given. */
  readonly updates?: readonly Change[];
  /** The shape below every symbol; true unless given. */
  readonly shapes?: boolean;
}

/** A left side, the sign after it, and a right side. */
interface Row {
  readonly name: string;
  readonly sign: '=' | ':=';
  readonly value: Node;
  readonly names?: ReadonlyMap<Node, string>;
}

/**
 * The lines that define J, those of its gradient as the chain rule gives them from name to name,
 * simplified, and those of a training step. The derivative of the loss with respect to Z1 is
 * called dZ1; as in the course, the 1/m of a mean stands in the lines of the parameters only.
 * @param params whose gradients to show; all that J depends on unless given
 * @param updates what a step changes; gradient descent with the rate alpha unless given
 * @throws ChainruleError if J is no scalar
 */
export function equations(
  J: Node,
  params: readonly Node[] = paramsOf([J]),
  updates?: readonly Change[],
): Equations {
  const { forward, backward, update } = rowsOf(J, [...new Set(listOf(params))], updates);
  return {
    forward: forward.map(equation),
    backward: backward.map(equation),
    update: update.map(equation),
  };
}

const equation = ({ name, sign, value, names }: Row): Equation => ({
  name,
  text: print(value, names),
  tex: `${texOfName(name)} ${sign} ${tex(value, names)}`,
  shape: value.shape,
});

function rowsOf(J: Node, params: readonly Node[], updates?: readonly Change[]) {
  const forward = reachable([J])
    .filter((node) => !isLeaf(node) && (nameOf(node) !== undefined || node === J))
    .map((node): Row => ({ name: nameOf(node) ?? 'J', sign: '=', value: node }));
  const backward = linesOf(J, params).lines.map(
    ({ name, value }): Row => ({ name, sign: '=', value }),
  );
  const update = updates ? updateRows(J, params, updates) : params.map(descent);
  return { forward, backward, update };
}

/** The updates with the gradients in them called dW. */
function updateRows(J: Node, params: readonly Node[], updates: readonly Change[]): Row[] {
  checkList('equations: the updates', updates, '[{ param: W, value: sub(W, dW) }]');
  for (const update of updates) {
    checkObject('equations: an update', update, '{ param, value }');
    for (const node of [update.param, update.value]) checkNode(node);
  }
  const { gradients } = derive(J, params);
  const own = new Map(params.map((p, i) => [p, [gradients[i]!, gradientName(p)] as const]));
  const all = new Map(own.values());
  return updates.map(({ param, value }) => {
    const mine = own.get(param);
    // Two parameters may have one gradient.
    const names = mine && all.get(mine[0]) !== mine[1] ? new Map([mine]) : all;
    return { name: nameOf(param) ?? 'x', sign: ':=', value, names };
  });
}

const gradientName = (param: Node): string => `d${nameOf(param) ?? 'x'}`;

/** W := W - alpha dW */
function descent(param: Node): Row {
  const gradient = named(input(...param.shape), gradientName(param));
  const alpha = input({ name: 'alpha' });
  return { name: nameOf(param) ?? 'x', sign: ':=', value: sub(param, mul(alpha, gradient)) };
}

/**
 * A whole program as one block of LaTeX, `\begin{aligned} ... \end{aligned}`, that KaTeX, Temml
 * and MathJax read: forward, cost, backward and update, with the shape below every symbol.
 * @throws ChainruleError if J is no scalar
 */
export function texProgram(J: Node, options: TexProgramOptions = {}): string {
  checkOptions('texProgram', options, 'params', 'updates', 'shapes');
  const { params = paramsOf([J]), updates, shapes = true } = options;
  const { forward, backward, update } = rowsOf(J, [...new Set(listOf(params))], updates);
  const line = ({ name, sign, value, names }: Row): string => {
    const left = texOfName(name, shapes ? value.shape : []);
    return `${left} &${sign} ${(shapes ? texWithShapes : tex)(value, names)}`;
  };
  const sections = Object.entries({
    forward: forward.slice(0, -1),
    cost: forward.slice(-1),
    backward,
    update,
  }).filter(([, rows]) => rows.length > 0);
  const lines = sections.flatMap(([title, rows]) => [`&\\textbf{${title}}`, ...rows.map(line)]);
  return `\\begin{aligned}\n${lines.join(' \\\\\n')}\n\\end{aligned}`;
}
