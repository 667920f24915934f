// Stable plain text, close to what `math` reads.
import { rowOf } from '../elementwise.ts';
import type { Node } from '../node.ts';
import { moveText } from './move.ts';
import {
  ATOM,
  HADAMARD,
  type Names,
  type Notation,
  POWER,
  PRODUCT,
  RELATION,
} from './notation.ts';
import { show } from './show.ts';

const group = (text: string): string => `(${text})`;
const tight = (x: { text: string; binds: number }, binds: number): string =>
  x.binds < binds ? group(x.text) : x.text;

const text: Notation = {
  hadamard: ' .* ',
  matmul: ' * ',
  scale: ' * ',
  dot: ' * ',
  leftToRight: true,
  name: (name) => ({ text: name, binds: ATOM }),
  number: String,
  group,
  quotient: (a, b, scalar) => ({
    text: `${tight(a, HADAMARD)}${scalar ? '/' : ' ./ '}${tight(b, POWER)}`,
    binds: scalar ? PRODUCT : HADAMARD,
  }),
  power: (x, e) =>
    e === 0.5
      ? { text: `sqrt(${x.text})`, binds: ATOM }
      : { text: `${tight(x, ATOM)} .^ ${e}`, binds: POWER },
  raised: (x, e) => ({ text: `${tight(x, ATOM)} .^ ${tight(e, ATOM)}`, binds: POWER }),
  transpose: (x) => ({ text: `${tight(x, ATOM)}'`, binds: POWER }),
  reorder: (x, axes) => ({ text: `permute(${x.text}, [${axes.join(', ')}])`, binds: ATOM }),
  repeat: (x, shape) => ({ text: `expand(${x.text}, [${shape.join(', ')}])`, binds: ATOM }),
  reshape: (x, shape) => ({ text: `reshape(${x.text}, [${shape.join(', ')}])`, binds: ATOM }),
  relation: (a, sign, b) => ({ text: `${tight(a, 1)} ${sign} ${tight(b, 1)}`, binds: RELATION }),
  choice: (c, a, b) => ({ text: `where(${c.text}, ${a.text}, ${b.text})`, binds: ATOM }),
  softmax: (x, axis) => ({ text: `softmax(${x.text}, ${axis})`, binds: ATOM }),
  reduce: (op, x, node, _, axes) => {
    const all = node.shape.length === 0;
    const list = axes.length === 1 ? `${axes[0]}` : `[${axes.join(', ')}]`;
    return { text: `${op}(${x.text}${all ? '' : `, ${list}`})`, binds: ATOM };
  },
  move: (node, x) => ({
    text: moveText(node, node.op === 'slice' ? tight(x, ATOM) : x.text),
    binds: ATOM,
  }),
  call: (op, args, attr) => ({
    text:
      rowOf(op)?.text?.(args, attr) ?? `${op}(${[...args, ...Object.values(attr)].join(', ')})`,
    binds: ATOM,
  }),
};

/**
 * A graph as one line of text: `1/m * X * (A - Y)'`. Nodes inside it that have names appear as
 * their names; give `names` for names that hold in this print only. `math` reads it back, unless
 * it is so long that it has an ellipsis: to the same values, where dimensions of size 1 may be
 * more, as reduced ones stay in text, and what the whole only repeats is not repeated.
 */
export const print = (node: Node, names?: Names): string => show(node, text, names);
