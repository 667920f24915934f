// Views of views: two index maps are one, and a view of equal numbers is equal numbers.
import { constant } from '../leaves.ts';
import { type Node, sameShape } from '../node.ts';
import { expandTo, flip, permute, reshapeTo, sliceTo } from '../ops.ts';
import { structureOf } from '../structural.ts';
import { expandedScalar, repeatWhole } from './monomial.ts';

/** The simpler view that a view is, or what it shows unchanged. */
export function viewOfView(node: Node): Node | undefined {
  if (structureOf(node.op)?.kind !== 'view') return undefined;
  const inner = node.src[0]!;
  const zeros = inner.op === 'const' && inner.attr.value === 0;
  if (inner.op === 'const' && (node.op !== 'pad' || zeros)) {
    return constant(inner.attr.value, node.shape);
  }
  const scalar = expandedScalar(inner);
  if (scalar && node.op !== 'pad') return expandTo(scalar, node.shape, []);
  switch (node.op) {
    case 'permute':
      return ofPermute(node, inner);
    case 'expand':
      return repeatWhole(inner, node.shape, node.attr.dims);
    case 'reshape':
      return inner.op === 'reshape' ? reshapeTo(inner.src[0]!, node.shape) : undefined;
    case 'slice':
      return ofSlice(node, inner);
    case 'flip': {
      if (inner.op !== 'flip') return undefined;
      const [a, b] = [node.attr.axes, inner.attr.axes];
      const once = [...a.filter((d) => !b.includes(d)), ...b.filter((d) => !a.includes(d))];
      return once.length === 0 ? inner.src[0]! : flip(inner.src[0]!, once);
    }
    default:
      return undefined;
  }
}

function ofPermute(node: Node & { op: 'permute' }, inner: Node): Node | undefined {
  const { axes } = node.attr;
  // Dimensions of size 1 may change places: a number has no transpose.
  const stays = (a: number, i: number) => a === i || (node.shape[i] === 1 && inner.shape[i] === 1);
  if (axes.every(stays)) return inner;
  if (inner.op !== 'permute') return undefined;
  return permute(
    inner.src[0]!,
    axes.map((a) => inner.attr.axes[a]!),
  );
}

/** A part of a part; the part of a padded tensor that is the tensor itself. */
function ofSlice(node: Node & { op: 'slice' }, inner: Node): Node | undefined {
  const { starts, steps } = node.attr;
  if (inner.op === 'slice') {
    const attr = {
      starts: starts.map((s, d) => inner.attr.starts[d]! + inner.attr.steps[d]! * s),
      steps: steps.map((s, d) => inner.attr.steps[d]! * s),
    };
    return sliceTo(inner.src[0]!, attr, node.shape);
  }
  if (inner.op !== 'pad' || !sameShape(node.shape, inner.src[0]!.shape)) return undefined;
  const same = [starts, steps].join() === [inner.attr.starts, inner.attr.steps].join();
  return same ? inner.src[0]! : undefined;
}
