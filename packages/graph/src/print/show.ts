// Turns a graph into a line of mathematics. The walk is one; what differs between text and LaTeX
// is a Notation. It knows sums, products and powers; function names come from the rows.
import { type AttrOf, type Node, nameOf, type OpName } from '../node.ts';
import { isScalar, type Monomial, monomialOf } from '../rewrite/monomial.ts';

/** How tightly a piece binds; a looser one inside a tighter one needs parentheses. */
export const SUM = 1;
export const HADAMARD = 2;
export const PRODUCT = 3;
export const POWER = 4;
export const ATOM = 5;

/** A printed subexpression. */
export interface Piece {
  readonly text: string;
  readonly binds: number;
  /** What stands before and in the superscript, where more can be added to it: `W` and `[2]`. */
  readonly base?: string;
  readonly sup?: string;
}

type ReductionOp = 'sum' | 'maxOver' | 'logsumexp';

/** The words of one output language. */
export interface Notation {
  readonly hadamard: string;
  readonly matmul: string;
  readonly scale: string;
  name(name: string): Piece;
  number(value: number): string;
  group(text: string): string;
  /** a / b; `scalar` where both are numbers. */
  quotient(above: Piece, below: Piece, scalar: boolean): Piece;
  power(base: Piece, exponent: number): Piece;
  transpose(x: Piece): Piece;
  reorder(x: Piece, axes: readonly number[]): Piece;
  reduce(op: ReductionOp, x: Piece, node: Node): Piece;
  call(op: OpName, args: readonly string[], attr: AttrOf[OpName]): Piece;
}

/** Names that hold for one print only; they win over the nodes' own. */
export type Names = ReadonlyMap<Node, string>;

/** Pieces after which a print ends in an ellipsis: a shared graph can be exponentially long. */
const MAX_PIECES = 4000;

interface Printer {
  readonly notation: Notation;
  readonly names: Names;
  pieces: number;
}

/** One line for a node; nodes with a name inside it appear as their names. */
export function show(root: Node, notation: Notation, names: Names = new Map()): string {
  return body({ notation, names, pieces: 0 }, root).text;
}

function piece(p: Printer, node: Node): Piece {
  const name = p.names.get(node) ?? nameOf(node);
  return name === undefined ? body(p, node) : p.notation.name(name);
}

function body(p: Printer, node: Node): Piece {
  if (++p.pieces > MAX_PIECES) return { text: '...', binds: ATOM };
  const { notation } = p;
  switch (node.op) {
    case 'add':
      return showSum(p, node);
    case 'mul':
    case 'const':
      return showProduct(p, monomialOf(node), node);
    case 'pow':
      return showPower(p, node.src[0]!, node.attr.exponent, isScalar(node));
    case 'matmul': {
      const [a, b] = node.src.map((s) => fit(p, piece(p, s), PRODUCT));
      return { text: `${a}${notation.matmul}${b}`, binds: PRODUCT };
    }
    case 'expand':
      return piece(p, node.src[0]!);
    case 'permute':
      return showPermute(p, node.src[0]!, node.attr.axes);
    case 'sum':
    case 'maxOver':
    case 'logsumexp':
      return notation.reduce(node.op, piece(p, node.src[0]!), node);
    case 'size':
      return notation.name(node.attr.dim);
    case 'input':
    case 'param':
    case 'hole':
      return notation.name(nameOf(node) ?? leafName(node));
    default: {
      const args = node.src.map((s) => piece(p, s).text);
      return notation.call(node.op, args, node.attr);
    }
  }
}

const leafName = (node: Node): string =>
  node.op === 'hole' ? 'xyzuvw'.charAt(node.attr.index) : `unnamed ${node.op}`;

/** The text of a piece where something that binds as tightly as `binds` is needed. */
function fit(p: Printer, x: Piece, binds: number): string {
  return x.binds < binds ? p.notation.group(x.text) : x.text;
}

const isTransposition = (axes: readonly number[]): boolean =>
  axes.length >= 2 &&
  axes.slice(0, -2).every((a, i) => a === i) &&
  axes.at(-1) === axes.length - 2;

function showPermute(p: Printer, source: Node, axes: readonly number[]): Piece {
  const x = piece(p, source);
  return isTransposition(axes) ? p.notation.transpose(x) : p.notation.reorder(x, axes);
}

/** Terms with their signs; the first positive one leads. */
function showSum(p: Printer, node: Node): Piece {
  const terms: Node[] = [];
  const collectTerms = (n: Node): void => {
    const opaque = n !== node && (p.names.get(n) ?? nameOf(n)) !== undefined;
    if (n.op === 'add' && !opaque && terms.length < MAX_PIECES) n.src.forEach(collectTerms);
    else terms.push(n);
  };
  collectTerms(node);
  const signed = terms.map((t) => signedPiece(p, t));
  const ordered = [...signed.filter((t) => !t.minus), ...signed.filter((t) => t.minus)];
  const text = ordered
    .map(({ minus, text }, i) =>
      i === 0 ? `${minus ? '-' : ''}${text}` : ` ${minus ? '-' : '+'} ${text}`,
    )
    .join('');
  return { text, binds: SUM };
}

