// LaTeX in the course's notation: W^{[1]}, \odot, \frac{1}{m}, \sum over examples.
import { rowOf } from '../elementwise.ts';
import type { Dim, Node, Shape } from '../node.ts';
import { type Index, isExample } from './indices.ts';
import { partsOf } from './move.ts';
import {
  ATOM,
  HADAMARD,
  type MovingOp,
  type Names,
  type Notation,
  type Piece,
  POWER,
  PRODUCT,
} from './notation.ts';
import { parenthesized as group } from './parentheses.ts';
import { show } from './show.ts';

const GREEK = new Set(
  (
    'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau ' +
    'upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega'
  ).split(' '),
);

/**
 * `W1` is `W^{[1]}`; `dZ2` is `dZ^{[2]}`; `alpha` is a Greek letter; `y_hat` has a hat; words
 * stand upright; `v_dW1` is `v_{dW^{[1]}}`.
 */
function texName(name: string): Piece {
  const [, letter, below] = /^([A-Za-z])_(d?[A-Za-z]\d*)$/.exec(name) ?? [];
  if (below) return superscript(`${letter}_{${texName(below).text}}`, '');
  const [, word, layer] = /^(.*?)_?(\d*)$/s.exec(name) as unknown as [string, string, string];
  const isCotangent =
    /^d(?=[A-Z]|[a-z]$)/.test(word) || (word[0] === 'd' && GREEK.has(word.slice(1)));
  const [d, letters] = isCotangent ? ['d', word.slice(1)] : ['', word];
  return superscript(`${d}${texWord(letters)}`, layer === '' ? '' : `[${layer}]`);
}

function texWord(word: string): string {
  if (word.endsWith('_hat')) return `\\hat{${texWord(word.slice(0, -4))}}`;
  if (/^[A-Za-z]hat$/.test(word)) return `\\hat{${word[0]}}`;
  if (GREEK.has(word)) return `\\${word}`;
  if (/^[A-Za-z]$/.test(word)) return word;
  return `\\mathrm{${word.replace(/[\\^~]/g, ' ').replace(/[#$%&_{}]/g, '\\$&')}}`;
}

function superscript(base: string, sup: string, shape?: Shape): Piece {
  const text = sup === '' ? base : `${base}^{${sup}}`;
  const below = shape && { text: underset(text, shape), shape };
  return { text, binds: sup === '' ? ATOM : POWER, base, sup, ...below };
}

/** The shape below a symbol; numbers have none. */
const underset = (text: string, shape: Shape): string =>
  shape.length === 0 ? text : `\\underset{${shape.join(' \\times ')}}{${text}}`;

/** Adds to the superscript: W^{[2]} becomes W^{[2]T}; a sum is put in parentheses first. */
function raise(x: Piece, sup: string): Piece {
  if (x.base !== undefined) return superscript(x.base, `${x.sup}${sup}`);
  return superscript(x.binds < ATOM ? group(x.text) : x.text, sup);
}

/** W^{[2]T}, with the shape that it has then. */
function transposed(x: Piece): Piece {
  const raised = raise(x, 'T');
  if (!x.shape) return raised;
  const [columns, rows] = x.shape.slice(-2) as [Dim, Dim];
  return superscript(raised.base!, raised.sup!, [...x.shape.slice(0, -2), rows, columns]);
}

/** A^{[1](i)}, W_{jk}^{[1]}: examples above, as in the course, rows and units below. */
function indexed(x: Piece, letters: readonly string[]): Piece {
  const above = letters.filter(isExample).map((letter) => `(${letter})`);
  const below = letters.filter((letter) => !isExample(letter));
  const raised = raise(x, above.join(''));
  if (below.length === 0) return raised;
  return superscript(`${raised.base!}_{${below.join('')}}`, raised.sup!);
}

/** W_{1:2,:}: a part. */
function subscript(x: Piece, parts: readonly string[]): Piece {
  const base = x.binds < ATOM && x.base === undefined ? group(x.text) : (x.base ?? x.text);
  // In braces of its own: letters of sums may come below it.
  return superscript(`{${base}_{${parts.join(',\\,')}}}`, x.sup ?? '');
}

/** An op that moves elements, with what it does below. */
function moved(node: Node & { op: MovingOp }, x: Piece): Piece {
  const call = (name: string, below: string, of: string): Piece => ({
    text: `\\operatorname{${name}}_{${below}}${of}`,
    binds: ATOM,
  });
  const sizes = node.shape.join(' \\times ');
  if (node.op === 'iota') return call('index', `${node.attr.axis}`, group(sizes));
  if (node.op === 'flip') return call('flip', node.attr.axes.join(','), group(x.text));
  return call(node.op, sizes, group(x.text));
}

