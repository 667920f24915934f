// LaTeX in the course's notation: W^{[1]}, \odot, \frac{1}{m}, \sum over examples.
import { rowOf } from '../elementwise.ts';
import type { Node } from '../node.ts';
import { type Index, isExample } from './indices.ts';
import { parenthesized as group } from './parentheses.ts';
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

const GREEK = new Set(
  (
    'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau ' +
    'upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega'
  ).split(' '),
);

/**
 * `W1` is `W^{[1]}`; `dZ2` is `dZ^{[2]}`; `alpha` is a Greek letter; `y_hat` has a hat; words
 * stand upright.
 */
function texName(name: string): Piece {
  const [, word, layer] = /^(.*?)_?(\d*)$/s.exec(name) as unknown as [string, string, string];
  const [d, letters] = /^d(?=[A-Z]|[a-z]$)/.test(word) ? ['d', word.slice(1)] : ['', word];
  return superscript(`${d}${texWord(letters)}`, layer === '' ? '' : `[${layer}]`);
}

function texWord(word: string): string {
  if (word.endsWith('_hat')) return `\\hat{${texWord(word.slice(0, -4))}}`;
  if (GREEK.has(word)) return `\\${word}`;
  if (/^[A-Za-z]$/.test(word)) return word;
  return `\\mathrm{${word.replace(/[\\^~]/g, ' ').replace(/[#$%&_{}]/g, '\\$&')}}`;
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

/** A^{[1](i)}, W_{jk}^{[1]}: examples above, as in the course, rows and units below. */
function indexed(x: Piece, letters: readonly string[]): Piece {
  const above = letters.filter(isExample).map((letter) => `(${letter})`);
  const below = letters.filter((letter) => !isExample(letter));
  const raised = raise(x, above.join(''));
  if (below.length === 0) return raised;
  return superscript(`${raised.base!}_{${below.join('')}}`, raised.sup!);
}

function number(value: number): string {
  const [digits, exponent] = String(value).split('e') as [string, string?];
  const power = `10^{${Number(exponent)}}`;
  if (exponent !== undefined) return digits === '1' ? power : `${digits} \\cdot ${power}`;
  return digits.replace('Infinity', '\\infty').replace('NaN', '\\mathrm{NaN}');
}

/** A sum or a maximum with its letters; what stands behind has them already. */
function overLetters(op: 'sum' | 'maxOver', x: Piece, node: Node, letters: Index): Piece {
  const { shape } = node.src[0]!;
  if (letters.size === 0) return x;
  const signs = [...letters].map(([axis, letter]) =>
    op === 'sum' ? `\\sum_{${letter}=1}^{${shape[axis]}}` : `\\max_{${letter}}`,
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
  name: texName,
  number,
  group,
  indexed,
  quotient: (a, b) => ({ text: `\\frac{${a.text}}{${b.text}}`, binds: PRODUCT }),
  power: (x, e) => {
    if (e === 0.5) return { text: `\\sqrt{${x.text}}`, binds: ATOM };
    return { text: `${baseOf(x)}^{${number(e)}}`, binds: POWER };
  },
  raised: (x, e) => ({ text: `${baseOf(x)}^{${e.text}}`, binds: POWER }),
  transpose: (x) => raise(x, 'T'),
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
    if (op !== 'logsumexp') return overLetters(op, x, node, letters);
    return { text: `\\operatorname{logsumexp}${group(x.text)}`, binds: ATOM };
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
