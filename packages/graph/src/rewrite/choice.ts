// Rules about `where`. A choice stays outside of products: 0 times what the other branch makes of
// its bad arguments would be NaN, and where(x > 0, log(x), 0) must have the slope 0 at 0.
import { constant, isConst } from '../leaves.ts';
import { make, type Node, type NodeOf, type Shape, sameShape, withSources } from '../node.ts';
import { expand, less, where } from '../ops.ts';
import {
  applyScale,
  build,
  inverse,
  isUnit,
  keyOf,
  type Monomial,
  monomialOf,
  splitScale,
  times,
} from './monomial.ts';

type Choice = NodeOf<'where'> & Node;

/** where(c, a, 0) or where(c, 0, a) */
const isMasked = (node: Node): node is Choice =>
  node.op === 'where' && node.src.slice(1).some((branch) => isConst(branch, 0));

/** `f` of the branch that is not 0. */
function onBranch(choice: Choice, f: (branch: Node) => Node): Node {
  const [condition, a, b] = choice.src as [Node, Node, Node];
  return isConst(a, 0) ? where(condition, 0, f(b)) : where(condition, f(a), 0);
}

/** A view of where(c, a, b) is a choice between views. */
function choiceOf(node: Node): Choice | undefined {
  if (node.op === 'where') return node;
  if (node.op !== 'expand' && node.op !== 'permute') return undefined;
  const choice = choiceOf(node.src[0]!);
  if (!choice) return undefined;
  const view = (x: Node) =>
    x.op === 'const' ? constant(x.attr.value, node.shape) : withSources(node, [x]);
  const [c, a, b] = choice.src.map(view) as [Node, Node, Node];
  const viewed = where(c, a, b);
  return viewed.op === 'where' ? viewed : undefined;
}

/** A condition that is where(c, 1, 0), or a view of it, is c, or not c. */
function simplerCondition(node: Choice): Node | undefined {
  const [condition, a, b] = node.src as [Node, Node, Node];
  const choice = choiceOf(condition);
  const [c, p, q] = choice?.src ?? [];
  if (p?.op !== 'const' || q?.op !== 'const') return undefined;
  const [yes, no] = [p, q].map((x) => (isConst(x, 0) ? b : a)) as [Node, Node];
  return where(c!, yes, no);
}

/** A branch that is always or never taken; a choice inside a choice of the same condition. */
export function chooseBranch(node: Node): Node | undefined {
  if (node.op !== 'where') return undefined;
  const [condition, a, b] = node.src as [Node, Node, Node];
  if (a === b) return a;
  if (condition.op === 'const') return condition.attr.value !== 0 ? a : b;
  const simpler = simplerCondition(node);
  if (simpler) return simpler;
  const again = (branch: Node): branch is Choice =>
    branch.op === 'where' && branch.src[0] === condition;
  if (again(a)) return where(condition, a.src[1]!, b);
  return again(b) ? where(condition, a, b.src[2]!) : undefined;
}

/** where(c, a, 0) of a shape, if a factor of a product of this shape is one. */
function maskOf(factor: Node, shape: Shape): Choice | undefined {
  const own = choiceOf(factor);
  const choice = own && factor.shape.length === 0 ? choiceOf(expand(factor, shape)) : own;
  return choice && isMasked(choice) && sameShape(choice.shape, shape) ? choice : undefined;
}

/** where(c, a, 0) * b = where(c, a * b, 0); numbers and sizes, always finite, stay in front. */
export function productOfChoice(node: Node): Node | undefined {
  if (node.op !== 'mul') return undefined;
  const { coefficient, factors } = monomialOf(node);
  if (![...factors.keys()].some(choiceOf)) return undefined;
  let choice: Choice | undefined;
  const inside = new Map<Node, number>();
  for (const [f, e] of factors) {
    const mask = choice || e !== 1 ? undefined : maskOf(f, node.shape);
    if (mask) choice = mask;
    else if (f.op !== 'size') inside.set(f, e);
  }
  if (!choice || inside.size === 0) return undefined;
  const rest = build({ coefficient: 1, factors: inside }, node.shape);
  const body = onBranch(choice, (branch) => make('mul', [branch, rest], {}, node.shape));
  const outside = new Map([...factors].filter(([f]) => f.op === 'size'));
  return applyScale({ coefficient, factors: outside }, body);
}