function number(value: number): string {
  const [digits, exponent] = String(value).split('e') as [string, string?];
  const power = `10^{${Number(exponent)}}`;
  if (exponent !== undefined) return digits === '1' ? power : `${digits} \\cdot ${power}`;
  return digits.replace('Infinity', '\\infty').replace('NaN', '\\mathrm{NaN}');
}

/** The signs of reductions that run over letters. */
const BIG_SIGNS = { sum: '\\sum', prod: '\\prod', maxOver: '\\max' } as const;

/** A reduction with its letters; what stands behind has them already. */
function overLetters(op: keyof typeof BIG_SIGNS, x: Piece, node: Node, letters: Index): Piece {
  const { shape } = node.src[0]!;
  if (letters.size === 0) return x;
  const signs = [...letters].map(([axis, letter]) =>
    op === 'maxOver' ? `\\max_{${letter}}` : `${BIG_SIGNS[op]}_{${letter}=1}^{${shape[axis]}}`,
  );
  const body = x.binds < HADAMARD ? group(x.text) : x.text;
  return { text: `${signs.join(' ')} ${body}`, binds: HADAMARD };
}

const SIGNS = { '<': '<', '<=': '\\le', '>': '>', '>=': '\\ge', '==': '=' } as const;
const OPPOSITES = { '<': '\\ge', '<=': '>', '>': '\\le', '>=': '<', '==': '\\ne' } as const;

const relation = (a: Piece, b: Piece, sign: string, opposite: string): Piece => ({
  text: `[${a.text} ${sign} ${b.text}]`,
  binds: ATOM,
  bare: `${a.text} ${sign} ${b.text}`,
  opposite: `[${a.text} ${opposite} ${b.text}]`,
});

/** What is raised to a power: a second superscript after [1] would read as a layer. */
const baseOf = (x: Piece): string => (x.sup || x.binds < ATOM ? group(x.text) : x.text);

const notation: Notation = {
  hadamard: ' \\odot ',
  matmul: ' ',
  scale: ' ',
  dot: ' \\cdot ',
  leftToRight: false,
  name: (name) => texName(name),
  number,
  group,
  indexed,
  quotient: (a, b) => ({ text: `\\frac{${a.text}}{${b.text}}`, binds: PRODUCT }),
  power: (x, e) => {
    if (e === 0.5) return { text: `\\sqrt{${x.text}}`, binds: ATOM };
    return { text: `${baseOf(x)}^{${number(e)}}`, binds: POWER };
  },
  raised: (x, e) => ({ text: `${baseOf(x)}^{${e.text}}`, binds: POWER }),
  transpose: transposed,
  reorder: (x, axes) => ({
    text: `\\operatorname{permute}_{${axes.join(',')}}${group(x.text)}`,
    binds: ATOM,
  }),
  relation: (a, sign, b) => relation(a, b, SIGNS[sign], OPPOSITES[sign]),
  choice: (c, a, b) => {
    const lines = [`${a.text} & ${c.bare ?? `${c.text} \\ne 0`}`, `${b.text} & \\text{else}`];
    return { text: `\\begin{cases}${lines.join('\\\\ ')}\\end{cases}`, binds: ATOM };
  },
  softmax: (x) => ({ text: `\\operatorname{softmax}${group(x.text)}`, binds: ATOM }),
  reduce: (op, x, node, letters) => {
    if (op === 'norm') return { text: `\\left\\|${x.text}\\right\\|`, binds: ATOM };
    if (op !== 'logsumexp') return overLetters(op, x, node, letters);
    return { text: `\\operatorname{logsumexp}${group(x.text)}`, binds: ATOM };
  },
  move: (node, x) => (node.op === 'slice' ? subscript(x, partsOf(node)) : moved(node, x)),
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

/** The same notation with the shape of every symbol below it, but for those with an index. */
const shaped: Notation = {
  ...notation,
  name: (name, { shape, op }) => {
    const { base, sup } = texName(name);
    return op === 'size' ? texName(name) : superscript(base!, sup!, shape);
  },
};

/** `tex` with the shape of every symbol below it: `\\underset{4 \\times m}{Z^{[1]}}`. */
export const texWithShapes = (node: Node, names?: Names): string => show(node, shaped, names);

/** A name as LaTeX: `W1` is `W^{[1]}`; with a shape below it if one is given. */
export const texOfName = (name: string, shape: Shape = []): string =>
  underset(texName(name).text, shape);
