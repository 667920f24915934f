// LaTeX in the course's notation: W^{[1]}, \odot, \frac{1}{m}, \sum over examples.
import { rowOf } from '../elementwise.ts';
import type { Node } from '../node.ts';
import {
  ATOM,
  HADAMARD,
  type Names,
  type Notation,
  type Piece,
  POWER,
  PRODUCT,
  show,
} from './show.ts';

const tall = /\\frac|\\sum|\\begin/;
const group = (text: string): string => (tall.test(text) ? `\\left(${text}\\right)` : `(${text})`);

const GREEK = new Set(
  'alpha beta gamma delta epsilon eta theta lambda mu nu rho sigma tau phi omega'.split(' '),
);

/** `W1` is `W^{[1]}`; `dZ2` is `dZ^{[2]}`; `alpha` is a Greek letter; words stand upright. */
function texName(name: string): Piece {
  const [, word, layer] = /^(.*?)_?(\d*)$/.exec(name)!;
  const [d, letters] = /^d(?=[A-Z]|[a-z]$)/.test(word!) ? ['d', word!.slice(1)] : ['', word!];
  const single = letters!.length === 1;
  const escaped = letters!.replaceAll('_', '\\_');
  const base = `${d}${GREEK.has(letters!) ? `\\${letters}` : single ? letters : `\\mathrm{${escaped}}`}`;
  return superscript(base, layer === '' ? '' : `[${layer}]`);
}

const superscript = (base: string, sup: string): Piece => ({
  text: sup === '' ? base : `${base}^{${sup}}`,
  binds: sup === '' ? ATOM : POWER,
  base,
  sup,
});

/** Adds to the superscript: W^{[2]} becomes W^{[2]T}; a sum is put in parentheses first. */
function raise(x: Piece, sup: string): Piece {
  if (x.base !== undefined) return superscript(x.base, `${x.sup}${sup}`);
  return superscript(x.binds < ATOM ? group(x.text) : x.text, sup);
}

function number(value: number): string {
  const [digits, exponent] = String(value).split('e');
  return exponent === undefined ? digits! : `${digits} \\cdot 10^{${Number(exponent)}}`;
}

/** The sum over examples marks them, A^{(i)}; other sums show only what they run over. */
function texSum(x: Piece, node: Node): Piece {
  const { shape } = node.src[0]!;
  const axes = (node.attr as { axes: readonly number[] }).axes.filter((a) => shape[a] !== 1);
  if (axes.length === 0) return x;
  const overExamples = axes.length === 1 && axes[0] === shape.length - 1;
  const letters = overExamples ? ['i'] : [...'jklpqr'].slice(0, axes.length - 1).concat('i');
  const signs = axes.map((a, k) => `\\sum_{${letters[k]}=1}^{${shape[a]}}`).join(' ');
  const body = overExamples ? raise(x, '(i)').text : x.binds < PRODUCT ? group(x.text) : x.text;
  return { text: `${signs} ${body}`, binds: HADAMARD };
}

const notation: Notation = {
  hadamard: ' \\odot ',
  matmul: ' ',
  scale: ' ',
  name: texName,
  number,
  group,
  quotient: (a, b) => ({ text: `\\frac{${a.text}}{${b.text}}`, binds: PRODUCT }),
  power: (x, e) => {
    if (e === 0.5) return { text: `\\sqrt{${x.text}}`, binds: ATOM };
    // A second superscript after [1] would read as a layer: parentheses part them.
    return superscript(x.sup || x.binds < ATOM ? group(x.text) : x.text, number(e));
  },
  transpose: (x) => raise(x, 'T'),
  reorder: (x, axes) => ({
    text: `\\operatorname{permute}_{${axes.join(',')}}${group(x.text)}`,
    binds: ATOM,
  }),
  reduce: (op, x, node) => {
    if (op === 'sum') return texSum(x, node);
    const word = op === 'maxOver' ? '\\max' : '\\operatorname{logsumexp}';
    return { text: `${word} ${group(x.text)}`, binds: PRODUCT };
  },
  call: (op, args, attr) => ({
    text: rowOf(op)?.tex?.(args, attr) ?? `\\operatorname{${op}}${group(args.join(', '))}`,
    binds: op === 'exp' ? POWER : ATOM,
  }),
};

/**
 * A graph as LaTeX: `\frac{1}{m} X (A - Y)^{T}`. Nodes inside it that have names appear as their
 * names; give `names` for names that hold in this print only.
 */
export const tex = (node: Node, names?: Names): string => show(node, notation, names);

/** A name as LaTeX: `W1` is `W^{[1]}`. */
export const texOfName = (name: string): string => texName(name).text;