function signedPiece(p: Printer, term: Node): { minus: boolean; text: string } {
  const known = (p.names.get(term) ?? nameOf(term)) !== undefined;
  const m = known ? undefined : monomialOf(term);
  const minus = m !== undefined && m.coefficient < 0 && (term.op === 'mul' || term.op === 'const');
  if (!minus) return { minus, text: fit(p, piece(p, term), SUM) };
  return {
    minus,
    text: fit(p, showProduct(p, { ...m!, coefficient: -m!.coefficient }, term), HADAMARD),
  };
}

/** A scale such as 1/m, then the factors, divisors below a line. */
function showProduct(p: Printer, m: Monomial, node: Node): Piece {
  if (m.coefficient < 0) {
    const positive = showProduct(p, { ...m, coefficient: -m.coefficient }, node);
    return { text: `-${fit(p, positive, HADAMARD)}`, binds: SUM };
  }
  const isScale = ([f]: readonly [Node, number]) =>
    isScalar(f) && (!isScalar(node) || f.op === 'size');
  const entries = [...m.factors];
  const scale = showScale(
    p,
    m.coefficient,
    entries.filter((f) => isScale(f) || (isScalar(f[0]) && f[1] < 0)),
  );
  const rest = entries.filter((f) => !isScale(f) && !(isScalar(f[0]) && f[1] < 0));
  const above = rest.filter(([, e]) => e > 0);
  const below = rest.filter(([, e]) => e < 0).map(([f, e]) => [f, -e] as const);
  const numerator = showFactors(p, above, isScalar(node));
  if (below.length > 0) {
    const denominator = showFactors(p, below, isScalar(node))!;
    const top = numerator ?? { text: '1', binds: ATOM };
    return joinScale(p, scale, p.notation.quotient(top, denominator, isScalar(node)));
  }
  return joinScale(p, scale, numerator);
}

function joinScale(p: Printer, scale: Piece | undefined, rest: Piece | undefined): Piece {
  if (!scale) return rest ?? { text: '1', binds: ATOM };
  if (!rest) return scale;
  const binds = Math.min(rest.binds, PRODUCT) === SUM ? PRODUCT : Math.min(rest.binds, PRODUCT);
  return { text: `${scale.text}${p.notation.scale}${fit(p, rest, HADAMARD)}`, binds };
}

/** The number in front: a coefficient and sizes, as one fraction. */
function showScale(
  p: Printer,
  coefficient: number,
  factors: readonly (readonly [Node, number])[],
): Piece | undefined {
  const reciprocal = Math.round(1 / coefficient);
  const isReciprocal =
    coefficient !== 1 && Math.abs(reciprocal * coefficient - 1) < 1e-12 && reciprocal > 1;
  const raise = ([f, e]: readonly [Node, number]) => showPower(p, f, Math.abs(e), true);
  const above = factors.filter(([, e]) => e > 0).map(raise);
  const below = factors.filter(([, e]) => e < 0).map(raise);
  const number = (value: number): Piece => ({ text: p.notation.number(value), binds: ATOM });
  if (isReciprocal) below.unshift(number(reciprocal));
  else if (coefficient !== 1) above.unshift(number(coefficient));
  if (above.length + below.length === 0) return undefined;
  const join = (list: readonly Piece[]): Piece =>
    list.length === 1
      ? list[0]!
      : { text: list.map((x) => fit(p, x, PRODUCT)).join(p.notation.scale), binds: PRODUCT };
  const top = above.length > 0 ? join(above) : number(1);
  return below.length > 0 ? p.notation.quotient(top, join(below), true) : top;
}

function showFactors(
  p: Printer,
  factors: readonly (readonly [Node, number])[],
  scalar: boolean,
): Piece | undefined {
  if (factors.length === 0) return undefined;
  const pieces = factors.map(([f, e]) => showPower(p, f, e, scalar));
  if (pieces.length === 1) return pieces[0]!;
  const joint = scalar ? p.notation.scale : p.notation.hadamard;
  return { text: pieces.map((x) => fit(p, x, PRODUCT)).join(joint), binds: HADAMARD };
}

function showPower(p: Printer, base: Node, exponent: number, scalar: boolean): Piece {
  const x = piece(p, base);
  if (exponent === 1) return x;
  if (exponent > 0) return p.notation.power(x, exponent);
  const below = exponent === -1 ? x : p.notation.power(x, -exponent);
  return p.notation.quotient({ text: '1', binds: ATOM }, below, scalar);
}