/** where(c, s * a, 0) = s * where(c, a, 0) for numbers and sizes s: the 1/m of a gradient. */
export function scaleOfChoice(node: Node): Node | undefined {
  if (!isMasked(node)) return undefined;
  const branch = node.src.slice(1).find((b) => !isConst(b, 0));
  if (!branch) return undefined;
  const { scale, body } = splitScale(branch);
  if (isUnit(scale) || [...scale.factors.keys()].some((f) => f.op !== 'size')) return undefined;
  return applyScale(
    scale,
    onBranch(node, () => body),
  );
}

/** where(c, a, 0) + where(c, 0, b) = where(c, a, b), each with its scale. */
export function sumOfChoices(node: Node): Node | undefined {
  if (node.op !== 'add') return undefined;
  const [p, q] = node.src.map(splitScale);
  const [first, second] = [p!.body, q!.body];
  if (!isMasked(first) || !isMasked(second) || first.src[0] !== second.src[0]) return undefined;
  if (isConst(first.src[1]!, 0) === isConst(second.src[1]!, 0)) return undefined;
  const merged = [1, 2].map((i) => {
    const [{ scale }, branch] = isConst(first.src[i]!, 0)
      ? [q!, second.src[i]!]
      : [p!, first.src[i]!];
    return applyScale(scale, branch);
  });
  return where(first.src[0]!, merged[0]!, merged[1]!);
}

/** where(c, a * x, b * x) = where(c, a, b) * x */
export function factorOfChoice(node: Node): Node | undefined {
  if (node.op !== 'where' || node.src.some((branch) => isConst(branch, 0))) return undefined;
  const [condition, ...branches] = node.src as [Node, Node, Node];
  const [a, b] = branches.map(monomialOf) as [Monomial, Monomial];
  const common = new Map<Node, number>();
  for (const [f, e] of a.factors) {
    const other = b.factors.get(f) ?? 0;
    if (e * other > 0) common.set(f, Math.abs(e) < Math.abs(other) ? e : other);
  }
  if (common.size === 0) return undefined;
  const factor = { coefficient: 1, factors: common };
  const [p, q] = [a, b].map((branch) => build(times(branch, inverse(factor)), node.shape));
  return applyScale(factor, where(condition, p!, q!));
}

/** x < max(x, y) is x < y, and min(x, y) < x is y < x; a number stays compared with the result. */
export function compareWithMax(node: Node): Node | undefined {
  if (node.op !== 'less') return undefined;
  const [a, b] = node.src as [Node, Node];
  const [x, extreme] = b.op === 'max' ? [a, b] : [b, a];
  if (extreme.op !== (extreme === b ? 'max' : 'min') || x.op === 'const') return undefined;
  const at = extreme.src.indexOf(x);
  if (at < 0) return undefined;
  const y = extreme.src[1 - at]!;
  return extreme === b ? less(x, y) : less(y, x);
}

/** 2 x < 3 x is x > 0 */
export function compareMultiples(node: Node): Node | undefined {
  if (node.op !== 'less') return undefined;
  const [a, b] = node.src.map(monomialOf) as [Monomial, Monomial];
  if (a.factors.size === 0 || keyOf(a) !== keyOf(b)) return undefined;
  const x = build({ ...a, coefficient: 1 }, node.shape);
  if (a.coefficient === b.coefficient) return constant(0, node.shape);
  return a.coefficient < b.coefficient ? less(0, x) : less(x, 0);
}
